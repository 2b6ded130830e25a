"""Signed packs, and rows of packs that follow each other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, x25519

from audit.cli.main import run
from audit.core.errors import InputError
from audit.flow.evidence import packing
from audit.pack.signing import SIGNATURE
from audit.pack.verify import Verification, verify_pack
from tests.pack.test_pack import contents, repacked
from tests.pack.world import run_folder

PEM, RAW = serialization.Encoding.PEM, serialization.NoEncryption()


def keys(folder: Path, name: str = "key") -> tuple[Path, Path]:
    """A private and a public key, in files."""
    private = ed25519.Ed25519PrivateKey.generate()
    own, others = folder / f"{name}.pem", folder / f"{name}.pub"
    own.write_bytes(private.private_bytes(PEM, serialization.PrivateFormat.PKCS8, RAW))
    others.write_bytes(private.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    return own, others


def checked(path: Path, key: Path | None = None, previous: str | None = None) -> Verification:
    """What became of checking a pack, but for its figures, which are made up."""
    return verify_pack(path, lambda findings: (), lambda findings, plan, tables: {}, key=key, previous=previous)


def failing(found: Verification) -> dict[str, str]:
    """What does not hold, and why."""
    return {check.name: check.says for check in found.checks if not check.holds}


def test_a_signature_is_of_one_pack_and_one_key(tmp_path: Path) -> None:
    """It holds for the signer's key; not for another's, on another pack, or where somebody touched a byte of it."""
    own, others = keys(tmp_path)
    folder = run_folder(tmp_path / "run")
    signed = packing.pack(folder, tmp_path / "signed.zip", key=own).path
    assert (failing(checked(signed, others)), checked(signed).signed_by is None) == ({}, False)
    assert failing(checked(signed, keys(tmp_path, "other")[1])) == {SIGNATURE: "it is not of this key"}
    plain = packing.pack(folder, tmp_path / "plain.zip", text="none").path
    assert failing(checked(plain, others)) == {SIGNATURE: "it is not signed"}
    envelope = contents(signed)[SIGNATURE]
    repacked(plain, lambda members: members.update({SIGNATURE: envelope}))
    assert failing(checked(plain, others)) == {SIGNATURE: "it is of another pack"}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda one: {**one, "payload": one["payload"][:-8] + "AAAAAAAA"},
        lambda one: {**one, "payloadType": "text/plain"},
        lambda one: {**one, "signatures": []},
        lambda one: {**one, "signatures": [{**one["signatures"][0], "sig": "AAAA"}]},
        lambda one: {**one, "signatures": [{**one["signatures"][0], "sig": 7}]},
        lambda one: {**one, "signatures": [{**one["signatures"][0], "keyid": "\x1b[2J"}]},
        lambda one: [one],
        lambda one: {},
    ],
)
def test_a_spoilt_envelope_is_no_signature(spoil: Callable[[object], object], tmp_path: Path) -> None:
    """Whatever is wrong with it, the pack does not hold, and nothing escapes."""
    own, others = keys(tmp_path)
    path = packing.pack(run_folder(tmp_path / "run"), tmp_path / "e.zip", key=own).path
    spoilt = json.dumps(spoil(json.loads(contents(path)[SIGNATURE]))).encode()
    repacked(path, lambda members: members.update({SIGNATURE: spoilt}))
    assert failing(checked(path, others)).keys() == {SIGNATURE}


def test_a_file_that_is_no_key_is_an_error(tmp_path: Path) -> None:
    """Absent, another kind of key, a public one to sign with, or text: nothing is packed."""
    own, others = keys(tmp_path)
    (tmp_path / "text").write_text("key", "utf-8")
    another = x25519.X25519PrivateKey.generate().private_bytes(PEM, serialization.PrivateFormat.PKCS8, RAW)
    (tmp_path / "x.pem").write_bytes(another)
    folder = run_folder(tmp_path / "run")
    for wrong in (tmp_path / "none", tmp_path / "x.pem", others, tmp_path / "text", tmp_path):
        with pytest.raises(InputError) as refused:
            packing.pack(folder, tmp_path / "e.zip", key=wrong)
        assert refused.value.code == "pack.key"
    assert not (tmp_path / "e.zip").exists()
    path = packing.pack(folder, tmp_path / "e.zip", key=own).path
    with pytest.raises(InputError):
        checked(path, own)


def test_packs_follow_each_other(tmp_path: Path) -> None:
    """The second names the first; a third that was made in its place does not pass for it."""
    folder = run_folder(tmp_path / "run")
    first = packing.pack(folder, tmp_path / "1.zip")
    second = packing.pack(folder, tmp_path / "2.zip", after=first.path)
    other = packing.pack(folder, tmp_path / "3.zip", text="none")
    assert failing(checked(second.path, previous=first.pack_id)) == {}
    assert checked(second.path).previous == first.pack_id
    assert failing(checked(second.path, previous=other.pack_id)) == {"previous": "it follows another pack"}


def test_the_commands_sign_and_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`report --sign` and `verify --key`; without the key it is said that nothing was checked."""
    own, others = keys(tmp_path)
    folder, pack = run_folder(tmp_path / "run").path, tmp_path / "e.zip"
    assert run(["report", str(folder), "--sign", str(own)]) == 2
    assert "--sign and --after are for packs" in capsys.readouterr().err
    assert run(["report", str(folder), "--pack", str(pack), "--sign", str(own)]) == 0
    run(["verify", str(pack)])
    assert "signed it; --key FILE.pub checks that" in " ".join(capsys.readouterr().out.split())
    run(["verify", str(pack), "--key", str(others)])
    assert "✓ signature.json  of the key that was named, for this pack" in capsys.readouterr().out
