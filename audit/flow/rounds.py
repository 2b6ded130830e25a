"""The rounds of a replay: what is asked next, within the cap, until every route is finished.

The first round of a route asks for its tuning split and its dollar draws; then hopeless candidates are dropped and its
policies are sealed, before any answer of the certification split is needed. Every further round takes some candidates
to their next look. Which, `findings` says; here the money is handed out: routes under way first, in the order of what
they could save per replay dollar, and what their early stops leave goes to routes that the cap had left waiting.

`rounds.json` says what was asked in each round, so that a run can be resumed, and scored again, as it went; `waiting`
names the routes under way whose next step could not be paid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from audit.core.artifacts import RunFolder, read_json, write_json
from audit.core.display import plural, usd_limit
from audit.core.errors import InputError
from audit.core.plan import LooksDone, Plan, RouteDesign
from audit.core.reason import Reason
from audit.core.tier import Tier
from audit.flow.keeping.answers import known
from audit.flow.preparation import PreparedRun
from audit.replay.plan import Call, planned_calls, quote, shared
from audit.replay.table import money_spent
from audit.sampling.design import BUDGET_SHARE
from audit.store.kept import KnownCalls

SCHEMA = "audit-rounds/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """The rounds of one run so far.

    Attributes:
        run: What is replayed.
        history: What was asked by the end of each round.
        postponed: Steps that could not be paid yet.
        resumed: Read from the run folder, so that what each route wants is not known any more.
        named: The calls of each round that have been worked out, by the number of the round: each is asked for in the
            next round too, as what is settled.
    """

    run: PreparedRun
    history: tuple[LooksDone, ...]
    postponed: LooksDone = field(default_factory=dict)
    resumed: bool = False
    named: dict[int, list[Call]] = field(default_factory=dict)

    @property
    def reach(self) -> LooksDone:
        """What is asked by the end of the present round."""
        return self.history[-1]

    def calls(self) -> list[Call]:
        """Every call up to the present round."""
        return self._calls(len(self.history))

    def settled(self) -> frozenset[str]:
        """Ids of the calls of earlier rounds: what became of them has been looked at, so they are not asked again."""
        if len(self.history) < 2:
            return frozenset()
        return frozenset(call.call_id for call in self._calls(len(self.history) - 1))

    def _calls(self, number: int) -> list[Call]:
        """Every call up to a round, the first being number 1."""
        if number not in self.named:
            run, reach = self.run, self.history[number - 1]
            named = planned_calls(run.plan.designs, run.sample.table, run.tiers, reach)
            self.named[number] = shared(named, run.calls)
        return self.named[number]

    def moved(self) -> list[RouteDesign]:
        """The designs that the present round is about; of a resumed run all that have begun."""
        before = self.history[-2] if len(self.history) > 1 and not self.resumed else {}
        designs = self.run.plan.designs
        return [d for d in designs if self.reach.get(d.route) != before.get(d.route)]

    @property
    def open_looks(self) -> bool:
        """Whether any route could go further than it has."""
        return any(self.reach.get(d.route) != d.whole for d in self.run.plan.designs if d.candidates)

    def told(self) -> str:
        """The round in a line for people, by the furthest look that it takes a route to, as the plan counts them."""
        moved = self.moved()
        looks = max((look for design in moved for look in self.reach[design.route].values()), default=0)
        last = max((len(design.stages) for design in moved), default=0)
        name = f"Look {looks} of {last}" if looks else "Before the first look"
        return f"{name}: {len(moved)} of {plural(len(self.reach), 'route')} still open"

    def advance(self, wanted: LooksDone) -> Rounds | None:
        """The next round, of what is wanted and can be paid for; None when there is none."""
        asking = {**self.postponed, **wanted}
        granted = _grant(self, asking)
        if not granted:
            _written(replace(self, postponed=asking))
            return None
        postponed = {route: looks for route, looks in asking.items() if route not in granted}
        merged = {**self.reach, **granted}
        history = (*self.history, merged)
        return _written(Rounds(run=self.run, history=history, postponed=postponed, named=self.named))


def open_rounds(run: PreparedRun) -> Rounds:
    """The rounds of a run as they stand: as the run folder has them, or the first."""
    saved = _read(run.folder, run.plan)
    if saved:
        return Rounds(run=run, history=saved, resumed=True)
    nothing = Rounds(run=run, history=({},))
    return _written(Rounds(run=run, history=(_grant(nothing, {}),)))


def least_cap_usd(run: PreparedRun) -> float | None:
    """The least cap in USD that would begin a route, where the one of the settings begins none.

    Special cases:
        None where a route can begin or has begun, or where none has a candidate.
    """
    designs = [design for design in run.plan.designs if design.candidates]
    purse = _RemainingBudget.open(Rounds(run=run, history=({},)))
    if not designs or purse.done.journal or purse.left_usd is None:
        return None
    least = min(purse.cost(design, dict.fromkeys(design.candidates, 1)) for design in designs)
    left = max(purse.left_usd, 0.0)
    return None if least <= left else (run.settings.max_spend or 0.0) + (least - left) / BUDGET_SHARE


def refuse_idle(plan: Plan) -> None:
    """Refuse a cap that is too low to begin any route: findings of a run that asked nothing would read as a result.

    Raises:
        InputError: With a cap that would begin one.
    """
    if not plan.cap_stops_it:
        return
    cut = [one for one in plan.designs if one.why and one.why.reason is Reason.CAP_LEAVES_TOO_LITTLE]
    raise InputError(
        f"nothing was replayed: the cap of {usd_limit(plan.max_spend_usd)} is too low to begin any route",
        code="replay.cap",
        notes=["nothing was sent, $0.00 spent", *(f"{one.route or '(none)'}: {one.reason}" for one in cut[:5])],
        hint=plan.cap_that_begins,
    )


def reach_of(folder: RunFolder, plan: Plan) -> LooksDone | None:
    """How far a run has got; None where it has no rounds of this plan."""
    saved = _read(folder, plan)
    return saved[-1] if saved else None


def stopped_early(folder: RunFolder, plan: Plan) -> frozenset[str]:
    """Routes that began and went as far as they had to; the others have not begun, or wait for money."""
    saved = _read(folder, plan)
    if not saved:
        return frozenset()
    return frozenset(saved[-1]) - frozenset(read_json(folder.rounds).get("waiting", ()))


def _grant(rounds: Rounds, wanted: LooksDone) -> LooksDone:
    """Hand out what is left of the cap.

    A route under way gets its next step when that can be paid, and what it would need to go on to its last look is kept
    for it. A waiting route starts when what is left pays for all of it; the first in the queue also starts when nobody
    else gets anything and at least its first look can be paid.
    """
    run, purse = rounds.run, _RemainingBudget.open(rounds)
    queue = sorted(run.plan.designs, key=lambda design: design.priority)
    granted: dict[str, Mapping[str, int]] = {}
    for design in queue:
        if design.route not in wanted:
            continue
        step = {**rounds.reach[design.route], **wanted[design.route]}
        if purse.pays(design, step):
            purse.take(design, {**step, **dict.fromkeys(wanted[design.route], len(design.stages))})
            granted[design.route] = step
    for design in queue:
        if design.route in rounds.reach or not design.candidates:
            continue
        first = dict.fromkeys(design.candidates, 1)
        if purse.pays(design, design.whole) or (not granted and purse.pays(design, first)):
            purse.take(design, design.whole)
            granted[design.route] = dict.fromkeys(design.candidates, 0)
    return granted


@dataclass(slots=True, kw_only=True)
class _RemainingBudget:
    """What is left of the cap, and what steps cost.

    Attributes:
        run: Whose steps are paid.
        done: Calls that cost nothing any more.
        left_usd: None where everything that is planned can be paid.
    """

    run: PreparedRun
    done: KnownCalls
    left_usd: float | None

    @classmethod
    def open(cls, rounds: Rounds) -> _RemainingBudget:
        """The purse of a run after its last round."""
        run = rounds.run
        if run.settings.max_spend is None:
            return cls(run=run, done=KnownCalls(), left_usd=None)
        left = run.settings.max_spend * BUDGET_SHARE - money_spent(run.folder.journal).spent_usd
        done = known(run.calls, run.tiers, run.settings, run.folder)
        enough = _expected(run, run.calls, done) <= left
        return cls(run=run, done=done, left_usd=None if enough else left)

    def cost(self, design: RouteDesign, looks: Mapping[str, int]) -> float:
        """What going that far is expected to cost, in USD."""
        slice_ = self.run.sample.table
        mine = slice_.filter(pc.equal(slice_["route"], design.route))
        return _expected(self.run, planned_calls([design], mine, self.run.tiers, {design.route: looks}), self.done)

    def pays(self, design: RouteDesign, looks: Mapping[str, int]) -> bool:
        """Whether going that far can be paid."""
        return self.left_usd is None or self.cost(design, looks) <= max(self.left_usd, 0.0)

    def take(self, design: RouteDesign, looks: Mapping[str, int]) -> None:
        """Set aside what going that far costs."""
        if self.left_usd is not None:
            self.left_usd -= self.cost(design, looks)


def _expected(run: PreparedRun, calls: Sequence[Call], done: KnownCalls) -> float:
    """Of calls that are not done, with what judging their answers costs; an answer of the store may have to be judged
    by other criteria than before."""
    judging = sum(run.judging.expected_usd(call) for call in calls if call.call_id not in done.journal)
    return sum(one.expected_usd for one in quote(calls, run.tokens, run.tiers, done.ids)) + judging


def _read(folder: RunFolder, plan: Plan) -> tuple[LooksDone, ...]:
    if not folder.rounds.exists():
        return ()
    document = read_json(folder.rounds)
    if not isinstance(document, dict) or document.get("schema") != SCHEMA or document.get("plan") != plan.plan_id:
        return ()
    return tuple(document["rounds"])


def _written(rounds: Rounds) -> Rounds:
    document: dict[str, Any] = {"schema": SCHEMA, "plan": rounds.run.plan.plan_id, "rounds": list(rounds.history)}
    if rounds.postponed:
        document["waiting"] = sorted(rounds.postponed)
    write_json(rounds.run.folder.rounds, document)
    return rounds


def asked_and_left(
    designs: Sequence[RouteDesign], slice_: pa.Table, tiers: Sequence[Tier], reach: LooksDone | None
) -> tuple[list[Call], list[Call]]:
    """The calls that a run came to, and those of its plan that it did not come to."""
    whole = planned_calls(designs, slice_, tiers)
    if reach is None:
        return whole, []
    asked = shared(planned_calls(designs, slice_, tiers, reach), whole)
    known = {call.call_id for call in asked}
    return asked, [call for call in whole if call.call_id not in known]
