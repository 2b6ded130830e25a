"""Why requests cost more: four causes that add up, whatever changed, and none of them for what did not."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import pytest

from audit.core.mixture import CostChange
from audit.core.rates import CallKind, Rates
from audit.core.reason import Reason
from audit.mix.run import measure_mix
from tests.mix.test_mix import row, traffic

LIST = {"big": (5.0, 25.0), "small": (0.5, 2.5)}


def listed(kind: CallKind) -> list[Rates] | Reason:
    """Two models have a list price, others none."""
    model = kind.models[0]
    return (
        [Rates(input=LIST[model][0], output=LIST[model][1], source="test")] if model in LIST else Reason.UNKNOWN_MODEL
    )


def call(
    week: int, model: str = "big", route: str = "a", prompt: int = 1000, answer: int = 100, off: float = 0, **more: Any
) -> dict[str, Any]:
    """A request of the first week or the last, paid by the list less a discount."""
    rates = LIST.get(model, (1.0, 1.0))
    cost = (rates[0] * prompt + rates[1] * answer) / 1e6 * (1 - off)
    tokens = {"prompt_tokens": prompt, "completion_tokens": answer}
    return row(day=20 * week, cost=cost, model_key=model, route=route, **tokens) | more


def change(folder: Path, rows: list[dict[str, Any]]) -> CostChange:
    """The change of the whole log."""
    found = measure_mix(traffic(folder, rows), (), listed).total.change
    assert found is not None
    return found


def test_any_change_is_divided_without_a_rest(tmp_path: Path) -> None:
    """Forty worlds with routes and models that come, go, are free, have no tokens or no list price."""
    for seed in range(40):
        chance, rows = random.Random(seed), []
        for _ in range(chance.randrange(2, 60)):
            rows.append(
                call(
                    chance.randrange(2),
                    chance.choice(["big", "small", "unlisted"]),
                    chance.choice("abc"),
                    prompt=chance.choice([0, 10, 1000, 90_000]),
                    answer=chance.choice([0, 1, 400]),
                    off=chance.choice([0, 0.1, 1]),
                )
            )
        (tmp_path / str(seed)).mkdir()
        mix = measure_mix(traffic(tmp_path / str(seed), [*rows, call(0), call(1)]), (), listed)
        for one in (mix.total, *mix.by_route, *mix.by_model):
            if one.change is None:
                continue
            parts = math.fsum(one.change.parts_usd.values())
            whole = one.change.last_per_1k_usd - one.change.first_per_1k_usd
            assert parts == pytest.approx(whole, rel=1e-9, abs=1e-8)
            assert one.change.first_per_1k_usd == pytest.approx(one.first_week_cost_per_1k_usd)
            assert one.change.last_per_1k_usd == pytest.approx(one.last_week_cost_per_1k_usd)


@pytest.mark.parametrize(
    ("cause", "first", "last"),
    [
        ("other work", [call(0), call(0, route="b", prompt=9000)], [call(1), *[call(1, route="b", prompt=9000)] * 5]),
        ("other work", [call(0)], [call(1), call(1, "small", route="new")]),
        ("other models", [call(0, "small"), call(0)], [call(1, "small"), *[call(1)] * 7]),
        ("other models", [call(0)], [call(1, "small", prompt=900)]),
        ("tokens", [call(0)], [call(1, answer=500)]),
        ("tokens", [call(0)], [call(1, prompt=200)]),
        ("price or cached share", [call(0)], [call(1, off=0.5)]),
        ("price or cached share", [call(0)], [call(1, off=1)]),
        ("price or cached share", [call(0, "unlisted", answer=10)], [call(1, "unlisted", answer=10, off=0.2)]),
    ],
)
def test_one_thing_changes_and_nothing_else_is_named(
    cause: str, first: list[dict[str, Any]], last: list[dict[str, Any]], tmp_path: Path
) -> None:
    """All of the change is its cause's: longer answers, which cost five times a prompt's token, are no dearer price."""
    found = change(tmp_path, [*first, *last])
    whole = found.last_per_1k_usd - found.first_per_1k_usd
    assert whole != 0
    assert found.parts_usd[cause] == pytest.approx(whole, rel=1e-9, abs=1e-9)


def test_what_is_not_known_is_left_out_and_told(tmp_path: Path) -> None:
    """Requests without tokens or without cost are in neither week; models without a list price are told."""
    rows = [call(0), call(1), call(1) | {"prompt_tokens": None}, call(0) | {"cost_usd_logged": None}]
    found = change(tmp_path, [*rows, call(0, "unlisted"), call(1, "unlisted")])
    assert found.left_out_requests == 2
    assert found.unlisted_share == pytest.approx(0.0011 / (0.0011 + 0.0075))
    assert found.told == ""
    assert len(found.notes) == 2


def test_a_short_log_has_no_change(tmp_path: Path) -> None:
    """Two weeks that overlap are not compared."""
    assert measure_mix(traffic(tmp_path, [row(day=0), row(day=12)]), (), listed).total.change is None


def test_causes_are_told_by_weight() -> None:
    """The largest first; what is no cent is not told."""
    change = CostChange(
        first_per_1k_usd=60, last_per_1k_usd=70.12, routes_usd=0.004, models_usd=-0.25, tokens_usd=10.37, price_usd=0
    )
    assert change.told == "tokens +$10.37, other models −$0.25"
