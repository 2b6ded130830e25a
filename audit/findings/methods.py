"""Which method made which number, with its source: carried in the findings as data, shown in the report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from audit.core.tier import Tier

METHODS = {
    "quality delta": "Tango (1998) score interval for paired proportions, on the certification split",
    "verdict": (
        "exact unconditional paired non-inferiority p-value, score ordering (Hsueh, Liu & Chen 2001; Sidik 2003), in a "
        "fixed sequence ordered on the tuning split (Angelopoulos et al. 2021, Learn then Test)"
    ),
    "early stops": (
        "declared looks after equal steps of the certification split: the intervals of all looks hold at once (Wang & "
        "Tsiatis 1987, shape 0.25), the levels of their exact tests add up to alpha (Boole), and what has no prospect "
        "of a decision stops (B-value, Lan & Wittes 1988)"
    ),
    "routing policies": (
        "signals fitted on the tuning split, thresholds and order out of fold, list sealed by its digest, one fixed "
        "sequence with the whole-route switches (Angelopoulos et al. 2021)"
    ),
    "threshold curves": (
        "Tango interval at the look's level over the number of thresholds (Bonferroni): all upper bounds hold at once"
    ),
    "other margins": "the sealed sequence again on the same replays; exploratory",
    "avoidable dollars": (
        "all replays of the route pooled by what each draw stands for, a ratio with two pseudo-draws of which one is "
        "the price of answers at their limit, Student t interval (docs/method/dollars.md)"
    ),
    "what a Split moves": (
        "an order of its own on the certification split: exact p-value of the margin on the moved part, and an exact "
        "test against a random choice of the same share (docs/method/certificates.md)"
    ),
    "sampling": (
        "simple random draws of requests; tuning shares no session or prompt with them (docs/method/sampling.md)"
    ),
    "units and course": (
        "leave-one-out of units above 2 %, design effect for units to come, exact tests of every boundary "
        "between periods, an exact hypergeometric test of parts that are wholly lost (docs/method/units-and-drift.md)"
    ),
    "candidate's cost": (
        "its own replayed tokens at its own price; nothing from its prompt cache unless audit.yaml says warm, and both "
        "are shown; batches, contracts and failed attempts as named assumptions"
    ),
    "length of answers": "ratio of totals over the same requests, Fieller (1954) interval",
    "savings at risk": "the estimate less its one-sided lower bound",
    "accepted share": "Wilson (1927) score interval",
    "sums over routes": "half-widths added in squares, each side apart (Zou & Donner 2008, MOVER)",
    "sample size": "score-based planning for paired non-inferiority (Nam 1997; Tango 1998)",
    "noise floor": "the incumbent replayed on its own sample, Tango interval",
    "unreplayable requests": "worst and best case bounds (Manski 1989)",
}

REPEATS = {
    "requests asked several times": (
        "accepted share of the answers, the request as unit: betting p-value (Waudby-Smith & Ramdas 2024), Student t "
        "on the sample and its two extreme values (Bonett & Price 2012); cascades, tests of counts and dollars by the "
        "first answer (docs/method/repeats.md)"
    )
}


RANDOM_LABELS = {
    "labels of random pairs": (
        "the true change by strata of what the judge says (Angelopoulos, Duchi & Zrnic 2023; Fisch et al. 2024), exact "
        "limits of each share (Clopper & Pearson 1934) added in squares (Zou & Donner 2008, MOVER), worked out at four "
        "fifths of the error rate; p-values are where the limits pass the margin (docs/method/random-labels.md)"
    )
}


def methods_of(tiers: Iterable[Tier], *, drawn: bool) -> Mapping[str, str]:
    """The methods of a run: that of repeats only where a tier is asked several times, that of random labels only where
    pairs were drawn for people."""
    repeats = REPEATS if any(tier.repeats > 1 for tier in tiers) else {}
    return METHODS | repeats | (RANDOM_LABELS if drawn else {})
