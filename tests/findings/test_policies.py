"""Policies of a route: chosen on one split, sealed, tested on the other."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from audit.certificate.certified import prepare
from audit.certificate.checks import checks_of
from audit.certificate.frozen import FrozenPolicies, document
from audit.certificate.policies import PolicyInputs
from audit.certificate.verdicts import PolicyTest
from audit.core.finding import RouteFinding, Verdict
from audit.core.interval import Estimate
from audit.core.policy import VerifierSpec
from audit.findings.routes import RouteTraffic, find_route
from audit.signals.features import reads_text
from audit.stats.exact import p_pass
from audit.stats.risk_control import MAX_POLICIES
from audit.stats.tango import PairCounts
from tests.findings.routed import Routed, make_routed
from tests.findings.world import Planted

HALF_GOOD = Planted(regress=0.004, gain=0.004, regress_hard=0.35)


def inside(estimate: Estimate | None, value: float) -> bool:
    """Whether an interval holds a value."""
    assert estimate is not None
    assert estimate.lo is not None
    assert estimate.hi is not None
    return estimate.lo <= value <= estimate.hi


@dataclass(frozen=True, kw_only=True)
class Told:
    """The world in which a request shows whether it is hard, judged once for the tests that only look."""

    routed: Routed
    route: RouteFinding
    policy: PolicyTest | None


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Judged."""
    routed = make_routed(tmp_path_factory.mktemp("told"), {"small": HALF_GOOD}, shows=True)
    route, policy = routed.judge()
    return Told(routed=routed, route=route, policy=policy)


def sealed(routed: Routed) -> FrozenPolicies:
    """The sealed list of the world's route."""
    return prepare(routed.world.tables, [routed.world.design], routed.bench()).sealed["/r"]


def test_a_part_that_can_be_told_beforehand_is_a_split(told: Told) -> None:
    """Hard threads stay, the rest moves; loss and saving of the policy hold what is true of it."""
    routed, route, policy = told.routed, told.route, told.policy
    assert route.verdict is Verdict.SPLIT
    assert policy is not None
    loss, saving = routed.truth(policy.tuned.policy)
    assert route.share_moved == pytest.approx(0.6, abs=0.07)
    assert inside(route.quality_delta, -loss)
    assert inside(route.avoidable_usd, saving)
    assert route.candidates[0].verdict.value == "inferior"
    assert route.reason.startswith("6")
    assert route.up_to_usd == 0


def test_nothing_to_tell_is_a_keep(tmp_path: Path) -> None:
    """The same losses behind requests that all look alike: no policy is recommended."""
    route, policy = make_routed(tmp_path, {"small": HALF_GOOD}, shows=False).judge()
    assert route.verdict is Verdict.KEEP
    assert policy is None
    assert (route.avoidable_usd.est, route.share_moved) == (0, 0)


def test_a_tier_that_holds_everywhere_is_a_switch(tmp_path: Path) -> None:
    """A whole-route switch saves more than any part of it, and is what is recommended."""
    route, policy = make_routed(tmp_path, {"small": Planted(regress=0.005, gain=0.005)}, shows=True, n=4000).judge()
    assert route.verdict is Verdict.SWITCH
    assert policy is not None
    assert policy.tuned.policy.kind == "static"
    assert route.avoidable_usd.est == pytest.approx(route.candidates[0].saving_usd.est)  # type: ignore[union-attr]


def test_moving_little_by_lot_is_not_a_split(tmp_path: Path) -> None:
    """A part so small that its loss drowns in the margin, though the part itself loses more, is not recommended."""
    planted = Planted(regress=0.12, gain=0.0, regress_hard=0.3)
    route, policy = make_routed(tmp_path, {"small": planted}, shows=True).judge()
    assert policy is None
    assert route.verdict is Verdict.KEEP


def test_a_useless_signal_does_not_beat_a_lot(tmp_path: Path) -> None:
    """Every request loses at random, a little more than the margin: no signal can choose, and none is recommended."""
    planted = Planted(regress=0.0365, gain=0.006)
    found = [make_routed(tmp_path, {"small": planted}, shows=False, seed=seed).judge()[0] for seed in (1, 6)]
    assert [route.verdict for route in found if route.verdict in (Verdict.SWITCH, Verdict.SPLIT)] == []
    assert any(p.certified and p.kind != "static" for route in found for p in route.policies)


def test_a_split_carries_the_tests_of_what_it_moves(told: Told) -> None:
    """The finding of a Split has two tables, over all traffic and over the part, and what was shown of the part."""
    route, policy = told.route, told.policy
    assert policy is not None
    chosen = next(p for p in route.policies if p.params.get("recommended"))
    assert chosen.table is not None
    assert chosen.moved is not None
    assert chosen.moved.holds is True
    assert chosen.moved.p_mix is not None
    assert chosen.moved.p_mix < 0.05
    assert chosen.table.n == policy.n
    assert chosen.moved.table.n == policy.n_moved
    one, whole = chosen.moved.table, chosen.table
    assert (one.only_today, one.only_after) == (whole.only_today, whole.only_after)


@pytest.mark.acceptance(16)
def test_the_list_does_not_depend_on_certification_verdicts(tmp_path: Path) -> None:
    """Turning every verdict of the certification split round changes no policy, no order and no digest."""
    routed = make_routed(tmp_path, {"small": HALF_GOOD, "medium": Planted(regress=0.02, gain=0.01)}, shows=True)
    tables = routed.world.tables
    certifying = tables.slice.filter(pl.col("split") == "certification", pl.col("purpose") == "quality")["exchange_id"]
    tuning = tables.slice.filter(pl.col("split") == "tuning", pl.col("purpose") == "quality")["exchange_id"]
    poison = pl.col("exchange_id").is_in(certifying.implode()) & ~pl.col("exchange_id").is_in(tuning.implode())
    accepted = tables.accepted.with_columns(
        accepted=pl.when(poison).then(~pl.col("accepted")).otherwise(pl.col("accepted"))
    )
    assert not accepted.equals(tables.accepted)
    poisoned = replace(routed, world=replace(routed.world, tables=replace(tables, accepted=accepted)))
    assert document([sealed(routed)]) == document([sealed(poisoned)])
    assert poisoned.judge()[0] != routed.judge()[0]


def test_the_list_sees_no_certification_verdict_at_all(told: Told) -> None:
    """What the choice is given holds verdicts of the tuning draws only."""
    tables = told.routed.world.tables.before_certification()
    tuning = tables.slice.filter(pl.col("split") == "tuning", pl.col("purpose") == "quality")["exchange_id"]
    assert set(tables.accepted["exchange_id"]) <= set(tuning)
    assert len(tables.accepted) > 0


def test_the_sealed_document_names_what_was_tested(told: Told) -> None:
    """`policies.json` has every tested policy in order with the digest that the findings repeat."""
    route = told.route
    written = document([sealed(told.routed)])["routes"]["/r"]
    json.dumps(written, allow_nan=False)
    tested = [p for p in route.policies if "position" in p.params]
    assert [p.params["position"] for p in tested] == list(range(1, len(written["policies"]) + 1))
    assert {p.params["sealed"] for p in tested} == {written["digest"]}
    assert [p.kind for p in tested] == [entry["policy"]["kind"] for entry in written["policies"]]
    assert [entry["loss"] for entry in written["policies"]] == sorted(e["loss"] for e in written["policies"])


def test_another_threshold_is_another_digest(told: Told, tmp_path: Path) -> None:
    """The digest pins every parameter of every policy."""
    one = sealed(told.routed)
    other = sealed(make_routed(tmp_path, {"small": HALF_GOOD}, shows=True, seed=1))
    assert one.order.digest != other.order.digest


def test_policies_are_chosen_once_while_what_they_are_chosen_from_stays(told: Told) -> None:
    """At the end of a run the choices of its rounds stand, whatever the certification split has shown since; a route
    whose design or whose tuning draws are others is chosen for anew."""
    world = told.routed.world
    static = PolicyInputs(alpha=world.settings.alpha)
    first = prepare(world.tables, [world.design], static)
    tunes = world.tables.slice.filter((pl.col("purpose") == "quality") & (pl.col("split") == "tuning"))["exchange_id"]
    tuning = pl.col("exchange_id").is_in(tunes.implode())
    for split, stays in ((~tuning, True), (tuning, False)):
        answers = split & (pl.col("tier") == "small")
        verdict = pl.when(answers).then(~pl.col("accepted")).otherwise("accepted")
        now = replace(world.tables, accepted=world.tables.accepted.with_columns(accepted=verdict))
        assert set(first.unchanged(now, [world.design]).sealed) == ({"/r"} if stays else set())
        again = prepare(now, [world.design], static, first.unchanged(now, [world.design]))
        assert (again.sealed["/r"] is first.sealed["/r"]) is stays
        assert again.sealed["/r"].plain() == prepare(now, [world.design], static).sealed["/r"].plain()
    unasked = replace(world.design, candidates=())
    assert first.unchanged(world.tables, [unasked]).sealed == {}
    assert first.unchanged(world.tables, []).sealed == {}


def test_at_most_twenty_policies_with_every_static_one(tmp_path: Path) -> None:
    """However many candidates, the list stays short and holds the whole-route switch to each that is not dropped."""
    planted = {f"t{i}": replace(HALF_GOOD, cost_share=0.1 + i / 50) for i in range(6)}
    found = sealed(make_routed(tmp_path, planted, shows=True))
    assert len(found.policies) <= MAX_POLICIES
    assert {t.policy.tier for t in found.policies if t.policy.kind == "static"} == set(planted) - set(found.dropped)


def test_no_policy_waits_behind_one_that_another_tier_beats(tmp_path: Path) -> None:
    """Of two tiers of which one loses less and costs less, the dearer keeps its whole-route switch and little else."""
    planted = {"good": HALF_GOOD, "poor": replace(HALF_GOOD, regress=0.06, cost_share=0.13)}
    routed = make_routed(tmp_path, planted, shows=True, n=4000)
    everybody = replace(routed.world.design, looks=())
    found = prepare(routed.world.tables, [everybody], routed.bench()).sealed["/r"].policies
    learned = [t for t in found if t.policy.kind != "static"]
    fit = [t for t in found if len(t.policy.asks) == 1]
    for one in learned:
        others = [other for other in fit if other.policy.tier != one.policy.tier]
        assert not [t for t in others if t.loss < one.loss and t.saving_share > one.saving_share]
    assert {t.policy.tier for t in found if t.policy.kind == "static"} == {"good", "poor"}
    assert len([t for t in learned if t.policy.tier == "good"]) > len([t for t in learned if t.policy.tier == "poor"])


def test_an_answer_check_pays_for_every_call(tmp_path: Path) -> None:
    """A cascade escalates what its check refuses, loses nothing there, and pays both tiers for it."""
    refusing = Planted(regress=0.0, gain=0.0, statuses={"refused": 0.2}, cost_share=0.3)
    routed = make_routed(tmp_path, {"small": refusing}, shows=True, n=4000)
    route, policy = routed.judge(routed.bench([VerifierSpec(name="answered", params={})]))
    cascade = next(p for p in route.policies if p.kind == "cascade")
    static = next(p for p in route.policies if p.kind == "static")
    assert cascade.quality_loss is not None
    assert static.quality_loss is not None
    assert cascade.quality_loss.est <= 0 < static.quality_loss.est
    assert cascade.params["share_escalated"] == pytest.approx(0.2, abs=0.04)
    assert cascade.saving_usd is not None
    # Of each dollar 0.3 is always paid, and 0.2 once more in full.
    assert cascade.saving_usd.est / routed.world.design.auditable_usd == pytest.approx(1 - 0.3 - 0.2, abs=0.12)
    assert route.verdict is Verdict.SPLIT
    assert policy is not None
    assert policy.tuned.policy.verifier is not None


def test_a_written_rule_is_tested_like_a_learned_one(tmp_path: Path) -> None:
    """It stands in the sealed list by its text, is certified where it is true, and not where it is wrong."""
    routed = make_routed(tmp_path, {"small": HALF_GOOD}, shows=True)
    rules = [
        ("small", "messages <= 1"),
        ("small", "messages > 1"),
        ("small", "messages <= 1"),
        ("medium", "messages <= 1"),
    ]
    route, policy = routed.judge(routed.bench(rules=rules))
    written = {p.params["when"]: p for p in route.policies if "when" in p.params}
    assert set(written) == {"messages <= 1", "messages > 1"}
    assert written["messages <= 1"].certified
    assert not written["messages > 1"].certified
    assert written["messages <= 1"].params["conditions"] == [{"feature": "messages", "op": "<=", "value": 1}]
    assert policy is not None


@pytest.mark.parametrize("when", ["last_user !~ 'thread'", "messages <= 1"])
def test_a_policy_that_reads_masked_texts_says_what_it_was_tested_on(tmp_path: Path, when: str) -> None:
    """Where the log has placeholders, a rule on texts carries a caveat with their number; one on counts does not."""
    routed = make_routed(tmp_path, {"small": HALF_GOOD}, shows=True)
    told = {}
    for fp, request in routed.requests.items():
        thread, masked = len(request.messages) > 1, int(fp[-2:], 36) % 5 == 0
        text = request.last_user + (" thread" if thread else "") + (" <email:0a1b2c>" if masked else "")
        told[fp] = replace(request, messages=[*request.messages[:-1], {"role": "user", "content": text}])
    route, policy = replace(routed, requests=told).judge(replace(routed.bench(rules=[("small", when)]), requests=told))
    assert policy is not None
    assert policy.tuned.policy.signal is not None
    assert reads_text(policy.tuned.policy.signal) is ("last_user" in when)
    said = [one for one in route.caveats if "the log has placeholders" in one]
    assert len(said) == ("last_user" in when)


def test_a_rule_on_top_and_a_check_as_the_net(tmp_path: Path) -> None:
    """Where each half leaves losses to the other, a signal with a check behind it is proposed, and walks as both."""
    planted = Planted(regress=0.0, gain=0.0, regress_hard=0.5, statuses={"refused": 0.15}, cost_share=0.2)
    routed = make_routed(tmp_path, {"small": planted}, shows=True, n=4000)
    route, policy = routed.judge(routed.bench([VerifierSpec(name="answered", params={})]))
    both = [p for p in route.policies if p.kind == "cascade" and "signal" in p.params]
    assert both
    assert any(p.certified for p in both)
    assert policy is not None
    chosen = policy.tuned.policy
    assert chosen.signal is not None
    assert chosen.verifier is not None
    assert policy.share_moved == pytest.approx(0.6 * 0.85, abs=0.08)
    assert "checked by answered" in route.reason


def test_the_bake_off_shows_what_nobody_can_deploy(told: Told) -> None:
    """Beside the tested policies stand the best single tier, a random mix of equal cost, and the oracle."""
    route = told.route
    beside = {p.kind: p for p in route.policies if p.params.get("descriptive")}
    assert set(beside) == {"best_single_tier", "random_mix", "oracle"}
    assert not any(p.certified for p in beside.values())
    chosen = next(p for p in route.policies if p.params.get("recommended"))
    mix, oracle = beside["random_mix"], beside["oracle"]
    assert chosen.quality_loss is not None
    assert mix.quality_loss is not None
    assert oracle.quality_loss is not None
    assert mix.quality_loss.est > chosen.quality_loss.est >= oracle.quality_loss.est


def test_without_requests_only_whole_routes_are_tested(told: Told) -> None:
    """A run whose bodies are gone still tests its candidates."""
    world = told.routed.world
    traffic = RouteTraffic(spend_by_model={"large-1": world.design.spend_usd}, unreplayable={})
    route = find_route(world.tables, world.design, traffic, world.tiers, world.settings).finding
    assert {p.kind for p in route.policies} == {"static", "best_single_tier", "oracle"}


@pytest.mark.acceptance(29)
@pytest.mark.parametrize("seed", range(2))
def test_row_order_changes_nothing(tmp_path: Path, seed: int) -> None:
    """Shuffled tables give the same list and the same finding, to the last digit."""
    routed = make_routed(tmp_path, {"small": HALF_GOOD}, shows=True, seed=seed, n=1200)
    tables = routed.world.tables
    shuffled = replace(
        tables,
        slice=tables.slice.sample(fraction=1, shuffle=True, seed=1),
        replays=tables.replays.sample(fraction=1, shuffle=True, seed=2),
        accepted=tables.accepted.sample(fraction=1, shuffle=True, seed=3),
    )
    other = replace(routed, world=replace(routed.world, tables=shuffled))
    assert other.judge() == routed.judge()


def test_checks_come_from_criteria_that_need_no_right_answer() -> None:
    """A schema, a pattern and a list of words can be checked in production; a reference cannot."""
    from audit.core.settings import Settings

    criteria = [
        {"type": "is-json", "value": {"type": "object"}},
        {"type": "regex", "value": "^A"},
        {"type": "regex", "value": "("},
        {"type": "one-of", "value": ["a", "b"], "extract": {"regex": "x(.)"}},
        {"type": "one-of", "value": "{{reference}}"},
        {"type": "equals", "value": "{{reference}}"},
    ]
    settings = Settings.model_validate({"routes": [{"match": "*", "assert": criteria}]})
    found = checks_of(settings.routes[0], Path())
    assert [spec.name for spec in found] == ["answered", "schema", "regex", "one-of"]
    assert found[3].params == {"values": ["a", "b"], "extract": "x(.)"}


def self_certifying(tmp_path: Path, *, regress: float) -> Routed:
    """A world whose criteria ask for JSON and for the right answer; the incumbent's answers are often no JSON.

    The candidate's answers lose `regress` in what they say. A cascade that checks for JSON keeps only JSON, so by all
    criteria together it gains where the incumbent's form fails, whatever its answers say.
    """
    n, rng = 4000, np.random.default_rng(5)
    routed = make_routed(tmp_path, {"small": Planted(regress=regress, gain=0.0, cost_share=0.1)}, shows=False, n=n)
    form = {"incumbent": rng.random(n) >= 0.15, "candidate": rng.random(n) >= 0.2}
    tables = routed.world.tables

    def formed(rows: pl.DataFrame, places: pl.Series) -> pl.Series:
        pairs = zip(rows["arm"], places, strict=True)
        return pl.Series([bool(form[arm][place]) for arm, place in pairs], dtype=pl.Boolean)

    accepted, replays = tables.accepted, tables.replays
    by_id = pl.Series([int(name[:8], 16) for name in accepted["exchange_id"]])
    by_fp = pl.Series([int(name[2:]) for name in replays["request_fp"]])
    texts = ['{"a": 1}' if good else "no JSON" for good in formed(replays, by_fp)]
    tables = replace(
        tables,
        accepted=accepted.with_columns(accepted=pl.col("accepted") & formed(accepted, by_id)),
        replays=replays.with_columns(text=pl.Series(texts)),
    )
    return replace(routed, world=replace(routed.world, tables=tables))


def test_a_check_does_not_certify_itself(tmp_path: Path) -> None:
    """By all criteria the cascade gains and by what its answers say it loses far more than the margin: no Split."""
    routed = self_certifying(tmp_path, regress=0.085)
    route, policy = routed.judge(routed.bench([VerifierSpec(name="schema", params={})]))
    cascades = [p for p in route.policies if p.kind == "cascade"]
    assert policy is None
    assert not any(p.certified for p in cascades)
    assert all(p.quality_loss is not None and p.quality_loss.est < 0.03 for p in cascades)


def test_a_check_is_certified_by_what_it_does_not_enforce(tmp_path: Path) -> None:
    """The same check over answers that say what the incumbent's say: both claims hold, and it is recommended."""
    routed = self_certifying(tmp_path, regress=0.002)
    _, policy = routed.judge(routed.bench([VerifierSpec(name="schema", params={})]))
    assert policy is not None


def test_where_no_criterion_sees_what_an_answer_says_no_check_is_proposed(tmp_path: Path) -> None:
    """Without a criterion beyond form there is nothing that a cascade could be certified by."""
    routed = self_certifying(tmp_path, regress=0.002)
    blind = routed.world.tables.accepted.with_columns(accepted_content=pl.lit(None, dtype=pl.Boolean))
    routed = replace(routed, world=replace(routed.world, tables=replace(routed.world.tables, accepted=blind)))
    route, _ = routed.judge(routed.bench([VerifierSpec(name="schema", params={})]))
    assert not [p for p in route.policies if p.kind == "cascade"]


@pytest.mark.parametrize("seed", [None, 2])
def test_a_p_value_is_that_of_the_table_beside_it(told: Told, tmp_path: Path, seed: int | None) -> None:
    """Whoever recomputes it from the printed pairs finds it, whichever look certified the policy first."""
    other = None if seed is None else make_routed(tmp_path, {"small": HALF_GOOD}, shows=True, seed=seed)
    route = told.route if other is None else other.judge()[0]
    printed = [(p.params["p_value"], p.table) for p in route.policies if p.table is not None and p.kind != "cascade"]
    assert any(p is not None and p < 0.05 for p, _ in printed)
    for p, table in printed:
        assert table is not None
        if p is not None:
            counts = PairCounts(b=table.only_today, c=table.only_after, n=table.n)
            assert p == pytest.approx(p_pass(counts, margin=route.margin), rel=1e-6)


def test_a_route_is_judged_quickly(tmp_path: Path) -> None:
    """Twenty policies on 400 certification pairs take two seconds of processor time, so fifty routes two minutes."""
    planted = dict.fromkeys(("small", "medium"), HALF_GOOD)
    routed = make_routed(tmp_path, planted, shows=True, n=600)
    started = time.process_time()
    routed.judge()
    assert time.process_time() - started < 6.0
