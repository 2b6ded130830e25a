"""JSON that a text holds in base64."""

from __future__ import annotations

import base64
import zlib

_ENCODED = ("ey", "ew", "W3", "Wy", "Ww", "H4sI")
"""How base64 begins of `{` and `[` with what may come behind them, and of gzip's first bytes."""
_LONGEST_BODY = 1 << 28
"""Bytes of a packed body at most; what unpacks to more is no body."""
_URL_SAFE = str.maketrans("-_", "+/")


def encoded_json(text: str) -> bytes | None:
    """The JSON that a text holds in base64, plain or compressed by gzip; None for any other text.

    Queues and gateways that carry bytes write them so: Pub/Sub, Kinesis, Kafka's REST proxy, CloudEvents.
    """
    if not text.startswith(_ENCODED) or len(text) % 4 == 1:
        return None
    plain = text.strip().translate(_URL_SAFE)
    try:
        data = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
        if data.startswith(b"\x1f\x8b"):
            data = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data, _LONGEST_BODY)
    except (ValueError, zlib.error):
        return None
    found = data.strip()
    return data if found[:1] in (b"{", b"[") and found[-1:] in (b"}", b"]") else None
