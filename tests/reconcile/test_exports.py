"""Bills as vendors export them, of one log: nothing is unexplained, and what stands beside the usage is named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from audit.core.reconciliation import Bill, Cause, ChargeKind, Reconciliation
from audit.core.settings import ReconcileSettings
from audit.ingest.bill import read_bill
from audit.reconcile.run import reconcile
from tests.reconcile.exports import EXPORTS, Charge
from tests.reconcile.planted import START, Plan, World, world
from tests.reconcile.test_planted import causes, check_sums

THOUSANDS = {"european": 1000.0}
"""An invoice whose amounts are so large that they have signs between thousands."""


def held(name: str, folder: Path, change: Callable[[Charge], float] = lambda charge: charge[2]) -> Reconciliation:
    """A planted log beside its bill in a vendor's form, each call billed as `change` says."""
    export, times = EXPORTS[name], THOUSANDS.get(name, 1.0)
    rows, charges = [], []
    for row in sorted(world(4, Plan(cents=False)).rows, key=lambda row: row["started_at"]):
        usd, model = float(row["cost_usd_logged"]), export.models[row["model_key"]]
        paid = {"cost_usd_logged": usd * times, "cost_usd_recomputed": usd * times}
        rows.append(row | paid | {"model_key": model})
        charges.append((row["started_at"], model, usd))
    charges = [(at, model, change((at, model, usd))) for at, model, usd in charges]
    path = folder / f"bill{export.suffix}"
    path.write_text(export.text([charge for charge in charges if charge[2]]), "utf-8")
    none = Bill(name="", format="", read_as="", lines=())
    return reconcile(World(rows, none, {}).files(folder), read_bill([path], ReconcileSettings()), {})


@pytest.mark.parametrize("name", EXPORTS)
def test_a_vendors_bill_of_the_log_is_explained(name: str, tmp_path: Path) -> None:
    """Every line is read, no model is taken for another, and every step is one that the bill itself names."""
    found, export = held(name, tmp_path), EXPORTS[name]
    assert causes(found) == export.named
    assert {one.why for one in found.left_out} == export.left_out
    assert (found.unread, found.unexplained_gross_usd) == (0, 0.0)
    check_sums(found)


@pytest.mark.parametrize("name", EXPORTS)
def test_a_discount_within_a_vendors_bill_is_named(name: str, tmp_path: Path) -> None:
    """From the thirteenth on a model costs a fifth less, and from the start all cost a twentieth less."""
    model = EXPORTS[name].models["large"]
    begins = START + timedelta(days=12)

    def change(charge: Charge) -> float:
        at, of, usd = charge
        return usd * 0.95 * (0.8 if of == model and at >= begins else 1.0)

    found = held(name, tmp_path, change)
    assert causes(found) == EXPORTS[name].named | {Cause.SHARE_OFF, Cause.PRICE_CHANGED}
    (step,) = (step for step in found.steps if step.cause is Cause.PRICE_CHANGED)
    assert "0.8 times from 2026-09-13 on" in step.about
    check_sums(found)


@pytest.mark.parametrize("name", EXPORTS)
def test_a_vendors_bill_that_was_exported_twice_is_named(name: str, tmp_path: Path) -> None:
    """The same file twice is lines that stand there twice, in every form."""
    export = EXPORTS[name]
    held(name, tmp_path)
    path = tmp_path / f"bill{export.suffix}"
    copy = tmp_path / f"copy{export.suffix}"
    copy.write_bytes(path.read_bytes())
    twice = read_bill([path, copy], ReconcileSettings())
    once = read_bill([path], ReconcileSettings())
    assert len(twice.lines) == 2 * len(once.lines)
    found = reconcile([tmp_path / "traffic-0.parquet"], twice, {})
    assert Cause.BILLED_TWICE in causes(found)
    assert not causes(found) & {Cause.SHARE_ON, Cause.UNEXPLAINED, Cause.MODEL_RATE}
    steps = {step.cause: step.usd for step in found.steps}
    assert steps.get(ChargeKind.TAX, 0.0) >= 0.0
