"""What an HTTP library raises, in our words: one table, so that no foreign exception passes the seam;
and which faults mean what for a tier. `kind` of an error is a `Fault`.
"""

from __future__ import annotations

import aiohttp
import httpx

from audit.core.errors import EndpointError, TerminalError, TransientError
from audit.core.exchange import Usage
from audit.core.schemas import NOT_ASKED
from audit.protocols.errors import Diagnosis
from audit.protocols.faults import Fault

STATUS_OF_KIND: dict[str, str] = {
    Fault.RATE_LIMITED: "rate_limited",
    Fault.TIMEOUT: "timeout",
    Fault.UNDECODABLE: "undecodable",
    Fault.NOT_AN_API: "undecodable",
    Fault.FILTERED: "refused",
    Fault.CONTEXT_TOO_LONG: "too_long",
    Fault.MALFORMED: "malformed",
    **dict.fromkeys((Fault.PARAMETER, Fault.VALUE, Fault.ROLE, Fault.MEDIA), NOT_ASKED),
    **dict.fromkeys((Fault.TOOLS, Fault.RESPONSE_FORMAT, Fault.STREAM_ONLY, Fault.ABOVE_ALLOWANCE), NOT_ASKED),
}
"""Fault to a status of `schemas.REPLAYS`; every other one is `http_error`."""

TIER_WIDE: dict[str, str] = {
    Fault.AUTH: "replay.auth",
    Fault.QUOTA: "replay.quota",
    Fault.MODEL: "replay.model",
    Fault.FORBIDDEN: "replay.forbidden",
    Fault.ADDRESS: "replay.address",
    Fault.MOVED: "replay.address",
    Fault.NOT_AN_API: "replay.not-an-api",
}
"""Faults after which nothing more is sent to a tier, and the error's code."""

ONLY_AT_FIRST = frozenset({Fault.MODEL, Fault.FORBIDDEN, Fault.ADDRESS, Fault.MOVED, Fault.NOT_AN_API})
"""Those of them that may be about one request: a 403 after successes is. Before any answer a reply decides that says
what it is about (no such model); where its status alone speaks, `REQUESTS_AT_FIRST` different requests have to meet it.
"""

REQUESTS_AT_FIRST = 2
"""Different requests that have to meet such a fault before a tier that never answered is given up. What is refused so
costs nothing."""

MAYBE_BILLED = frozenset({Fault.TIMEOUT, Fault.RESET, Fault.UNDECODABLE})
"""Faults after which the endpoint may have answered, and billed, without our knowing."""

DOWN = frozenset({Fault.TIMEOUT, Fault.CONNECT, Fault.RESET, Fault.SERVER, Fault.OVERLOADED})
"""Faults that an outage looks like."""

SLOW_DOWN = frozenset({Fault.RATE_LIMITED, Fault.OVERLOADED})
"""Faults after which less is sent."""

NEVER_ARRIVED = frozenset({Fault.CONNECT, Fault.RATE_LIMITED, Fault.OVERLOADED})
"""Faults after which the endpoint certainly did nothing. So it is after a status of 4xx."""

_TRANSIENT: dict[type[Exception], tuple[Fault, str]] = {
    httpx.ConnectTimeout: (Fault.CONNECT, "did not accept a connection in time"),
    httpx.TimeoutException: (Fault.TIMEOUT, "did not answer in time"),
    httpx.ConnectError: (Fault.CONNECT, "cannot be reached"),
    httpx.ProxyError: (Fault.CONNECT, "cannot be reached through the proxy"),
    httpx.NetworkError: (Fault.RESET, "dropped the connection"),
    httpx.RemoteProtocolError: (Fault.RESET, "broke the HTTP protocol"),
    httpx.DecodingError: (Fault.UNDECODABLE, "sent a body that cannot be decompressed"),
    aiohttp.ClientConnectorDNSError: (Fault.CONNECT, "cannot be found: no such host is known"),
    aiohttp.ClientConnectorError: (Fault.CONNECT, "cannot be reached"),
    aiohttp.ClientError: (Fault.RESET, "broke the HTTP protocol"),
    ConnectionRefusedError: (Fault.CONNECT, "refused the connection: nothing listens there"),
    TimeoutError: (Fault.TIMEOUT, "did not answer in time"),
    OSError: (Fault.RESET, "dropped the connection"),
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
    # httpx-aiohttp reports as ConnectTimeout what was never connected and what was dropped, because aiohttp's errors
    # share a base class; the cause tells them apart. Only what was dropped may have been billed.
    cause = error.__cause__
    if isinstance(error, httpx.ConnectTimeout) and isinstance(cause, aiohttp.ClientConnectorError):
        error = cause.os_error if isinstance(cause.os_error, ConnectionRefusedError) else cause
    elif isinstance(error, httpx.ConnectTimeout) and cause and not isinstance(cause, TimeoutError):
        error = httpx.ReadError(str(error))
    for kind in type(error).__mro__:
        if kind in _TERMINAL:
            return TerminalError(f"{host} {_TERMINAL[kind]}", kind=Fault.HTTP)
        if kind in _TRANSIENT:
            name, words = _TRANSIENT[kind]
            if reading and name is Fault.RESET:
                name, words = Fault.UNDECODABLE, "cut its answer short"
            return TransientError(f"{host} {words}", kind=name)
    raise TypeError(f"no translation of {type(error).__name__}") from error


def diagnosed(diagnosis: Diagnosis, *, billed: Usage | None = None, again: bool | None = None) -> EndpointError:
    """The error that a reply stands for.

    Args:
        billed: Tokens that the reply counts all the same.
        again: Whether asking again may help; default: as the fault says.
    """
    facts = diagnosis.fault.facts
    kind = TransientError if (facts.transient if again is None else again) else TerminalError
    return kind(
        diagnosis.what,
        kind=diagnosis.fault,
        status=diagnosis.status,
        retry_after_s=diagnosis.retry_after_s,
        parameter=diagnosis.parameter,
        billed=billed,
        certain=diagnosis.certain,
        hint=facts.hint,
    )


def tier_wide(error: EndpointError, host: str, variable: str | None) -> TerminalError:
    """The error that ends a tier: which host, which variable, and what to do."""
    fault = Fault(error.kind)
    key = (f" in {variable}" if variable else "; none was sent") if fault is Fault.AUTH else ""
    return TerminalError(
        f"{host} {fault.facts.words}{key} (HTTP {error.status})",
        kind=fault,
        status=error.status,
        code=TIER_WIDE[fault],
        hint=fault.facts.hint,
    )
