"""Token counts and costs that a response reports, written into a row; `protocols/usage.py` reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from audit.core.doubts import Doubt
from audit.ingest.calls import tool_fees
from audit.ingest.row import Row
from audit.ingest.values import cost, json_text, obj, text
from audit.ingest.words import free
from audit.protocols.billed import reported_cost
from audit.protocols.count_words import kind_of
from audit.protocols.usage import Counts, inclusive, read_usage

UNREADABLE_COST = "unreadable_cost_usd"
"""Something stands where a cost should, and is none: text, a negative number, more than any call costs."""


def put_usage(row: Row, usage: Any) -> None:
    """Write token counts under any vendor's names, inclusive: cached and written are in the prompt."""
    if not isinstance(usage, dict) or not usage:
        return
    put_counts(row, read_usage(usage))
    row.service_tier = billed_tier(usage) or row.service_tier
    if tool_fees.counted(usage):
        row.ingest_warnings = (*row.ingest_warnings, Doubt.TOOL_FEES)
    row.usage_raw = json_text(usage)
    row.usage_basis = "provider" if row.prompt_tokens is not None else "absent"


def note_fees(row: Row, body: Mapping[str, Any]) -> None:
    """Note fees that are in no price of tokens, where the body of an answer tells of them."""
    if tool_fees.charged(body):
        row.ingest_warnings = (*row.ingest_warnings, Doubt.TOOL_FEES)


_FINER = ("cached", "written", "written_hour", "reasoning", "images", "heard", "spoken", "drawn")


def _with_finer(counts: Counts, known: Counts) -> Counts:
    """Counts with the classes that an earlier reading of the same sums told: a platform's own counts are coarser than
    those of the body beside them."""
    if (counts.prompt, counts.completion) != (known.prompt, known.completion):
        return counts
    return replace(counts, **{
        name: getattr(known, name) for name in _FINER if getattr(counts, name) is None
    })  # fmt: skip


def _known(row: Row) -> Counts:
    """What a row counts so far."""
    spoken, heard = row.completion_audio_tokens, row.audio_tokens
    return Counts(
        prompt=row.prompt_tokens,
        completion=row.completion_tokens,
        cached=row.cached_tokens,
        written=row.cache_write_tokens,
        written_hour=row.cache_write_1h_tokens,
        reasoning=row.reasoning_tokens,
        images=row.image_tokens,
        heard=None if heard is None else heard - (spoken or 0),
        spoken=spoken,
        drawn=row.completion_image_tokens,
    )


def counts_in(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Usage with details, from counts that a platform keeps flat beside others, under names that their words tell."""
    counts: dict[str, Any] = {}
    for name, value in flat.items():
        if value is not None and (kind := kind_of(name)):
            counts.setdefault(kind, value)
    return usage_of_kinds(counts)


def usage_of_kinds(counts: Mapping[str, Any]) -> dict[str, Any]:
    """Inclusive counts by their kind, as `count_words.kind_of` names it, under the Responses API's names; empty without
    either sum."""
    prompt, completion = counts.get("prompt"), counts.get("completion")
    if prompt is None and completion is None:
        return {}
    hourly = counts.get("hour")
    return {
        "input_tokens": prompt if prompt is not None else 0,
        "output_tokens": completion if completion is not None else 0,
        "input_tokens_details": {
            "cached_tokens": counts.get("read"),
            "cache_write_tokens": counts.get("written"),
            "audio_tokens": counts.get("heard"),
            "image_tokens": counts.get("seen"),
        },
        "output_tokens_details": {
            "reasoning_tokens": counts.get("reasoning"),
            "audio_tokens": counts.get("spoken"),
            "image_tokens": counts.get("drawn"),
        },
        "cache_creation": {"ephemeral_1h_input_tokens": hourly} if hourly is not None else None,
    }


def put_counts(row: Row, counts: Counts) -> None:
    """Write what was counted, and what is odd about it."""
    if row.prompt_tokens is not None:
        counts = _with_finer(counts, _known(row))
    row.prompt_tokens, row.completion_tokens = counts.prompt, counts.completion
    row.cached_tokens, row.cache_write_tokens = counts.cached, counts.written
    row.cache_write_1h_tokens, row.reasoning_tokens = counts.written_hour, counts.reasoning
    row.image_tokens, row.completion_image_tokens = counts.images, counts.drawn
    row.completion_audio_tokens = counts.spoken
    if counts.heard is not None or counts.spoken is not None:
        row.audio_tokens = (counts.heard or 0) + (counts.spoken or 0)
    _warn(row, counts)


def settle_counts(row: Row) -> None:
    """Make a row's counts inclusive where they show that they are not: those that several fields of a log gave."""
    if not (row.cached_tokens or row.cache_write_tokens or row.reasoning_tokens):
        return
    found = inclusive(_known(row))
    row.prompt_tokens, row.completion_tokens = found.prompt, found.completion
    _warn(row, found)


def _warn(row: Row, counts: Counts) -> None:
    """Note counts that only the numbers showed to be exclusive, and tokens that a total alone tells of."""
    odd = (
        (counts.cache_apart, Doubt.CACHE_APART),
        (counts.reasoning_apart, Doubt.REASONING_APART),
        (counts.hidden, Doubt.HIDDEN),
        (counts.unread, Doubt.NOT_UNDERSTOOD),
        (counts.aside, Doubt.ANOTHER_MODEL),
    )
    if found := [question for holds, question in odd if holds]:
        row.ingest_warnings = (*row.ingest_warnings, *found)


_TRAFFIC = {
    "ON_DEMAND_FLEX": "flex",
    "ON_DEMAND_PRIORITY": "priority",
    "PROVISIONED_THROUGHPUT": "provisioned_throughput",
}
"""What Vertex AI says of a call's price, in the other vendors' words."""
_EVERYWHERE = frozenset({"global", "not_available"})
_TIER_NAMES = frozenset(
    {"service_tier", "serviceTier", "trafficType", "traffic_type", "speed", "performanceConfig", "inference_geo"}
)


def billed_tier(said: Mapping[str, Any]) -> str | None:
    """What makes a call cost other than the list says: a service tier, also as a speed or a place; None for nothing.

    Args:
        said: Usage, or an answer's body.

    Source:
        OpenAI and Anthropic `service_tier`, Gemini `serviceTier`, Vertex AI `trafficType`, Bedrock `serviceTier.type`
        and `performanceConfig.latency`; Anthropic `speed` and `inference_geo`,
        https://platform.claude.com/docs/en/about-claude/pricing
    """
    if _TIER_NAMES.isdisjoint(said):
        return None
    named = said.get("service_tier", said.get("serviceTier"))
    tier = text(obj(named).get("type")) if isinstance(named, dict) else text(named)
    if tier is None and (sold := text(said.get("trafficType", said.get("traffic_type")))):
        tier = _TRAFFIC.get(sold.upper())
    if said.get("speed") == "fast":
        return "fast"
    if obj(said.get("performanceConfig")).get("latency") == "optimized":
        return "latency_optimized"
    place = text(said.get("inference_geo"))
    if tier in (None, "standard") and place and place.lower() not in _EVERYWHERE:
        return f"inference_geo_{place.lower()}"
    return tier.lower() if tier and tier.isupper() else tier


def told_cost(row: Row, *written: Any, unit: float = 1.0) -> float | None:
    """The first of some fields that holds a cost in USD; one that holds anything else is noted.

    Args:
        row: Gets the note.
        written: As the log has them.
        unit: Of all of them, in USD.
    """
    for value in written:
        if (found := cost(value, unit)) is not None:
            return found
        if value not in (None, ""):
            row.ingest_warnings = (*row.ingest_warnings, UNREADABLE_COST)
    return None


def put_cost(row: Row, told: float | None, usage: Any, basis: str) -> None:
    """Write what the log, else the provider, says a call cost; a zero that nothing explains is unknown.

    Args:
        told: USD in the log; None for none.
        usage: The answer's, which may hold the provider's own bill.
        basis: Who says `told`, as in `Row.cost_basis`.
    """
    if told is not None and (told > 0 or not row.prompt_tokens):
        row.cost_usd_logged, row.cost_basis = told, basis
    elif (reported := reported_cost(usage)) is not None:
        row.cost_usd_logged, row.cost_basis = reported, "provider"
    elif free(row.model_called) and (told == 0 or obj(usage).get("cost") == 0):
        row.cost_usd_logged, row.cost_basis = 0.0, "free"
    elif told == 0 and not row.cache_hit:
        row.ingest_warnings = (*row.ingest_warnings, Doubt.ZERO_COST)
