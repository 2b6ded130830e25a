"""Which calls a replay makes, in which order, and what they cost. Spends nothing."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import pyarrow as pa

from audit.core.adaptation import AskedAs
from audit.core.errors import UnknownName
from audit.core.exchange import Request, Usage
from audit.core.fingerprint import fingerprint
from audit.core.plan import BatchQuote, LooksDone, RouteDesign, RouteQuote
from audit.core.policy import bare
from audit.core.repeats import RepeatQuote
from audit.core.tier import PER_MILLION, Tier
from audit.llm.batches import BATCHES
from audit.llm.tiers import is_local
from audit.llm.tokens import prompt_tokens_bound

CANDIDATE = "candidate"
INCUMBENT_REPLAY = "incumbent_replay"
JUDGE = "judge"

TOKENIZER_FACTOR = 1.5
"""How many more prompt tokens a tier may count than the log's model did. Tokenizers differ by 10 to 40 % on prose and
code; 64 tokens come on top for the chat template."""
TEMPLATE_TOKENS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call to make.

    Attributes:
        call_id: Digest of everything that names it; the journal's key.
        route: Of the first design that asks for it.
        arm: candidate | incumbent_replay | judge.
        repeat: 0 for the first independent answer.
    """

    call_id: str
    request_fp: str
    route: str
    tier: str
    arm: str
    repeat: int = 0


_UNTRIMMED: Mapping[str, int] = {}
"""One for all requests: an empty dictionary of its own would be a third of what a request takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCounts:
    """Tokens of one logged request, for quotes and for the cap.

    Attributes:
        prompt: Logged prompt tokens; None when nobody counted.
        completion: Logged completion tokens; None when nobody counted.
        max_tokens: Token limit that the request names; None when it names none.
        trimmed: Prompt tokens, about, by tier that is sent less than the whole request.
    """

    prompt: int | None = None
    completion: int | None = None
    max_tokens: int | None = None
    trimmed: Mapping[str, int] = field(default_factory=lambda: _UNTRIMMED)

    def sent_to(self, tier: Tier) -> int:
        """Prompt tokens that a tier is expected to be sent; 0 when nobody counted."""
        return self.trimmed.get(tier.name, self.prompt or 0)


def planned_calls(
    designs: Sequence[RouteDesign], slice_: pa.Table, tiers: Sequence[Tier], reach: LooksDone | None = None
) -> list[Call]:
    """Every call of a plan, once, in the order in which they are made.

    Each different request of a route's slice goes to each of its candidates, a quality draw as often as the tier's
    `repeats` say; the requests of the first `incumbent_n` quality draws go to the incumbent's tier as well. A request
    that two routes share is asked once, under the first route's name. The order takes the routes' draws in turn, the
    tiers within a draw and the repeats within a tier, so that a run that stops early is a smaller run of the same
    shape.

    Args:
        slice_: Columns of `schemas.SLICE`.
        reach: Only the calls that have their turn by then; None for all of them.

    Raises:
        UnknownName: A design names a tier that is not there.
    """
    by_name = {tier.name: tier for tier in tiers}
    for name in {n for d in designs for n in (*d.candidates, d.incumbent_tier) if n is not None}:
        if name not in by_name:
            raise UnknownName.among("tier", name, by_name)
    keys = {tier.name: asked_as(tier) for tier in tiers}
    drawn = _drawn(slice_)
    ranked: list[tuple[int, int, Call]] = []
    for number, design in enumerate(designs):
        rows = drawn.get(design.route, [])
        looks = design.whole if reach is None else reach.get(design.route, {})
        for name, look in looks.items():
            served, places = bare(by_name[name].identity), dict[str, int]()
            for row in rows:
                if row.turn(design) > look or bare(row.model) == served:
                    continue
                place = places.setdefault(row.request_fp, len(places))
                for repeat in range(by_name[name].repeats if row.purpose == "quality" else 1):
                    call = _call(design.route, row.request_fp, name, keys[name], CANDIDATE, repeat)
                    ranked.append((place, number, call))
        if design.incumbent_tier is not None and (reach is None or design.route in reach):
            # On a route that several models serve, only what the incumbent answered can show its own noise.
            own = [row.request_fp for row in rows if row.purpose == "quality" and row.model == design.incumbent]
            quality = own[: design.incumbent_n]
            for place, request_fp in enumerate(dict.fromkeys(quality)):
                name = design.incumbent_tier
                ranked.append((place, number, _call(design.route, request_fp, name, keys[name], INCUMBENT_REPLAY)))
    ranked.sort(key=lambda entry: entry[:2])
    calls: dict[str, Call] = {}
    for _, _, call in ranked:
        calls.setdefault(call.call_id, call)
    return list(calls.values())


def shared(calls: Sequence[Call], others: Sequence[Call]) -> list[Call]:
    """Calls that were named anew, each as the object that it is among others where it is the same: a plan is named in
    every round, and a call is a few hundred bytes."""
    known = {call.call_id: call for call in others}
    found = ((call, known.get(call.call_id)) for call in calls)
    return [other if other is not None and other == call else call for call, other in found]


def quote(
    calls: Sequence[Call],
    tokens: Mapping[str, TokenCounts],
    tiers: Sequence[Tier],
    done: Collection[str] = frozenset(),
) -> tuple[RouteQuote, ...]:
    """What the calls cost, per route in order of first appearance.

    Args:
        tokens: By request fingerprint. Without a logged completion length the limit is expected.
        done: Ids of calls that the journal or a cassette answers already; they cost nothing, as calls to tiers in
            this process do.
    """
    by_name = {tier.name: tier for tier in tiers}
    free = {tier.name for tier in tiers if is_local(tier)}
    sums: dict[str, list[float]] = {}
    for call in calls:
        entry = sums.setdefault(call.route, [0, 0, 0.0, 0.0, 0.0])
        if call.call_id in done:
            entry[1] += 1
            continue
        entry[0] += 1
        if call.tier not in free:
            tier, counts = by_name[call.tier], tokens.get(call.request_fp, TokenCounts())
            expected = _expected_usd(counts, tier)
            entry[2] += expected
            entry[3] += worst_case_usd(counts, tier)
            entry[4] += expected if call.arm == INCUMBENT_REPLAY else 0.0
    return tuple(
        RouteQuote(
            route=route,
            calls=int(n),
            recorded=int(known),
            expected_usd=expected,
            at_most_usd=at_most,
            incumbent_usd=again,
        )
        for route, (n, known, expected, at_most, again) in sums.items()
    )


def batch_quotes(
    calls: Sequence[Call], tiers: Sequence[Tier], done: Collection[str] = frozenset()
) -> tuple[BatchQuote, ...]:
    """What the tiers that ask in batches are asked, at which price, and how long that may take."""
    waiting_calls = Counter(call.tier for call in waiting(calls, done))
    quotes = []
    for tier in tiers:
        if tier.batch and (n := waiting_calls[tier.name]):
            interface, price = BATCHES.get(tier.provider), tier.replay_price
            quotes.append(
                BatchQuote(
                    tier=tier.name,
                    calls=n,
                    batches=-(-n // interface.most_requests),
                    input=price.input,
                    output=price.output,
                    online_input=tier.price.input,
                    online_output=tier.price.output,
                    hours=interface.hours,
                    least=interface.least(tier),
                )
            )
    return tuple(quotes)


def repeat_quotes(
    calls: Sequence[Call],
    tokens: Mapping[str, TokenCounts],
    tiers: Sequence[Tier],
    done: Collection[str] = frozenset(),
) -> tuple[RepeatQuote, ...]:
    """What asking several times adds to the calls and to the quote, by tier that does so.

    Arguments as of `quote`.
    """
    found = []
    for tier in tiers:
        again = [call for call in calls if call.tier == tier.name and call.repeat]
        if again:
            made = quote(again, tokens, tiers, done)
            found.append(
                RepeatQuote(
                    tier=tier.name,
                    asked=tier.repeats,
                    requests=sum(call.repeat == 1 for call in again),
                    calls=sum(one.calls for one in made),
                    expected_usd=sum(one.expected_usd for one in made),
                    at_most_usd=sum(one.at_most_usd for one in made),
                )
            )
    return tuple(found)


def worst_case_usd(counts: TokenCounts, tier: Tier) -> float:
    """At most what one answer costs: the prompt as a wordier tokenizer counts it, nothing read from a cache, the
    completion at its limit. The limit is part of every request that is sent, so the endpoint keeps it."""
    prompt = round((counts.prompt or 0) * TOKENIZER_FACTOR) + TEMPLATE_TOKENS
    limit = _limit(counts, tier)
    reached = (price for low, _, price in tier.replay_price.spans() if low < prompt)
    return max(prompt * max(price.input, price.written_rate) + limit * price.output for price in reached) / PER_MILLION


def counts_of(request: Request, logged: TokenCounts | None) -> TokenCounts:
    """Counts for the cap: as logged, a missing prompt count replaced by one token per byte, the limit as asked."""
    params = request.params
    limit = params.get("max_completion_tokens") or params.get("max_tokens")
    prompt = logged.prompt if logged is not None and logged.prompt else prompt_tokens_bound(request)
    return TokenCounts(prompt=prompt, max_tokens=limit if isinstance(limit, int) else None)


def completion_length(counts: TokenCounts, tier: Tier) -> int:
    """Tokens of an answer as long as the log's; the limit where nobody counted that, and never more than the limit."""
    limit = _limit(counts, tier)
    return limit if counts.completion is None else min(counts.completion, limit)


def _expected_usd(counts: TokenCounts, tier: Tier) -> float:
    completion = completion_length(counts, tier)
    return tier.replay_price.cost_usd(Usage(prompt_tokens=counts.sent_to(tier), completion_tokens=completion))


def _limit(counts: TokenCounts, tier: Tier) -> int:
    return tier.output_limit(counts.max_tokens)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draw:
    """A row of the slice, as far as calls are concerned."""

    order: int
    purpose: str
    split: str
    request_fp: str
    model: str

    def turn(self, design: RouteDesign) -> int:
        """The first look that needs it; 0 when it is needed before any, beyond the last when none does."""
        if self.purpose != "quality" or self.split == "tuning":
            return 0
        if self.split == "neither":
            return len(design.stages) + 1
        return bisect_right(design.stages[:-1], self.order) + 1


def _drawn(slice_: pa.Table) -> dict[str, list[_Draw]]:
    """Draws of each route, in draw order; quality before dollars at one place."""
    names = ("route", "draw_order", "purpose", "split", "request_fp", "incumbent_model")
    columns = [slice_.column(name).to_pylist() for name in names]
    routes: dict[str, list[_Draw]] = {}
    for route, order, purpose, split, request_fp, model in zip(*columns, strict=True):
        draw = _Draw(order=order, purpose=purpose, split=split, request_fp=request_fp, model=model)
        routes.setdefault(route, []).append(draw)
    for rows in routes.values():
        rows.sort(key=lambda row: (row.order, row.purpose != "quality", row.request_fp))
    return routes


@lru_cache(maxsize=1 << 17)
def call_id_of(tier: str, asked: AskedAs, request_fp: str, arm: str, repeat: int = 0) -> str:
    """The journal's key of a call: everything that decides its answer. Kept: each round names all calls anew."""
    return fingerprint([tier, asked.answers_key, asked.base_url, request_fp, repeat, arm])


def asked_as(tier: Tier) -> AskedAs:
    """What decides a tier's answers now."""
    return AskedAs(answers_key=tier.answers_key, base_url=tier.base_url)


def _call(route: str, request_fp: str, tier: str, asked: AskedAs, arm: str, repeat: int = 0) -> Call:
    call_id = call_id_of(tier, asked, request_fp, arm, repeat)
    return Call(call_id=call_id, request_fp=request_fp, route=route, tier=tier, arm=arm, repeat=repeat)


def judge_call(route: str, request_fp: str, judge: Tier) -> Call:
    """A call that asks a judge."""
    return _call(route, request_fp, judge.name, asked_as(judge), JUDGE)


def waiting(calls: Sequence[Call], done: Collection[str]) -> Iterator[Call]:
    """The calls that have no result yet."""
    return (call for call in calls if call.call_id not in done)
