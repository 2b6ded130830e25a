"""What an HTTP library raises, in our words: one table, so that no foreign exception passes the seam.

`kind` is rate_limited, timeout, connect, reset, undecodable, http_error, unsupported, refused, auth, quota or model.
"""

from __future__ import annotations

import aiohttp
import httpx

from audit.core.errors import EndpointError, TerminalError, TransientError

STATUS_OF_KIND = {
    "rate_limited": "rate_limited",
    "timeout": "timeout",
    "undecodable": "undecodable",
    "unsupported": "unsupported",
    "refused": "refused",
}
"""Kind of error to a status of `schemas.REPLAYS`; every other kind is `http_error`."""

TIER_WIDE = {
    "auth": ("replay.auth", "refused the key", "check the key, then run the same command again"),
    "quota": ("replay.quota", "refused: no credit is left", "add credit, then run the same command again"),
    "model": ("replay.model", "does not know the model", "check the tier's `model`, then run the same command again"),
}
"""Kinds after which nothing more is sent to a tier: code, words, hint."""

MAYBE_BILLED = frozenset({"timeout", "reset", "undecodable"})
"""Kinds after which the endpoint may have answered, and billed, without our knowing."""

DOWN = frozenset({"timeout", "connect", "reset", "http_error"})
"""Kinds that an outage looks like."""

_TRANSIENT: dict[type[Exception], tuple[str, str]] = {
    httpx.ConnectTimeout: ("connect", "did not accept a connection in time"),
    httpx.TimeoutException: ("timeout", "did not answer in time"),
    httpx.ConnectError: ("connect", "cannot be reached"),
    httpx.ProxyError: ("connect", "cannot be reached through the proxy"),
    httpx.NetworkError: ("reset", "dropped the connection"),
    httpx.RemoteProtocolError: ("reset", "broke the HTTP protocol"),
    httpx.DecodingError: ("undecodable", "sent a body that cannot be decompressed"),
    aiohttp.ClientError: ("reset", "broke the HTTP protocol"),
    TimeoutError: ("timeout", "did not answer in time"),
    OSError: ("reset", "dropped the connection"),
}
_TERMINAL: dict[type[Exception], str] = {
    httpx.LocalProtocolError: "cannot be sent this request: it breaks the HTTP protocol",
    httpx.UnsupportedProtocol: "has an address that is neither http nor https",
    httpx.InvalidURL: "has an address that is not a URL",
    httpx.TooManyRedirects: "redirects in circles",
    httpx.CookieConflict: "confuses its cookies",
    httpx.StreamError: "was read at the wrong moment",
    httpx.HTTPError: "failed",
}
FOREIGN = (*_TRANSIENT, *_TERMINAL)
"""What the seam catches."""


def translated(error: Exception, host: str, *, reading: bool = False) -> EndpointError:
    """The error that a foreign exception stands for; its message names the host and no content.

    Args:
        host: For the message.
        reading: The answer had begun: a connection lost now is a cut body.
    """
    # httpx-aiohttp reports a dropped connection as ConnectTimeout, because aiohttp's timeouts and resets share a base
    # class; the cause tells them apart.
    if isinstance(error, httpx.ConnectTimeout) and error.__cause__ and not isinstance(error.__cause__, TimeoutError):
        error = httpx.ReadError(str(error))
    for kind in type(error).__mro__:
        if kind in _TERMINAL:
            return TerminalError(f"{host} {_TERMINAL[kind]}", kind="http_error")
        if kind in _TRANSIENT:
            name, words = _TRANSIENT[kind]
            if reading and name == "reset":
                name, words = "undecodable", "cut its answer short"
            return TransientError(f"{host} {words}", kind=name)
    raise TypeError(f"no translation of {type(error).__name__}") from error


def tier_wide(error: EndpointError, host: str, variable: str | None) -> TerminalError:
    """The error that ends a tier: which host, which variable, and what to do."""
    code, words, hint = TIER_WIDE[error.kind]
    key = (f" in {variable}" if variable else "; none was sent") if error.kind == "auth" else ""
    return TerminalError(
        f"{host} {words}{key} (HTTP {error.status})", kind=error.kind, status=error.status, code=code, hint=hint
    )
