"""The comparison with promptfoo is large enough, and where promptfoo is at hand every disagreement is explained."""

from collections import Counter

import pytest

from tests.parity.kinds import EITHER, KINDS, THEM, US, kind_of
from tests.parity.pairs import Pair, pairs, shown
from tests.parity.run import disagreements, missing


def test_pairs_are_many_and_differ() -> None:
    """More than a thousand, none twice, each type that both tools have and that needs neither a model nor a clock."""
    every = list(pairs())
    assert len({shown(pair) for pair in every}) == len(every) > 1000
    types = Counter(str(pair.entry["type"]) for pair in every)
    assert len(types) >= 20


def test_kinds_are_told_apart() -> None:
    """Each kind has a name of its own, says who is right, and concerns types that are tried."""
    types = {str(pair.entry["type"]) for pair in pairs()}
    assert len({kind.name for kind in KINDS}) == len(KINDS)
    assert all(kind.right in (US, THEM, EITHER) and set(kind.types) <= types for kind in KINDS)
    assert kind_of(Pair(entry={"type": "finish-reason", "value": "stop"}, text="x")) is None


@pytest.mark.slow
@pytest.mark.skipif(missing() is not None, reason="needs promptfoo in a folder of its own: see python -m tests.parity")
def test_every_disagreement_is_explained() -> None:
    """Nothing differs that the documentation does not list, and everything listed still differs."""
    kinds = [kind_of(found.pair) for found in disagreements(list(pairs()))]
    assert None not in kinds
    assert {kind.name for kind in kinds if kind is not None} == {kind.name for kind in KINDS}
