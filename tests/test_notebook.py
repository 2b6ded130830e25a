"""`audit.open`: a run folder as frames that say what its findings say."""

import math
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import audit
from audit.core.artifacts import RunFolder, write_cases, write_findings
from audit.core.errors import InputError
from audit.core.finding import Findings
from audit.core.interval import Estimate
from audit.notebook import FinishedRun
from tests.report.fixtures import STATES, cases

ESTIMATES = ("avoidable_usd", "deciding_delta", "quality_delta", "accepted_today", "cost_usd")


def opened(folder: Path, findings: Findings) -> FinishedRun:
    """A run folder with these findings, opened."""
    made = RunFolder(folder / "run").create()
    write_findings(made.findings, findings)
    write_cases(made.cases, cases())
    made.record("findings", {"scores": "x"})
    return audit.open(made.path)


@pytest.mark.parametrize("state", sorted({*STATES} - {"many_routes"}))
def test_frames_say_what_the_findings_say(state: str, tmp_path: Path) -> None:
    """Whatever an audit concludes: one row a route, the recommendation's own numbers, null where an end is open."""
    findings = STATES[state]()
    run = opened(tmp_path, findings)
    assert run.findings == findings
    assert run.routes["route"].to_list() == [route.route for route in findings.routes]
    for route, row in zip(findings.routes, run.routes.iter_rows(named=True), strict=True):
        assert (row["verdict"], row["tier"]) == (route.verdict.value, route.recommendation.tier)
        assert row["pairs"] == route.recommendation.pairs.n
        for name in ESTIMATES:
            found = getattr(route.recommendation, name, None) or getattr(route, name, None)
            assert isinstance(found, Estimate | None)
            ends = (None, None, None) if found is None else (found.est, found.lo, found.hi)
            assert (row[name], row[f"{name}_low"], row[f"{name}_high"]) == ends, name
    assert math.isclose(run.routes["avoidable_usd"].sum(), findings.avoidable_usd.est, abs_tol=1e-6)
    assert len(run.candidates) == sum(len(route.candidates) for route in findings.routes)
    assert len(run.mix) == sum(len(row.models) for row in findings.mix.by_route)
    assert run.trend.schema["day"] == pl.Date
    assert run.cases["case_id"].to_list() == [case.case_id for case in cases()]


def test_columns_have_a_type_even_without_a_value(tmp_path: Path) -> None:
    """What joins or stacks two runs need not know which of them was empty."""
    frames = [opened(tmp_path / name, STATES[name]()) for name in ("no_routes", "scan_only", "proven")]
    for name in ("routes", "candidates", "mix", "trend", "cases"):
        schemas = {tuple(getattr(run, name).schema.items()) for run in frames}
        assert len(schemas) == 1, name
        assert pl.Null not in dict(next(iter(schemas))).values()


def test_a_notebook_shows_the_run_in_one_line(tmp_path: Path) -> None:
    """Routes, dollars, and whose answers they were; names of a log are no HTML."""
    run = opened(tmp_path, STATES["demo"]())
    assert repr(run).startswith(f"audit run {run.findings.run_id}: ")
    assert "demo data" in repr(run)
    assert run._repr_html_().startswith("<p>audit run ")


def test_names_of_a_log_are_no_html(tmp_path: Path) -> None:
    """A route's name reaches a notebook's page as text."""
    first = STATES["one_route"]()
    route = replace(first.routes[0], route="<script>alert(1)</script>")
    shown = opened(tmp_path, replace(first, routes=(route,)))._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    """No run at all, and a part of one that was never made."""
    with pytest.raises(InputError, match="no"):
        audit.open(tmp_path / "nothing")
    run = opened(tmp_path, STATES["demo"]())
    for read in (run.traffic, run.replays, run.accepted, run.scores):
        with pytest.raises(InputError, match="has no "):
            read()
