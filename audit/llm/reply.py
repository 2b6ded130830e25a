"""What became of one call: an answer with its cost, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass, replace

from audit.core.errors import EndpointError
from audit.core.exchange import Completion, Request
from audit.core.tier import Tier
from audit.llm.tokens import estimated_usage
from audit.llm.translation import STATUS_OF_KIND


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What became of one call.

    Attributes:
        status: One of the statuses of `schemas.REPLAYS`.
        completion: The answer, with its cost at the tier's price; None when there is none.
        attempts: HTTP requests sent for it; 0 when it was served from a cassette or never sent.
        served_from: network | cassette | simulated.
        error: What went wrong, without any of the prompt or the answer.
        spent_usd: Money that this call cost now: the answer's cost when it came over the network, else 0. A recorded
            answer has a cost (what a candidate would cost is the estimate's subject) and no spend.
    """

    status: str
    completion: Completion | None = None
    attempts: int = 0
    served_from: str = "network"
    error: str | None = None
    spent_usd: float = 0.0


def status_of(completion: Completion) -> str:
    """ok, refused or truncated, by the finish reason."""
    if completion.refusal or completion.finish_reason in ("content_filter", "refusal"):
        return "refused"
    return "truncated" if completion.finish_reason == "length" else "ok"


def measured(
    completion: Completion,
    tier: Tier,
    request: Request,
    served_from: str,
    *,
    attempts: int = 0,
    latency_ms: float | None = None,
) -> Reply:
    """A reply that holds an answer, priced at the tier's price; usage that nobody reported is estimated.

    Args:
        latency_ms: As measured now; None keeps the completion's own.
    """
    usage = completion.usage or estimated_usage(request, completion)
    cost_usd = tier.price.cost_usd(usage)
    return Reply(
        status=status_of(completion),
        completion=replace(
            completion,
            usage=usage,
            cost_usd=cost_usd,
            latency_ms=completion.latency_ms if latency_ms is None else latency_ms,
        ),
        attempts=attempts,
        served_from=served_from,
        spent_usd=cost_usd if served_from == "network" else 0.0,
    )


def failed(error: EndpointError, attempts: int) -> Reply:
    """A reply that holds no answer."""
    return Reply(status=STATUS_OF_KIND.get(error.kind, "http_error"), attempts=attempts, error=error.what)
