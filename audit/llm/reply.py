"""What became of one call: an answer with its cost, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from audit.core.errors import EndpointError
from audit.core.exchange import Completion, Request, Usage
from audit.core.note import AnswerNote
from audit.core.reason import Because, Reason
from audit.core.schemas import NOT_ASKED
from audit.core.tier import Tier
from audit.llm.faults import unasked_because
from audit.llm.tokens import answer_size, prompt_size
from audit.llm.translation import STATUS_OF_KIND
from audit.protocols.faults import Fault
from audit.protocols.oddities import same_model
from audit.protocols.settling import settled

LEAST_LIMIT = 8
"""Tokens below which a limit is one that answers are made for, such as a label's: they often have just as many."""

BILL_SLACK = 0.1
"""Part of a reported bill by which the tier's price of the tokens may miss it: a gateway's fee, rounded rates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What became of one call.

    Attributes:
        status: One of the statuses of `schemas.REPLAYS`.
        completion: The answer, with its cost at the tier's price; None when there is none.
        attempts: HTTP requests sent for it; 0 when an earlier run asked or it was never sent.
        served_from: network | store | cassette | simulated | local.
        error: What went wrong, without any of the prompt or the answer.
        fault: The same as a value.
        parameter: The parameter that the fault is about, as the endpoint names it.
        because: Why the request counts as not asked; None for every other status.
        spent_usd: Money that this call cost now, at most: over the network the answer's cost, or what the endpoint says
            that it billed where that is more, with a bound by bytes in place of usage that is missing or cannot be, and
            what failed attempts report; else 0. A recorded answer has
            a cost (what a candidate would cost is the estimate's subject) and no spend.
        failed_usd: Of that, what attempts without an answer report that they were billed.
    """

    status: str
    completion: Completion | None = None
    attempts: int = 0
    served_from: str = "network"
    error: str | None = None
    fault: Fault | None = None
    parameter: str | None = None
    because: Because | None = None
    spent_usd: float = 0.0
    failed_usd: float = 0.0


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
    """A reply that holds an answer, priced at the tier's price; usage that is missing or cannot be is estimated.

    Args:
        latency_ms: As measured now; None keeps the completion's own.
    """
    found = settled(completion.usage, prompt=prompt_size(request), answer=answer_size(completion))
    notes = (*completion.notes, *(note.value for note in found.notes))
    if completion.finish_reason == "stop" and _at_limit(completion.usage, tier, request):
        notes += (AnswerNote.AT_LIMIT.value,)
    by_price, billed = tier.replay_price.cost_usd(found.at_most), completion.billed_usd
    if billed is not None and abs(billed - tier.replay_price.cost_usd(found.usage)) > BILL_SLACK * billed:
        notes += (AnswerNote.BILLED_OTHERWISE.value,)
    return Reply(
        status=status_of(completion),
        completion=replace(
            completion,
            usage=found.usage,
            cost_usd=tier.price.cost_usd(found.usage),
            latency_ms=completion.latency_ms if latency_ms is None else latency_ms,
            notes=notes,
        ),
        attempts=attempts,
        served_from=served_from,
        spent_usd=max(by_price, billed or 0.0) if served_from == "network" else 0.0,
    )


def _at_limit(usage: Usage | None, tier: Tier, request: Request) -> bool:
    """Whether an answer has all the tokens that it may have: llama.cpp's route for OpenAI's Responses, for one, calls
    such an answer completed. It may have ended there by itself, so it counts as it is.
    """
    limit = tier.output_limit(request.token_limit)
    return usage is not None and not usage.estimated and usage.completion_tokens >= limit >= LEAST_LIMIT


def failed(error: EndpointError, attempts: int, spent_usd: float = 0.0) -> Reply:
    """A reply that holds no answer, with what was billed for it all the same."""
    return Reply(
        status=STATUS_OF_KIND.get(error.kind, "http_error"),
        attempts=attempts,
        error=error.what,
        fault=Fault(error.kind),
        parameter=error.parameter,
        because=unasked_because(Fault(error.kind), error.parameter),
        spent_usd=spent_usd,
        failed_usd=spent_usd,
    )


def answered_by(reply: Reply, models: Collection[str]) -> Reply:
    """The reply; or, where it is the answer of another model of the same audit, a failure to measure.

    A gateway that falls back answers in the name of the model that it fell back to. Were that the incumbent, the
    incumbent would be held against itself, at the candidate's price.

    Args:
        reply: As it came.
        models: Of the audit: its tiers' and the incumbents'.
    """
    said = reply.completion
    if said is None or said.model_reported is None or AnswerNote.OTHER_MODEL.value not in said.notes:
        return reply
    found = next((model for model in sorted(models) if same_model(model, said.model_reported)), None)
    if found is None:
        return reply
    return Reply(
        status=Reason.OTHER_MODEL,
        attempts=reply.attempts,
        served_from=reply.served_from,
        error=f"the reply is in the name of `{found}`, another model of this audit (`reported_as` allows it)",
        spent_usd=reply.spent_usd,
        failed_usd=reply.spent_usd,
    )


def unasked(why: Because, served_from: str = "network") -> Reply:
    """A reply to a request that was not sent: it is too long for the tier, which counts, or it is not asked."""
    if why.reason is Reason.TOO_LONG:
        return Reply(status=Reason.TOO_LONG, served_from=served_from, error=why.sentence)
    return Reply(status=NOT_ASKED, served_from=served_from, error=why.sentence, because=why)


def with_limit_noted(reply: Reply, worst_usd: float) -> Reply:
    """The reply, with a note where it cost more than was set aside for it; a bill of its own has a note already."""
    if reply.completion is None or reply.spent_usd <= worst_usd * (1 + 1e-9):
        return reply
    if AnswerNote.BILLED_OTHERWISE.value in reply.completion.notes:
        return reply
    notes = (*reply.completion.notes, AnswerNote.ABOVE_LIMIT.value)
    return replace(reply, completion=replace(reply.completion, notes=notes))
