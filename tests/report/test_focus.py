"""The audit as cost rows: FOCUS columns, sums, and cells that no spreadsheet runs."""

import csv
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

from audit.core.finding import Findings
from audit.report.focus import COLUMNS, SPECIFIED, focus_csv
from tests.golden_file import assert_golden
from tests.report.fixtures import STATES, changed, proven, scan_only

GOLDEN = Path(__file__).parent / "golden"

VALIDATED = {"ChargeType", "InvoiceIssuer", "Provider", "Publisher", "ResourceID"}
"""Names that the public validator asks for beside the specification's own."""
OBLIGATORY = {
    *("BilledCost", "BillingAccountId", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory"),
    *("ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart", "ContractedCost", "EffectiveCost"),
    *("InvoiceIssuerName", "ListCost", "ProviderName", "PublisherName", "ServiceCategory", "ServiceName"),
}
"""Columns of FOCUS 1.0 that may not be empty."""


def rows(findings: Findings) -> list[dict[str, str]]:
    """The file as a spreadsheet reads it."""
    return list(csv.DictReader(StringIO(focus_csv(findings))))


def test_the_file() -> None:
    """One row per route, the same bytes each time."""
    assert_golden(GOLDEN / "focus.csv", focus_csv(proven()))


def test_columns_are_focus_or_ours() -> None:
    """What is not a name of the specification has the prefix for custom columns, but for the validator's five."""
    assert len(SPECIFIED) == 43
    assert {name for name in COLUMNS if not name.startswith("x_")} == {*SPECIFIED, *VALIDATED}
    assert len(set(COLUMNS)) == len(COLUMNS)


@pytest.mark.parametrize("name", STATES)
def test_nothing_obligatory_is_empty_and_decimals_have_a_point(name: str) -> None:
    """A dated log gives rows that conform; a whole amount is still a decimal."""
    for row in rows(replace(STATES[name](), window={"from": "2026-12-01", "to": "2026-12-31"})):
        assert not {column for column in OBLIGATORY if row[column] == ""}
        assert all("." in row[column] for column in ("BilledCost", "ListCost", "ConsumedQuantity", "PricingQuantity"))


def test_a_billing_period_is_whole_months() -> None:
    """From the first of the log's first month to the first after its last."""
    (row, *_) = rows(replace(proven(), window={"from": "2026-11-20", "to": "2026-12-31"}))
    assert (row["BillingPeriodStart"], row["BillingPeriodEnd"]) == ("2026-11-01T00:00:00Z", "2027-01-01T00:00:00Z")


@pytest.mark.parametrize("name", STATES)
def test_sums_are_the_totals(name: str) -> None:
    """Billed cost adds up to the log's spend, avoidable cost to what the report says; every row has every column."""
    findings = STATES[name]()
    found = rows(findings)
    models = {row.name: len(row.models) for row in findings.mix.by_route}
    assert len({row["x_Route"] for row in found}) == len(findings.routes)
    assert len(found) == sum(models[route.route] for route in findings.routes)
    assert all(set(row) == set(COLUMNS) for row in found)
    billed = sum(route.spend_usd for route in findings.routes)
    assert sum(float(row["BilledCost"]) for row in found) == pytest.approx(billed, abs=1e-5 * max(len(found), 1))
    if findings.tested:
        avoidable = sum(route.avoidable_usd.est for route in findings.routes)
        assert sum(float(row["x_AvoidableCost"] or 0) for row in found) == pytest.approx(avoidable, abs=1e-3)


def test_each_model_has_its_own_cost_and_the_route_one_saving() -> None:
    """Models, requests and dollars are the mix's; a verdict stands on all rows, its dollars on the model replaced."""
    findings = proven()
    route, mix = findings.routes[0], next(row for row in findings.mix.by_route if row.name == findings.routes[0].route)
    assert len(mix.models) > 1
    found = [row for row in rows(findings) if row["x_Route"] == route.route]
    told = [(row["SkuId"], float(row["ConsumedQuantity"]), float(row["BilledCost"])) for row in found]
    assert told == [(one.model, one.requests, pytest.approx(one.spend_usd, abs=1e-6)) for one in mix.models]
    assert {row["x_Verdict"] for row in found} == {route.verdict.value}
    assert [row["SkuId"] for row in found if row["x_AvoidableCost"]] == [route.incumbent]
    # A route whose largest model is the one to move to: what is saved is saved on the others.
    moved = replace(route, recommendation=replace(route.recommendation, model=route.incumbent))
    found = [row for row in rows(replace(findings, routes=(moved,))) if row["x_AvoidableCost"]]
    assert [row["SkuId"] for row in found] == [mix.models[1].model]


def test_the_end_of_a_period_is_exclusive() -> None:
    """The day after the log's last one, at midnight UTC; a log without dates has no period."""
    dated = replace(proven(), window={"from": "2026-12-01", "to": "2026-12-31"})
    assert (rows(dated)[0]["ChargePeriodStart"], rows(dated)[0]["ChargePeriodEnd"]) == (
        "2026-12-01T00:00:00Z",
        "2027-01-01T00:00:00Z",
    )
    assert rows(replace(dated, window={"from": None, "to": None}))[0]["ChargePeriodEnd"] == ""


def test_what_was_not_tested_is_empty_not_zero() -> None:
    """Nothing replayed: nothing is known to be avoidable."""
    found = rows(scan_only())
    assert {row["x_AvoidableCost"] for row in found} == {""}
    assert {row["x_Verdict"] for row in found} == {"not_tested"}


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t=", "\r=", " =", "＝", "＋", "－", "＠"])
def test_no_cell_is_a_formula(sign: str) -> None:
    """Text that a spreadsheet would run starts with an apostrophe; numbers stay numbers, negative ones too."""
    name = f'{sign}cmd|" /C calc"!A1\n,x'
    route = changed(proven().routes[0], route=name, incumbent=name, candidate=name)
    (row,) = rows(replace(proven(), routes=(route,), run_id=name))
    for column in ("x_Route", "ServiceName", "x_Candidate", "x_RunId"):
        assert row[column].startswith("'"), column
        assert "\n" not in row[column]
    assert row["Tags"].startswith("{")
    assert float(row["x_QualityDeltaLow"]) < 0


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝"])
def test_no_part_of_a_cell_is_a_formula_where_semicolons_part_cells(sign: str) -> None:
    """Spreadsheets of many countries cut a line at `;`, quotes or none: what follows has an apostrophe too."""
    name = f"a; {sign}cmd,;{sign}x"
    route = changed(proven().routes[0], route=name, incumbent=name, candidate=name)
    text = focus_csv(replace(proven(), routes=(route,), run_id=name))
    parts = [part.strip(' ,"') for line in text.splitlines()[1:] for part in line.split(";")[1:]]
    assert parts
    assert not any(part.startswith(sign) for part in parts)


def test_a_cost_that_nobody_knows_is_no_row_of_zero() -> None:
    """A model without a known cost has no row, and a part without one is counted beside the cost of the others."""
    findings = proven()
    mix = next(row for row in findings.mix.by_route if row.name == findings.routes[0].route)
    first, second, *_ = mix.models
    free = replace(second, spend_usd=0.0, unpriced_requests=second.requests)
    models = (replace(first, spend_usd=mix.spend_usd, unpriced_requests=3), free, *mix.models[2:])
    models = tuple(replace(one, spend_usd=0.0) if one not in models[:2] else one for one in models)
    changed_mix = replace(findings.mix, by_route=(replace(mix, models=models),))
    found = rows(replace(findings, mix=changed_mix, routes=findings.routes[:1]))
    assert second.model not in {row["SkuId"] for row in found}
    assert {row["SkuId"]: row["x_UnpricedRequests"] for row in found}[first.model] == "3"
    unknown = replace(mix, unpriced_requests=mix.requests, models=())
    only = replace(findings, routes=findings.routes[:1], mix=replace(findings.mix, by_route=(unknown,)))
    assert rows(only) == []


def test_demo_data_say_so() -> None:
    """In every row."""
    assert {row["x_Data"] for row in rows(replace(proven(), demo=True))} == {"demo"}
    assert {row["x_Data"] for row in rows(replace(proven(), simulated=("local",)))} == {"simulated"}


@pytest.mark.parametrize(("provider", "named"), [("bedrock", "bedrock"), ("openai-compatible", "unknown")])
def test_a_way_to_ask_is_not_who_is_paid(provider: str, named: str) -> None:
    """A tier that any server of a protocol could answer names no vendor."""
    findings = proven()
    tiers = {"today": {"model": findings.routes[0].incumbent, "provider": provider}}
    found = rows(replace(findings, provenance=replace(findings.provenance, tiers=tiers)))
    of_it = {row["ProviderName"] for row in found if row["ServiceName"] == findings.routes[0].incumbent}
    assert of_it == {named}


def test_the_log_says_who_served_a_model() -> None:
    """It goes before a tier, which says who would be asked; a server of one's own is no vendor."""
    findings = proven()
    model = findings.routes[0].incumbent
    tiers = {"today": {"model": model, "provider": "openai"}}
    asked = replace(findings, provenance=replace(findings.provenance, tiers=tiers))
    for logged, named in (("azure", "azure"), ("vllm", "openai"), (None, "openai")):
        mix = replace(findings.mix, providers={model: logged} if logged else {})
        found = {row["ProviderName"] for row in rows(replace(asked, mix=mix)) if row["ServiceName"] == model}
        assert found == {named}
