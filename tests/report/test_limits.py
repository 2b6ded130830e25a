"""What the figures say nothing of stands on the first screen of every face."""

from dataclasses import replace

import pytest

from audit.core.criteria import CriteriaCheck, Grade, LogProblem
from audit.core.finding import Findings
from audit.core.mixture import UnpricedModel
from audit.core.reason import Reason
from audit.report.html import render_html
from audit.report.markdown import summary_markdown
from audit.report.terminal import plain, summary_lines
from audit.report.words import MOST_UNSEEN, UNSEEN
from tests.report.fixtures import all_keep, proven

WIDTHS = (60, 80, 120)


def first_screens(findings: Findings) -> dict[str, str]:
    """What each face says before its sections, on one line."""
    html = render_html(findings, [])
    said = {f"terminal {width}": plain(summary_lines(findings, width=width)) for width in WIDTHS}
    said |= {"summary": summary_markdown(findings).partition("| Route |")[0]}
    said |= {"report": html.partition('id="routes"')[0]}
    return {face: " ".join(text.split()).replace("&#96;", "`") for face, text in said.items()}


def with_problem(findings: Findings, reason: Reason, *, stops: bool = False) -> Findings:
    """The findings, in whose routes scoring the log's own answers found something."""
    problem = LogProblem(reason=reason, detail="total, vat", count=812, of=900, example_id="ab12", stops=stops)
    check = CriteriaCheck(digest="d", grade=Grade.AGREEMENT, problems=(problem,))
    return replace(findings, routes=tuple(replace(one, criteria=check) for one in findings.routes))


@pytest.mark.parametrize("reason", UNSEEN)
def test_what_moves_unjudged_is_on_every_first_screen(reason: Reason) -> None:
    """With its counts; of routes that stay nothing is said, and of many routes not everything."""
    found = with_problem(proven(), reason)
    moving = [one for one in found.routes if one.recommendation.moves_traffic]
    for face, said in first_screens(found).items():
        assert said.count("812 of 900") == min(len(moving), MOST_UNSEEN), face
    for face, said in first_screens(with_problem(all_keep(), reason)).items():
        assert "812 of 900" not in said, face


@pytest.mark.parametrize("named", [1, 3, 9])
def test_models_without_a_price_are_named_by_every_face(named: int) -> None:
    """And the amount of the headline is said to be of the others alone."""
    found = proven()
    models = tuple(UnpricedModel(model=f"m-{n}", provider="azure", reason="x", requests=10) for n in range(named))
    share = found.mix.requests // 5
    mix = replace(found.mix, unpriced_requests=share, unpriced_models=models)
    for face, said in first_screens(replace(found, mix=mix)).items():
        assert "m-0 at azure 10" in said, face
        assert (f"{named - 3} more models" in said) == (named > 3), face
        assert "(20%) have no known cost" in said, face


def test_a_log_without_any_price_was_not_paid_with_zero_dollars() -> None:
    """Unknown is never $0."""
    found = all_keep()
    unknown = replace(found.mix.total, unpriced_requests=found.mix.total.requests, spend_usd=0.0)
    mix = replace(found.mix, total=unknown, unpriced_requests=found.mix.requests, spend_usd=0.0)
    for face, said in first_screens(replace(found, mix=mix, spend_usd=0.0)).items():
        assert "You paid $0" not in said, face
        assert "not known" in said or "unknown" in said, face
