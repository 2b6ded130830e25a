"""Signatures of evidence packs: ed25519 over an in-toto statement about `pack.json`, in a DSSE envelope.

`pack.json` names the digest of every other member, so who signs it signs them all. The envelope is the member
`signature.json`, which alone is in no digest.

Sources: RFC 8032 (Ed25519); in-toto Attestation Framework, Statement v1; DSSE v1.0.2 (Dead Simple Signing Envelope).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from audit.core.errors import InputError, MissingPackage
from audit.core.fingerprint import canonical_json

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SIGNATURE = "signature.json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:audit-pack:2"
LONGEST = 64 * 1024
"""Bytes of a key file, and of an envelope."""
_MAKE = "openssl genpkey -algorithm ed25519 -out key.pem; openssl pkey -in key.pem -pubout -out key.pub"


def signature_bytes(index: bytes, facts: Mapping[str, Any], key: Path) -> bytes:
    """The envelope of a signed statement about a `pack.json`.

    Args:
        index: The bytes of `pack.json`.
        facts: What the statement repeats of the run.
        key: A PEM file with an Ed25519 private key that no password protects.

    Raises:
        InputError: The file holds no such key.
        MissingPackage: `cryptography` is not installed.
    """
    private = _private_key(key)
    statement = {
        "_type": STATEMENT,
        "subject": [{"name": "pack.json", "digest": {"sha256": hashlib.sha256(index).hexdigest()}}],
        "predicateType": PREDICATE,
        "predicate": dict(facts),
    }
    payload = canonical_json(statement).encode()
    signed = private.sign(_encoding(payload))
    envelope = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"keyid": key_id(private.public_key()), "sig": base64.b64encode(signed).decode()}],
    }
    return (json.dumps(envelope, sort_keys=True, indent=2) + "\n").encode()


def key_named(envelope: bytes) -> str:
    """The key that an envelope says it is signed with; nothing of it is checked.

    Raises:
        ValueError, KeyError, TypeError, LookupError: It is no envelope.
    """
    keyid = _envelope(envelope)["signatures"][0]["keyid"]
    if not isinstance(keyid, str) or len(keyid) != 64 or not set(keyid) <= set("0123456789abcdef"):
        raise ValueError("no key id")
    return keyid


def signature_fault(envelope: bytes, index: bytes, key: Path) -> str | None:
    """Why an envelope is no signature of a `pack.json` by a key; None where it is one.

    Args:
        key: A PEM file with an Ed25519 public key.

    Raises:
        InputError: The file holds no such key.
        MissingPackage: `cryptography` is not installed.
    """
    public = _public_key(key)
    try:
        document = _envelope(envelope)
        payload = base64.b64decode(document["payload"], validate=True)
        signatures = [base64.b64decode(one["sig"], validate=True) for one in document["signatures"]]
        if document["payloadType"] != PAYLOAD_TYPE:
            return "it signs something else than a statement"
        if not any(_signs(public, one, payload) for one in signatures):
            return "it is not of this key"
        # Only what is signed is read.
        statement = json.loads(payload)
        subject = statement["subject"][0]["digest"]["sha256"]
    except (binascii.Error, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return "it is damaged"
    if statement.get("_type") != STATEMENT or statement.get("predicateType") != PREDICATE:
        return "it signs another kind of statement"
    return None if subject == hashlib.sha256(index).hexdigest() else "it is of another pack"


def key_id(public: Ed25519PublicKey) -> str:
    """The name of a key: SHA-256 of its 32 bytes, in hex."""
    return hashlib.sha256(public.public_bytes_raw()).hexdigest()


def _encoding(payload: bytes) -> bytes:
    """What is signed: DSSE's pre-authentication encoding, in which type and payload cannot be mistaken."""
    return b"DSSEv1 %d %b %d %b" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def _envelope(data: bytes) -> dict[str, Any]:
    if len(data) > LONGEST:
        raise ValueError("too long")
    document = json.loads(data)
    if not isinstance(document, dict):
        raise TypeError("no envelope")
    return document


def _signs(public: Ed25519PublicKey, signature: bytes, payload: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        public.verify(signature, _encoding(payload))
    except InvalidSignature:
        return False
    return True


def _private_key(path: Path) -> Ed25519PrivateKey:
    serialization, ed25519 = _library()
    try:
        key = serialization.load_pem_private_key(_pem(path), password=None)
    except (ValueError, TypeError, _unsupported()):
        key = None
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise _no_key(path, "private")
    return cast("Ed25519PrivateKey", key)


def _public_key(path: Path) -> Ed25519PublicKey:
    serialization, ed25519 = _library()
    try:
        key = serialization.load_pem_public_key(_pem(path))
    except (ValueError, TypeError, _unsupported()):
        key = None
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise _no_key(path, "public")
    return cast("Ed25519PublicKey", key)


def _pem(path: Path) -> bytes:
    if not path.is_file():
        raise InputError(f"there is no key file {path}", code="pack.key", hint=_MAKE)
    with path.open("rb") as file:
        return file.read(LONGEST)


def _no_key(path: Path, kind: str) -> InputError:
    return InputError(
        f"{path} holds no {kind} Ed25519 key in PEM that no password protects", code="pack.key", hint=_MAKE
    )


def _library() -> tuple[Any, Any]:
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError:
        raise MissingPackage("cryptography", extra="sign", why="signatures of packs need it") from None
    return serialization, ed25519


def _unsupported() -> type[Exception]:
    from cryptography.exceptions import UnsupportedAlgorithm

    return UnsupportedAlgorithm
