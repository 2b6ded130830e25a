"""A real language model at the end of the whole chain. It is asked in every run by `tests/llm/test_real_model.py`."""

from pathlib import Path

import polars as pl
import pytest

from audit.core.artifacts import RunFolder
from audit.core.finding import Verdict
from tests.demo_local import ROUTE, local_audit
from tests.real_model import needs_real_model

EXCHANGES = 35

pytestmark = [pytest.mark.slow, pytest.mark.model, needs_real_model]


def test_exchanges_against_a_real_model(tmp_path: Path) -> None:
    """Exchanges of the demo's log are answered by a real model, scored, judged and reported."""
    findings = local_audit(tmp_path, EXCHANGES)
    folder = RunFolder(tmp_path / "run")
    replays = pl.read_parquet(folder.replay_table)
    assert EXCHANGES - 10 <= replays.height <= EXCHANGES
    assert set(replays["served_from"].cast(pl.String)) == {"network"}
    assert set(replays["status"].cast(pl.String)) <= {"ok", "truncated"}
    assert replays["completion_tokens"].min() > 0  # type: ignore[operator]
    assert replays["text"].n_unique() > 3
    route = next(route for route in findings.routes if route.route == ROUTE)
    candidate = route.candidates[0]
    assert candidate.n >= 12
    assert route.verdict is not Verdict.SWITCH
    assert candidate.candidate_rate is not None
    assert candidate.incumbent_rate is not None
    assert candidate.candidate_rate.est < candidate.incumbent_rate.est
    assert not findings.simulated
    assert findings.replay_cost_usd > 0
    assert "SmolLM2-135M" in folder.report.read_text("utf-8")
