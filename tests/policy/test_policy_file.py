"""`policy.json`: read whole and checked, or refused."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from audit.core.artifacts import RunFolder
from audit.core.errors import InputError
from audit.core.plain import to_plain
from audit.core.policy import SignalSpec
from audit.policy.policy_file import read_policy, read_run_policy, write_policy
from tests.policy.world import CASCADE, CLASSIFIER, RULES, SIMILARITY, entry, policy

EVERY_KIND = policy(entry("/a"), RULES, SIMILARITY, CLASSIFIER, CASCADE)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Every kind of policy comes back as it was, and the same policy has the same bytes."""
    write_policy(tmp_path / "policy.json", EVERY_KIND)
    again = read_policy(tmp_path / "policy.json")
    assert to_plain(again) == to_plain(EVERY_KIND)
    write_policy(tmp_path / "again.json", again)
    assert (tmp_path / "policy.json").read_bytes() == (tmp_path / "again.json").read_bytes()


def spoiled(tmp_path: Path, change: Any) -> Path:
    """A policy file in which something was changed."""
    document = to_plain(EVERY_KIND)
    change(document)
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(document))
    return path


def set_at(*place: Any, to: Any) -> Any:
    """A change of one place in a document."""

    def change(document: Any) -> None:
        for key in place[:-1]:
            document = document[key]
        document[place[-1]] = to

    return change


@pytest.mark.parametrize(
    "change",
    [
        set_at("routes", to=3),
        set_at("routes", to=[3]),
        set_at("routes", 0, to={}),
        set_at("routes", 0, "kind", to="guess"),
        set_at("routes", 0, "tier", to="nobody"),
        set_at("routes", 0, "otherwise", to="nobody"),
        set_at("routes", 0, "otherwise", to=None),
        set_at("routes", 0, "replaces", to=["large"]),
        set_at("routes", 1, "route", to="/a"),
        set_at("routes", 1, "threshold", to=None),
        set_at("routes", 1, "threshold", to=float("nan")),
        set_at("routes", 1, "threshold", to="high"),
        set_at("routes", 1, "signal", to=None),
        set_at("routes", 1, "signal", to="rules"),
        set_at("routes", 0, "threshold", to=0.5),
        set_at("routes", 4, "verifier", to=None),
        set_at("models", to=[]),
        set_at("models", "small", to=None),
        set_at("default_tier", to="nobody"),
        set_at("expires_at", to="soon"),
        set_at("made_at", to=20261101),
    ],
)
def test_a_damaged_file_is_refused(change: Any, tmp_path: Path) -> None:
    """A policy that would route wrongly, or not at all, is an error when it is read."""
    path = spoiled(tmp_path, change)
    with pytest.raises(InputError) as caught:
        read_policy(path)
    assert caught.value.code == "policy.damaged"


@pytest.mark.parametrize("schema", ["audit-policy/4", None, 1])
def test_another_version_is_refused(schema: Any, tmp_path: Path) -> None:
    """A file of another version is not guessed at."""
    with pytest.raises(InputError) as caught:
        read_policy(spoiled(tmp_path, set_at("schema", to=schema)))
    assert caught.value.code == "policy.version"


@pytest.mark.parametrize(("text", "code"), [("{", "file.not-json"), ("[]", "policy.version"), (None, "file.missing")])
def test_what_is_no_policy_is_refused(text: str | None, code: str, tmp_path: Path) -> None:
    """A file that is absent, not JSON or something else says so."""
    path = tmp_path / "policy.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_policy(path)
    assert caught.value.code == code


def test_a_run_without_a_policy(tmp_path: Path) -> None:
    """A run made before there were policies says what to do."""
    with pytest.raises(InputError) as caught:
        read_run_policy(RunFolder(tmp_path))
    assert caught.value.code == "policy.missing"


def test_a_wrong_policy_is_not_written(tmp_path: Path) -> None:
    """What could not be read back is not written."""
    with pytest.raises(ValueError, match="threshold"):
        write_policy(tmp_path / "p.json", policy(entry("/a", "rules", signal=SignalSpec(name="rules", params={}))))
    assert not (tmp_path / "p.json").exists()


def test_expiry_is_a_day() -> None:
    """Evidence holds through the day of its expiry; without a date it never expires by date, nor does
    that of bundled data."""
    made = policy(entry("/a"))
    assert not made.is_expired(date(2026, 12, 1))
    assert made.is_expired(date(2026, 12, 2))
    assert not replace(made, expires_at=None).is_expired(date(2999, 1, 1))
    assert not replace(made, demo=True).is_expired(date(2999, 1, 1))
