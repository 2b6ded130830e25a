"""From criteria to acceptance."""

import itertools

import pytest

from audit.core.outcome import Errored, NotApplicable, Outcome, Scored
from audit.scoring.verdict import accept

P, F = Scored(value=1.0, passed=True), Scored(value=0.0, passed=False)
N, E = NotApplicable(reason="none"), Errored(error="broken")


@pytest.mark.parametrize(
    ("outcomes", "weights", "threshold", "wanted"),
    [
        ([P, P], [1, 1], None, True),
        ([P, F], [1, 1], None, False),
        ([P, N], [1, 1], None, True),
        ([N, N], [1, 1], None, None),
        ([], [], None, None),
        ([P, E], [1, 1], None, None),
        ([F, E], [1, 1], None, False),
        ([N, E], [1, 1], None, None),
        ([P, F], [3, 1], 0.75, True),
        ([P, F], [3, 1], 0.76, False),
        ([P, F, N], [1, 1, 8], 0.5, True),
        ([F, E], [3, 1], 0.5, False),
        ([F, E], [1, 3], 0.5, None),
        ([P, E], [3, 1], 0.5, None),
        ([P, P, F], [0.1, 0.2, 0.7], 0.3, True),
        ([P, F], [1, 0], None, True),
        ([F], [0], None, None),
    ],
)
def test_acceptance(
    outcomes: list[Outcome], weights: list[float], threshold: float | None, wanted: bool | None
) -> None:
    """All must hold, or a weighted share; what does not apply is left out, what errored never accepts."""
    assert accept(outcomes, weights, threshold) is wanted


def test_no_answer_is_never_accepted() -> None:
    """A refusal or truncation fails whatever the criteria say, unless none of them says anything of the exchange."""
    assert accept([P, P], [1, 1], answered=False) is False
    assert accept([P, E], [1, 1], 0.1, answered=False) is False
    assert accept([N], [1], answered=False) is None


def test_errors_never_help() -> None:
    """Replacing an error by either verdict never contradicts what was said with the error there."""
    for outcomes in itertools.product([P, F, N, E], repeat=3):
        for threshold in (None, 0.4, 0.7):
            said = accept(outcomes, [1, 2, 3], threshold)
            for instead in (P, F):
                resolved = [instead if outcome is E else outcome for outcome in outcomes]
                assert said is None or accept(resolved, [1, 2, 3], threshold) is said
