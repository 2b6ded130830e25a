"""Which faults of an endpoint mean that a request was not asked, and how that is said of the findings."""

from __future__ import annotations

from audit.core.reason import Because, Reason, because
from audit.protocols.faults import Fault

_NAMED = {
    Fault.PARAMETER: Reason.PARAMETER_REFUSED,
    Fault.VALUE: Reason.PARAMETER_REFUSED,
    Fault.ROLE: Reason.ROLE_REFUSED,
}
_PLAIN = {
    Fault.MEDIA: Reason.MEDIA_REFUSED,
    Fault.TOOLS: Reason.TOOLS_REFUSED,
    Fault.RESPONSE_FORMAT: Reason.FORMAT_REFUSED,
    Fault.STREAM_ONLY: Reason.STREAMS_ONLY,
    Fault.ABOVE_ALLOWANCE: Reason.ABOVE_ALLOWANCE,
}
UNKNOWN = {Reason.PARAMETER_REFUSED: "a parameter", Reason.ROLE_REFUSED: "developer"}
"""What is named where the endpoint names nothing. Of roles, only the newest is refused by servers in use."""


def unasked_because(fault: Fault, parameter: str | None) -> Because | None:
    """Why a request with this fault counts as not asked; None where the fault is something else.

    Args:
        fault: Of the endpoint's reply.
        parameter: That the reply names.
    """
    if (reason := _NAMED.get(fault)) is not None:
        named = parameter if reason is Reason.PARAMETER_REFUSED else None
        return because(reason, name=named or UNKNOWN[reason])
    plain = _PLAIN.get(fault)
    return None if plain is None else because(plain)
