"""The populations that the acceptance tests draw from: real pairs where they are at hand, their likeness otherwise.

Real pairs lie outside the repository (`tests/shared.py`). Without them each test runs on seeded synthetic pairs with
the same counts, so nothing is skipped; the counts below are those of the real data.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from audit.stats.paired import PairCounts
from tests.shared import SHARED

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

GPT4O = "gpt-4o-2024-08-06"
# name: (file, incumbent, candidate, both pass, b, c, neither passes, pairs that fail alike but answer differently)
PAIRS = {
    "gsm8k": ("routellm/gsm8k", "", "", 747, 383, 95, 94, 0),
    "mmlu": ("routellm/mmlu", "", "", 8818, 2497, 742, 1985, 0),
    "gsm 4o/mini": ("pairs/gsm", GPT4O, "gpt-4o-mini-2024-07-18", 1229, 40, 14, 36, 6),
    "gsm 4o/8B": ("pairs/gsm", GPT4O, "Meta-Llama-3.1-8B-Instruct", 1095, 174, 13, 37, 17),
    "gsm 4o/haiku": ("pairs/gsm", GPT4O, "claude-3-haiku-20240307", 1153, 116, 18, 32, 11),
    "gsm 4o/3.5": ("pairs/gsm", GPT4O, "gpt-3.5-turbo-0125", 1043, 226, 17, 33, 17),
    "gsm 405B A/B": (
        "pairs/gsm",
        "Llama-3.1-405B-Inst@sambanova",
        "Meta-Llama-3.1-405B-Instruct@hyperbolic",
        1234,
        31,
        18,
        36,
        6,
    ),
    "numersense 4o A/A": ("pairs/numersense", "gpt-4o-2024-05-13", "sampling/gpt-4o-2024-05-13", 501, 5, 6, 0, 0),
    "numersense mini A/A": (
        "pairs/numersense",
        "gpt-4o-mini-2024-07-18",
        "sampling/gpt-4o-mini-2024-07-18",
        412,
        47,
        26,
        27,
        0,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two arms on the same prompts. `same` says where the normalised answers are equal."""

    name: str
    incumbent: Bools
    candidate: Bools
    same: Bools
    real: bool

    @property
    def counts(self) -> PairCounts:
        return PairCounts.of(self.incumbent, self.candidate)

    @property
    def differences(self) -> Array:
        return self.candidate.astype(float) - self.incumbent.astype(float)

    @property
    def delta(self) -> float:
        return float(self.differences.mean())

    @property
    def shares(self) -> tuple[float, float]:
        """p_b and p_c."""
        counts = self.counts
        return counts.b / counts.n, counts.c / counts.n


@dataclass(frozen=True, slots=True, kw_only=True)
class Mmlu:
    """MMLU's 14,042 questions: verdicts, subject, tokens, and a router's signal (need for the strong tier)."""

    strong: Bools
    weak: Bools
    subject: npt.NDArray[np.int64]
    tokens: Array
    real: bool


def counts(b: float, c: float, n: float) -> PairCounts:
    """b regressions and c gains among n pairs."""
    return PairCounts(b=b, c=c, n=n)


@cache
def pair(name: str) -> Pair:
    """One of `PAIRS`, real or synthetic."""
    file, incumbent, candidate, *cells = PAIRS[name]
    path = SHARED / "data" / f"{file}.parquet"
    if path.exists():
        return _real(name, file, incumbent, candidate)
    return _synthetic(name, cells)


@cache
def gsm_shares() -> tuple[tuple[float, float], ...]:
    """(p_b, p_c) of every ordered pair of gsm models, or a synthetic set that spans the same range."""
    path = SHARED / "data" / "pairs" / "gsm.parquet"
    if not path.exists():
        rng = np.random.default_rng(7)
        discordance, lean = rng.beta(1.2, 5.0, 300), rng.random(300)
        return tuple(zip(discordance * lean, discordance * (1 - lean), strict=True))
    import polars as pl

    wide = pl.read_parquet(path, columns=["model", "prompt_id", "correct"]).pivot(
        on="model", index="prompt_id", values="correct"
    )
    columns = [wide[name].to_numpy().astype(float) for name in wide.columns[1:]]
    shares = []
    for i, one in enumerate(columns):
        for j, other in enumerate(columns):
            seen = ~(np.isnan(one) | np.isnan(other))
            if i != j:
                shares.append((float((one > other)[seen].mean()), float((one < other)[seen].mean())))
    return tuple(shares)


@cache
def mmlu() -> Mmlu:
    """The questions of MMLU, real or synthetic, in a fixed order."""
    path = SHARED / "data" / "routellm" / "mmlu.parquet"
    if path.exists():
        import polars as pl

        table = pl.read_parquet(path)
        return Mmlu(
            strong=table["strong_correct"].to_numpy() == 1,
            weak=table["weak_correct"].to_numpy() == 1,
            subject=np.unique(table["subject"].to_numpy(), return_inverse=True)[1],
            tokens=table["prompt"].str.len_chars().to_numpy() / 4.0 + 10.0,
            real=True,
        )
    rng = np.random.default_rng(11)
    sizes = np.sort(np.round(rng.lognormal(5.2, 0.6, 57)).astype(int))
    subject = np.repeat(np.arange(57), sizes)
    # Subjects differ in how often each arm is right, which is what makes them behave like sessions.
    p_b, p_c = rng.beta(3, 13.5, 57)[subject], rng.beta(1, 18, 57)[subject]
    drawn = rng.random(subject.size)
    lost, won = drawn < p_b, (drawn >= p_b) & (drawn < p_b + p_c)
    both = rng.random(subject.size) < 0.8
    return Mmlu(
        strong=lost | (both & ~won),
        weak=won | (both & ~lost),
        subject=subject,
        tokens=rng.lognormal(4.6, 0.7, subject.size) + 10.0,
        real=False,
    )


@cache
def mmlu_router() -> tuple[Bools, Array]:
    """Which questions trained the router, and its score on all of them: the need for the strong tier.

    TF-IDF and logistic regression on one half; without the real prompts, noise with the same AUC of 0.64.
    """
    data = mmlu()
    trained = np.random.default_rng(0).random(data.strong.size) < 0.5
    loss = data.strong & ~data.weak
    if not data.real:
        return trained, np.random.default_rng(6).normal(size=loss.size) + 0.53 * loss + 0.15 * (
            data.weak & ~data.strong
        )
    import polars as pl
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    prompts = pl.read_parquet(SHARED / "data" / "routellm" / "mmlu.parquet")["prompt"].to_list()
    words = TfidfVectorizer(min_df=2, ngram_range=(1, 2), sublinear_tf=True, max_features=50_000)
    words.fit([prompt for prompt, use in zip(prompts, trained, strict=True) if use])
    features = words.transform(prompts)
    model = LogisticRegression(max_iter=500).fit(features[np.flatnonzero(trained)], loss[trained])
    return trained, model.predict_proba(features)[:, 1]


def auc(score: Array, positive: Bools) -> float:
    """Area under the ROC curve, by ranks; ties are rare enough not to matter here."""
    ranks = np.empty(score.size)
    ranks[np.argsort(score, kind="stable")] = np.arange(1, score.size + 1)
    n = int(positive.sum())
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * (score.size - n)))


def tables(n: int) -> tuple[Array, Array]:
    """All (b, c) with b + c <= n."""
    b, c = np.divmod(np.arange((n + 1) ** 2), n + 1)
    possible = b + c <= n
    return b[possible].astype(float), c[possible].astype(float)


def table_weights(b: Array, c: Array, n: int, p_b: float, p_c: float) -> Array:
    """Multinomial probability of each table."""
    from scipy.special import gammaln, xlogy

    coefficient = gammaln(n + 1) - gammaln(b + 1) - gammaln(c + 1) - gammaln(n - b - c + 1)
    weights: Array = np.exp(coefficient + xlogy(b, p_b) + xlogy(c, p_c) + xlogy(n - b - c, max(1 - p_b - p_c, 0.0)))
    return weights


def _real(name: str, file: str, incumbent: str, candidate: str) -> Pair:
    import polars as pl

    table = pl.read_parquet(SHARED / "data" / f"{file}.parquet")
    if not incumbent:
        strong, weak = table["strong_correct"].to_numpy() == 1, table["weak_correct"].to_numpy() == 1
        return Pair(name=name, incumbent=strong, candidate=weak, same=strong == weak, real=True)
    left, right = (table.filter(pl.col("model") == model) for model in (incumbent, candidate))
    both = left.join(right, on="prompt_id").sort("prompt_id")
    return Pair(
        name=name,
        incumbent=both["correct"].to_numpy() == 1,
        candidate=both["correct_right"].to_numpy() == 1,
        same=(both["answer"] == both["answer_right"]).fill_null(False).to_numpy(),
        real=True,
    )


def _synthetic(name: str, cells: list[int]) -> Pair:
    both, b, c, neither, unlike = cells
    cell = np.repeat(np.arange(5), [both, b, c, neither - unlike, unlike])
    cell = np.random.default_rng(3).permutation(cell)
    return Pair(
        name=name,
        incumbent=np.isin(cell, (0, 1)),
        candidate=np.isin(cell, (0, 2)),
        same=np.isin(cell, (0, 3)),
        real=False,
    )
