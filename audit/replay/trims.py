"""How much shorter a tier's trim makes the sampled requests, before anything is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from audit.core.artifacts import RunFolder
from audit.core.exchange import Request
from audit.core.plan import TrimQuote
from audit.core.tier import Tier
from audit.llm.tokens import prompt_tokens_estimate
from audit.protocols.trimming import trimmed
from audit.replay.plan import Call, TokenCounts
from audit.replay.requests import stream_requests


def with_trimmed(
    tokens: Mapping[str, TokenCounts], calls: Sequence[Call], tiers: Sequence[Tier], folder: RunFolder
) -> tuple[Mapping[str, TokenCounts], tuple[TrimQuote, ...]]:
    """Counts of the sampled requests with what tiers that are sent less are sent of each, and that in sum by tier.

    Tokens of a part are its share of the prompt's, by an estimate that knows no tokenizer, times those of the log. What
    a call costs at most is still made of the whole prompt.
    """
    asked: dict[str, set[str]] = {tier.name: set() for tier in tiers if tier.trim is not None}
    for call in calls:
        if call.tier in asked:
            asked[call.tier].add(call.request_fp)
    wanted = {request_fp for some in asked.values() for request_fp in some}
    requests = stream_requests(folder.body_files(), folder.traffic_files(), wanted) if wanted else ()
    return _counted(tokens, [(tier, asked[tier.name]) for tier in tiers if asked.get(tier.name)], requests)


def untrimmed(asked: Mapping[str, Collection[str]], tiers: Sequence[Tier], folder: RunFolder) -> dict[str, int]:
    """Tiers whose trim leaves every request whole that they would be asked, each with how many these are.

    Args:
        asked: Fingerprints of requests by tier.
        tiers: With a trim.
        folder: Whose log holds the requests.
    """
    left = {tier.name: tier for tier in tiers if asked.get(tier.name)}
    wanted = {request_fp for name in left for request_fp in asked[name]}
    for request in stream_requests(folder.body_files(), folder.traffic_files(), wanted) if wanted else ():
        mine = [tier for tier in left.values() if request.request_fp in asked[tier.name]]
        for tier in mine:
            if trimmed(request, tier.trim) is not request:
                del left[tier.name]
        if not left:
            break
    return {name: len(asked[name]) for name in left}


def _counted(
    tokens: Mapping[str, TokenCounts], asked: Sequence[tuple[Tier, set[str]]], requests: Iterable[Request]
) -> tuple[Mapping[str, TokenCounts], tuple[TrimQuote, ...]]:
    known = dict(tokens)
    changed, whole, sent = Counter[str](), Counter[str](), Counter[str]()
    for request in requests:
        counts, estimate = known.get(request.request_fp, TokenCounts()), max(prompt_tokens_estimate(request), 1)
        prompt = estimate if counts.prompt is None else counts.prompt
        shorter = dict[str, int]()
        for tier in (one for one, theirs in asked if request.request_fp in theirs):
            less = trimmed(request, tier.trim)
            left = round(prompt * min(prompt_tokens_estimate(less) / estimate, 1.0))
            changed[tier.name] += less is not request
            whole[tier.name] += prompt
            sent[tier.name] += left
            if less is not request and counts.prompt is not None:
                shorter[tier.name] = left
        known[request.request_fp] = replace(counts, trimmed=shorter)
    return known, tuple(
        TrimQuote(
            tier=tier.name,
            trim=tier.trim,
            requests=len(theirs),
            changed=changed[tier.name],
            kept=sent[tier.name] / max(whole[tier.name], 1),
        )
        for tier, theirs in asked
        if tier.trim is not None
    )
