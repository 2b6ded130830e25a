"""Every signal on RouteLLM's published pairs, out of fold, beside the figures of its paper.

In-distribution: our signals are fitted inside these very sets, by cross-validation; theirs on other data, partly with
some of these labels. The comparison flatters ours, and is printed as such.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from audit.core.exchange import Request
from audit.embeddings import open_embedder
from audit.signals import SIGNALS, compute
from audit.signals.signal import FitData, Remembering
from tests.shared import SHARED, needs_shared
from tests.stats.routellm import apgr, apgr_interval, cpt, routing_curve

FOLDS, RESAMPLES = 5, 300
PAPER = {  # CPT 50 %, CPT 80 %, APGR of arXiv 2406.18665, v4: random, and the best router of each column
    "gsm8k": {"random": (0.500, 0.801, 0.497), "their best": (0.336, 0.633, 0.622)},
    "mmlu": {"random": (0.501, 0.799, 0.500), "their best": (0.354, 0.703, 0.603)},
}


def out_of_fold(name: str, data: FitData) -> npt.NDArray[np.float64] | None:
    """Each prompt's value by a fit on the other folds; None where a fit finds nothing."""
    folds = np.random.default_rng(0).permutation(len(data.requests)) % FOLDS
    values = np.full(len(data.requests), np.nan)
    for fold in range(FOLDS):
        held_out = folds == fold
        spec = SIGNALS.get(name).fit(data.part(~held_out))
        if spec is None:
            return None
        values[held_out] = compute(spec, data.part(held_out).requests, embedder=data.embedder)
    return values


def interval(
    need: npt.NDArray[np.float64], weak: npt.NDArray[np.float64], strong: npt.NDArray[np.float64], recovered: float
) -> tuple[float, float]:
    """Percentile bootstrap of CPT."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(RESAMPLES):
        rows = rng.integers(0, need.size, need.size)
        share = cpt(routing_curve(need[rows], weak[rows], strong[rows]), recovered)
        found.append(1.0 if share is None else share)
    return float(np.quantile(found, 0.025)), float(np.quantile(found, 0.975))


@pytest.mark.slow
@needs_shared("data/routellm/gsm8k.parquet")
@pytest.mark.parametrize("name", ["gsm8k", "mmlu"])
def test_signals_on_routellm_pairs(name: str) -> None:
    """APGR, CPT 50 and CPT 80 of every signal; the classifier beats a random router by its whole interval."""
    table = pl.read_parquet(SHARED / "data" / "routellm" / f"{name}.parquet")
    weak, strong = (table[f"{arm}_correct"].cast(pl.Float64).to_numpy() for arm in ("weak", "strong"))
    requests = [
        Request(request_fp=str(i), messages=[{"role": "user", "content": prompt}])
        for i, prompt in enumerate(table["prompt"])
    ]
    data = FitData(
        requests=requests,
        differences=weak - strong,
        costs_usd=np.ones(len(requests)),
        seed=0,
        embedder=Remembering(open_embedder("wordllama")),
    )
    print(f"\n{name}, n={len(requests)}; in-distribution, out of fold     CPT50              CPT80              APGR")
    for row, figures in PAPER[name].items():
        print(f"  {row + ' (paper)':24}" + "".join(f"{figure:10.3f}         " for figure in figures))
    for signal in SIGNALS:
        values = out_of_fold(signal, data)
        if values is None:
            print(f"  {signal:24}finds nothing to go by")
            continue
        need = -values
        curve = routing_curve(need, weak, strong)
        area = apgr_interval(need, weak, strong, rng=np.random.default_rng(0), resamples=RESAMPLES)
        assert area is not None
        parts = [(cpt(curve, share), *interval(need, weak, strong, share)) for share in (0.5, 0.8)]
        parts.append((apgr(curve), area.low, area.high))
        print(f"  {signal:24}" + "".join(f"{p or 0:.3f} [{lo:.3f} {hi:.3f}]  " for p, lo, hi in parts))
        if signal == "classifier":
            assert area.low > 0.5
            assert parts[-1][0] is not None
            assert parts[-1][0] > PAPER[name]["their best"][-1]
