"""A route that several models serve: what does not move keeps the model that serves it, in every form of the policy."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

from audit.core.display import percent
from audit.core.finding import RouteFinding, Verdict
from audit.core.policy import RoutePolicy, RoutingPolicy, bare
from audit.policy.per_model import one_model_each
from audit.policy.policy_file import policy_bytes
from audit.policy.router import Router
from tests.findings.routed import Routed, make_routed
from tests.findings.world import Planted

SEEDS = range(9)
COSTS = {"large-1": 1.0, "acme/large-1": 1.0, "medium-1": 0.4, "small-1": 0.1}
BESIDE: tuple[dict[str, tuple[float, float]], ...] = (
    {},
    {"medium-1": (0.3, COSTS["medium-1"]), "acme/large-1": (0.1, 1.0)},
    {"medium-1": (0.45, COSTS["medium-1"]), "small-1": (0.3, COSTS["small-1"])},
)
"""One model, two and three, one of which is the candidate's own; a provider before a name makes no other model."""

Choose = Callable[[str, str], str]
"""The model that serves a request, given its fingerprint and the model that serves it today."""


@cache
def audited(seed: int) -> tuple[Routed, RouteFinding, RoutePolicy]:
    """A world whose long requests only the incumbents can do, or one that moves whole, and what follows."""
    hard = Planted(regress=0.0, regress_hard=0.3 if seed % 2 else 0.0, gain=0.0, cost_share=0.1)
    world = make_routed(
        Path(mkdtemp()), {"small": hard}, shows=True, seed=seed, n=2500, beside=BESIDE[seed % len(BESIDE)]
    )
    finding, tested = world.judge()
    assert tested is not None
    return world, finding, tested.tuned.policy


def exported(entry: RoutePolicy) -> RoutingPolicy:
    """The policy as a file holds it."""
    models = {name: name for name in entry.today} | {"small": "small-1", "large": "large-1"}
    made = RoutingPolicy(
        run_id="r", default_tier=None, models=models, routes=(entry,), made_at=None, expires_at=None, prices={}
    )
    assert policy_bytes(made)
    return made


def replayed_usd(world: Routed, choose: Choose) -> float:
    """What the log would have cost, request by request."""
    usd = 0.0
    for fp, model, cost, cheap in world.world.records.select("fp", "model", "cost", "cost_small").iter_rows():
        chosen = choose(fp, model)
        usd += cost if chosen == model else cheap if chosen == "small-1" else cost / COSTS[model] * COSTS[chosen]
    return usd


@pytest.mark.parametrize("seed", SEEDS)
def test_the_policy_saves_what_is_claimed_and_leaves_the_rest(seed: int) -> None:
    """Over the log, request by request: it costs what was claimed, and what stays, or is foreign, keeps its model."""
    world, finding, entry = audited(seed)
    router = Router(exported(entry))
    saving, paid = finding.recommendation.saving_usd, float(world.world.records["cost"].sum())
    assert saving.lo is not None

    def choose(fp: str, model: str) -> str:
        decision = router.route("/r", world.requests[fp], model=model)
        assert decision.cheap or bare(decision.model_id or "") == bare(model)
        return decision.model_id or ""

    assert replayed_usd(world, choose) <= paid - saving.lo
    fp = world.world.records["fp"][0]
    assert router.route("/r", world.requests[fp], model="stranger-1").model_id == "stranger-1"


@pytest.mark.parametrize("seed", SEEDS)
def test_a_gateway_has_an_entry_for_each_model(seed: int) -> None:
    """Callers who name the entry of their model are served as by the router that sees the model; others have none."""
    world, finding, entry = audited(seed)
    whole, apart = Router(exported(entry)), one_model_each(exported(entry))
    by_model = {bare(apart.models[one.otherwise or ""]): one.route for one in apart.routes}
    assert apart.routes[0].route == "/r"
    assert set(by_model) == {bare(model) for model in world.world.records["model"]} - {"small-1"}
    gateway = Router(apart)
    for fp, model in world.world.records.select("fp", "model").head(300).iter_rows():
        if bare(model) != "small-1":
            seen = whole.route("/r", world.requests[fp], model=model)
            unseen = gateway.route(by_model[bare(model)], world.requests[fp])
            assert bare(seen.model_id or "") == bare(unseen.model_id or "")
    served = len({bare(model) for model in finding.incumbents})
    assert (entry.otherwise is None) == bool(finding.recommendation.served_by) == (served > 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_shares_are_of_the_same_requests(seed: int) -> None:
    """Sentence, tested policies and other margins say of the route what the recommendation says: of all its requests,
    those included that run on the tier already."""
    _, finding, _ = audited(seed)
    made = finding.recommendation
    assert made.moves.share == pytest.approx(made.moves.requests / finding.requests, abs=1e-3)
    (own,) = [one for one in finding.policies if one.params.get("recommended")]
    assert own.share_moved == made.moves.share
    if finding.verdict is Verdict.SPLIT:
        assert made.reason.startswith(f"{percent(made.moves.share)} to small")
    moved = [one.share_moved for one in finding.at_margins if one.avoidable_usd == made.saving_usd]
    assert moved
    assert all(share == made.moves.share for share in moved)
    if finding.curve is not None:
        assert finding.curve.points[-1].share_moved == pytest.approx(finding.judged_share)


def test_to_name_the_incumbent_for_all_breaks_the_claim() -> None:
    """The old fault put back: what does not move goes to the model of the largest spend, and costs more than said."""
    broken = 0
    for seed in SEEDS:
        world, finding, entry = audited(seed)
        if finding.verdict is not Verdict.SPLIT or len(finding.incumbents) < 2:
            continue
        router, saving = Router(exported(entry)), finding.recommendation.saving_usd

        def choose(fp: str, model: str, router: Router = router, world: Routed = world) -> str:
            return "small-1" if router.route("/r", world.requests[fp]).cheap else "large-1"

        paid = float(world.world.records["cost"].sum())
        broken += replayed_usd(world, choose) > paid - (saving.lo or 0.0)
    assert broken
