"""What can be wrong with a call, as values: one sentence, one hint, and whether asking again can help."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What a fault is about. It says who else meets it."""

    REQUEST = "request"
    """This request, or those like it; the next one may be answered."""
    TIER = "tier"
    """Every request to this model with this key."""
    HOST = "host"
    """Everything at this address."""


class Fault(StrEnum):
    """Why a call has no usable answer. The value is what tables and files hold."""

    CONTEXT_TOO_LONG = "context_too_long"
    FILTERED = "filtered"
    MALFORMED = "malformed"
    PARAMETER = "parameter"
    VALUE = "parameter_value"
    ROLE = "role"
    MEDIA = "media"
    TOOLS = "tools"
    RESPONSE_FORMAT = "response_format"
    STREAM_ONLY = "stream_only"
    ABOVE_ALLOWANCE = "above_allowance"
    BAD_REQUEST = "bad_request"
    MODEL = "model"
    ADDRESS = "address"
    MOVED = "moved"
    NOT_AN_API = "not_an_api"
    AUTH = "auth"
    FORBIDDEN = "forbidden"
    QUOTA = "quota"
    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    SERVER = "server_error"
    OUTAGE = "outage"
    TIMEOUT = "timeout"
    CONNECT = "connect"
    RESET = "reset"
    UNDECODABLE = "undecodable"
    HTTP = "http_error"

    @property
    def facts(self) -> FaultFacts:
        """Sentence, hint, scope and whether asking again can help."""
        return FACTS[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultFacts:
    """What is known of a fault.

    Attributes:
        words: A predicate with the endpoint as its subject: "the endpoint ...".
        hint: What helps; None when nothing that the user does would.
        scope: What it is about.
        transient: The same call may work when it is made again.
        asked: The model saw the request, so that the fault is an answer of the candidate. False: nobody was asked,
            and nothing may be concluded about the candidate.
    """

    words: str
    hint: str | None
    scope: Scope
    transient: bool = False
    asked: bool = False


def _request(words: str, hint: str | None, *, asked: bool = False) -> FaultFacts:
    return FaultFacts(words=words, hint=hint, scope=Scope.REQUEST, asked=asked)


def _tier(words: str, hint: str | None) -> FaultFacts:
    return FaultFacts(words=words, hint=hint, scope=Scope.TIER)


def _passing(words: str, hint: str | None = None, *, scope: Scope = Scope.HOST) -> FaultFacts:
    return FaultFacts(words=words, hint=hint, scope=scope, transient=True)


FACTS: dict[Fault, FaultFacts] = {
    Fault.CONTEXT_TOO_LONG: _request(
        "says that the request is too long for its context",
        "set the tier's context_tokens, so that such requests are counted before they are sent",
        asked=True,
    ),
    Fault.FILTERED: _request("stopped the request by its content filter", None, asked=True),
    Fault.MALFORMED: _request("says that the model wrote no valid tool call or JSON", None, asked=True),
    Fault.PARAMETER: _request(
        "does not take a parameter of the request", "let the parameter be dropped or renamed for this tier"
    ),
    Fault.VALUE: _request(
        "does not take the value of a parameter",
        "let the parameter be dropped for this tier, so that its default holds",
    ),
    Fault.ROLE: _request("does not take the role of a message", "let the role be mapped: `developer` to `system`"),
    Fault.MEDIA: _request(
        "does not take images or other media", "leave out supports.images, or choose a model that reads images"
    ),
    Fault.TOOLS: _request(
        "does not take tools", "start the server with tool calls on, or set supports.tools to false for the tier"
    ),
    Fault.RESPONSE_FORMAT: _request(
        "does not take the response format or its schema", "set supports.json_schema to false for the tier"
    ),
    Fault.STREAM_ONLY: _request("only streams its answers", "set `stream: true` in the tier's options"),
    Fault.ABOVE_ALLOWANCE: _request(
        "refuses one request that is larger than a minute's allowance", "ask the vendor for a higher rate limit"
    ),
    Fault.BAD_REQUEST: _request("refuses the request without a reason that is known here", None),
    Fault.MODEL: _tier("does not serve the model", "check the tier's `model`, then run the same command again"),
    Fault.ADDRESS: FaultFacts(
        words="has no such path or method",
        hint="check the tier's `base_url`: it ends before /chat/completions, often in /v1",
        scope=Scope.HOST,
    ),
    Fault.MOVED: FaultFacts(
        words="sends calls to another address, which a replay does not follow",
        hint="set the tier's `base_url` to the address that it moved to: `curl -i` shows it behind `Location`, often "
        "https in place of http or another path; a login page or a proxy may stand before it",
        scope=Scope.HOST,
    ),
    Fault.NOT_AN_API: FaultFacts(
        words="answers with something that is no API's answer, such as a web page",
        hint="check the tier's `base_url`; a login page or a proxy may stand before it",
        scope=Scope.HOST,
    ),
    Fault.AUTH: _tier("refuses the key", "check the key, then run the same command again"),
    Fault.FORBIDDEN: _tier(
        "forbids the access", "check what the key may use, and from which region or address it may be used"
    ),
    Fault.QUOTA: _tier("has no credit left for the key", "add credit, then run the same command again"),
    Fault.RATE_LIMITED: _passing(
        "limits the rate of requests", "lower the tier's concurrency or requests_per_minute", scope=Scope.TIER
    ),
    Fault.OVERLOADED: _passing("is overloaded", "run the same command again later", scope=Scope.TIER),
    Fault.SERVER: _passing("failed"),
    Fault.OUTAGE: FaultFacts(words="is down", hint="run the same command again later", scope=Scope.HOST),
    Fault.TIMEOUT: _passing("did not answer in time", "raise the tier's timeout_s", scope=Scope.REQUEST),
    Fault.CONNECT: _passing("cannot be reached", "check the tier's `base_url`, and that the server runs"),
    Fault.RESET: _passing("dropped the connection"),
    Fault.UNDECODABLE: _passing("sent an answer that cannot be read", scope=Scope.REQUEST),
    Fault.HTTP: _request("answers with a status that means nothing here", None),
}
