"""Policies carved from what is certified: for a part of the traffic, under a latency limit, under a budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from audit.core.errors import InputError, UnknownName
from audit.core.interval import Estimate
from audit.core.options import Option, PolicyOptions, RouteOptions, Segment
from audit.policy.budget import STEPS, budget_of, certain, within_budget
from audit.policy.carve import Carved, Wish, carve
from audit.policy.segments import part_of
from tests.policy.world import RULES, entry, policy


def money(est: float, half: float = 0.0) -> Estimate:
    """Dollars with an interval."""
    return Estimate(est=est, lo=est - half, hi=est + half, level=0.95)


def tenant(name: str, n: int, b: int, c: int, **rest: Any) -> Segment:
    """A tenant's counts."""
    given = {"requests": n, "spend_usd": 10.0, "missing_passed": 0, "missing_failed": 0, "moved": n}
    return Segment(name=name, n=n, b=b, c=c, saving_usd=money(5, 1), **{**given, **rest})


def option(kind: str = "static", *tenants: Segment, **rest: Any) -> Option:
    """A certified policy."""
    made = entry("/a") if kind == "static" else replace(RULES, route="/a")
    given = {
        "policy": made,
        "recommended": False,
        "deployable": True,
        "loss": 0.0,
        "saving_usd": money(40, 4),
        "latency_p95_ms": Estimate(est=700.0, lo=650.0, hi=790.0, level=0.95),
        "segments": {"tenant": tenants} if tenants else {},
        "alpha": 0.05,
        "level": 0.95,
    }
    return Option(**{**given, **rest})


def options(*routes: Sequence[Option], spend: float = 100.0) -> PolicyOptions:
    """A run's options, routes named /a, /b, ..."""
    made = []
    for letter, found in zip("abcdefgh", routes, strict=False):
        named = tuple(replace(one, policy=replace(one.policy, route=f"/{letter}")) for one in found)
        made.append(
            RouteOptions(
                route=f"/{letter}", requests=1000, spend_usd=spend, margin=0.03, least_pairs=100, options=named
            )
        )
    return PolicyOptions(run_id="r", days=30, spend_usd=spend * len(routes), confidence=0.95, routes=tuple(made))


def carved(found: PolicyOptions, **wish: Any) -> Carved:
    """The policy of a wish."""
    return carve(policy(), found, Wish(**wish))


def test_a_tenant_with_enough_good_pairs_has_its_own_certificate() -> None:
    """Its own test passes, and the file says of whom it is and what it rests on."""
    found = carved(options([option("static", tenant("acme", 400, 3, 3))]), part=part_of("tenant:acme"))
    (made,) = found.policy.routes
    assert found.policy.scope == {"tenant": "acme"}
    assert made.evidence["part"]["rests_on"] == "its own pairs"
    assert made.evidence["part"]["p_value"] <= 0.05
    assert "certified for the route as a whole; for tenant acme: 400 pairs, 0.0 [" in found.notes[0]


@pytest.mark.parametrize(
    ("counts", "said"),
    [((60, 0, 0), "100 pairs are needed"), ((150, 4, 1), "not proven above"), ((400, 80, 0), "loses more than")],
)
def test_a_certificate_of_the_route_is_not_one_of_the_tenant(counts: tuple[int, int, int], said: str) -> None:
    """Too few pairs, too many losses, or a loss that is shown: no route, and the sentence says which."""
    found = carved(options([option("static", tenant("acme", *counts))]), part=part_of("tenant:acme"))
    assert found.policy.routes == ()
    assert said in found.notes[0]


def test_resting_on_the_route_is_said_and_has_a_limit() -> None:
    """`--route-wide` takes the route's certificate, labels it, and never where the tenant is shown to lose."""
    part = part_of("tenant:acme")
    few = carved(options([option("static", tenant("acme", 60, 0, 0))]), part=part, route_wide=True)
    assert few.policy.routes[0].evidence["part"]["rests_on"] == "the route's certificate"
    assert "rests on the route's certificate" in few.notes[0]
    lost = carved(options([option("static", tenant("acme", 400, 80, 0))]), part=part, route_wide=True)
    assert lost.policy.routes == ()


def test_the_sealed_order_stops_at_the_first_failure() -> None:
    """A later policy that would pass by itself is not tested on the tenant once an earlier one has failed."""
    bad, good = tenant("acme", 300, 12, 2), tenant("acme", 300, 0, 0)
    part = part_of("tenant:acme")
    assert carved(options([option("rules", bad), option("static", good)]), part=part).policy.routes == ()
    assert carved(options([option("rules", good), option("static", bad)]), part=part).policy.routes[0].kind == "rules"
    kept_in_order = option("rules", bad, deployable=False)
    assert carved(options([kept_in_order, option("static", good)]), part=part).policy.routes == ()


def test_many_unmeasured_draws_certify_nothing() -> None:
    """As for a whole route: above two per cent of the draws."""
    lost = tenant("acme", 400, 0, 0, missing_passed=9)
    assert carved(options([option("static", lost)]), part=part_of("tenant:acme")).policy.routes == ()


def test_an_unsafe_tenant_passes_as_rarely_as_promised() -> None:
    """Over many draws of a tenant whose loss is the margin, its own test passes in at most alpha of them."""
    rng = np.random.default_rng(3)
    part, passed = part_of("tenant:acme"), 0
    for _ in range(300):
        b, c, _ = rng.multinomial(300, [0.05, 0.02, 0.93])
        passed += bool(
            carved(options([option("static", tenant("acme", 300, int(b), int(c)))]), part=part).policy.routes
        )
    assert passed / 300 <= 0.05 + 3 * (0.05 * 0.95 / 300) ** 0.5


def test_a_part_is_tested_at_the_level_of_its_look() -> None:
    """What a replay in rounds stopped at early is held to that look's share of alpha, and its wider interval."""
    counts = tenant("acme", 200, 2, 2)
    part = part_of("tenant:acme")
    assert carved(options([option("static", counts)]), part=part).policy.routes
    early = option("static", counts, alpha=0.005, level=0.99)
    found = carved(options([early]), part=part)
    assert found.policy.routes == ()
    assert "not proven above" in found.notes[0]


def test_names_that_are_not_there() -> None:
    """An unknown tenant, dimension or form is an error with what there is."""
    made = options([option("static", tenant("acme", 400, 0, 0))])
    with pytest.raises(UnknownName, match="acne") as caught:
        carved(made, part=part_of("tenant:acne"))
    assert "acme" in str([caught.value.hint, *caught.value.notes])
    for text, error in (("customer:x", UnknownName), ("acme", InputError)):
        with pytest.raises(error):
            part_of(text)


def test_latency_must_be_shown() -> None:
    """The upper bound counts, not the estimate; what has none is not shown to be quick."""
    slow = option("static", recommended=True, latency_p95_ms=Estimate(est=700, lo=600, hi=900, level=0.95))
    quick = option("rules", saving_usd=money(10, 1))
    found = carved(options([quick, slow]), latency_p95_ms=800.0)
    assert [made.kind for made in found.policy.routes] == ["rules"]
    assert "p95 at most 790 ms" in found.notes[0]
    assert carved(options([quick, slow]), latency_p95_ms=1000.0).policy.routes[0].kind == "static"
    unbounded = option("static", latency_p95_ms=Estimate(est=100, lo=None, hi=None, level=0.95))
    assert carved(options([unbounded]), latency_p95_ms=800.0).policy.routes == ()


@pytest.mark.parametrize(
    ("text", "dollars"), [("$200", 200), ("200/window", 200), ("$3,000 / month", 3000), (".5/month", 0.5)]
)
def test_budgets_are_read(text: str, dollars: float) -> None:
    """With or without the sign that a shell may eat; a month is thirty days."""
    found = budget_of(text)
    assert found.usd == dollars
    assert found.in_window(15) == (dollars / 2 if found.per == "month" else dollars)


def test_a_budget_is_no_word() -> None:
    """What is no amount is refused."""
    for text in ("cheap", "$", "200/year"):
        with pytest.raises(InputError, match="is no budget"):
            budget_of(text)


def test_a_budget_takes_the_least_loss() -> None:
    """The route that loses less is moved, the other left alone, and the note says what becomes of the spend."""
    made = options([option("static", loss=0.02)], [option("static", loss=0.001)])
    found = carved(made, budget=budget_of("$170"))
    assert [one.route for one in found.policy.routes] == ["/b"]
    assert "/a: left alone: the budget is reached without it" in found.notes
    assert "becomes at most $164" in found.notes[-1]


def test_a_budget_out_of_reach_or_met() -> None:
    """Both are errors with the figures: what is certified saves so much, or nothing has to be saved."""
    made = options([option("static")])
    with pytest.raises(InputError, match=r"surely save \$36.*leaves \$64") as caught:
        carved(made, budget=budget_of("$20"))
    assert caught.value.code == "policy.budget-unreachable"
    with pytest.raises(InputError, match=r"within .* already"):
        carved(made, budget=budget_of("$500"))
    with pytest.raises(InputError, match="whole log"):
        carved(
            options([option("static", tenant("acme", 1, 0, 0))]), budget=budget_of("$1"), part=part_of("tenant:acme")
        )


@pytest.mark.parametrize("seed", range(6))
def test_the_set_is_the_best_of_all_sets(seed: int) -> None:
    """Against trying every combination: none that reaches the budget by a step more loses less."""
    rng = np.random.default_rng(seed)
    routes = [
        [option("static", loss=float(rng.normal(0, 0.01)), saving_usd=money(float(s))) for s in rng.uniform(1, 40, 3)]
        for _ in range(4)
    ]
    made, need = options(*routes), 60.0
    asked = [(route, list(route.options)) for route in made.routes]
    chosen = within_budget(asked, made.spend_usd, budget_of(str(made.spend_usd - need)), 30)
    lost = sum(one.loss for one in chosen.values())
    assert sum(map(certain, chosen.values())) >= need
    surely = need * (1 + 4 / STEPS)
    every = product(*([None, *found] for _, found in asked))
    sets = [[one for one in found if one] for found in every]
    best = min(sum(o.loss for o in found) for found in sets if sum(map(certain, found)) >= surely)
    assert lost <= best + 1e-12
