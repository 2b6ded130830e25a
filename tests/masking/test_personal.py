"""Personal data is found by form, by check digits and by the words in front of it, in eight languages."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from audit.core.personal import PERSONAL_KINDS
from audit.masking.personal import found_personal
from audit.masking.recognisers import Recogniser
from audit.masking.redact import Redactor
from tests.masking.planted import LANGUAGES, LOOK_ALIKES, SENTENCE, planted

ROOT = Path(__file__).parents[2]


def found(text: str) -> list[tuple[str, str]]:
    """Values and kinds."""
    return [(text[start:end], kind) for start, end, kind in found_personal(text, PERSONAL_KINDS)]


def test_recall_on_twelve_kinds_in_eight_languages() -> None:
    """At least 95 of 100 planted values go whole, of every kind and in every language."""
    tried: Counter[str] = Counter()
    left: Counter[str] = Counter()
    for case in planted():
        masked = Redactor(PERSONAL_KINDS).text(case.text)
        for part in (case.kind, case.language):
            tried[part] += 1
            left[part] += case.value in masked
    print(f"recall {1 - left.total() / tried.total():.4f} of {tried.total() // 2} planted values")
    assert set(tried) == {*PERSONAL_KINDS, *LANGUAGES}
    assert {part: n for part, n in left.items() if n > 0.05 * tried[part]} == {}


def test_false_alarms() -> None:
    """Of texts with what only looks like it, at most two in a hundred are touched."""
    texts = (*LOOK_ALIKES, *SENTENCE.values())
    alarms = [text for text in texts if found(text)]
    print(f"false alarms in {len(alarms)} of {len(texts)} texts")
    assert len(alarms) <= 0.02 * len(texts), alarms


def test_the_rest_of_a_text_stays() -> None:
    """What stands around a value is left as it is, in whatever letters it is written."""
    for case in planted(seed=2, each=1):
        before, _, after = case.text.partition(case.value)
        # A title in front of a name and a town behind a street may belong to either.
        masked = Redactor(PERSONAL_KINDS).text(case.text)
        assert masked.startswith(before[:60])
        assert masked.endswith(after[-60:])


@pytest.mark.parametrize("odd", ["", "\ud800 ada@example.com \udfff", "日本 ada@example.com 日本", "\x00" * 50])
def test_places_hold_in_any_letters(odd: str) -> None:
    """Places are letters of the text, whatever its encoding takes; a lone surrogate moves nothing."""
    assert [value for value, _ in found(odd)] == ["ada@example.com"] * ("@" in odd)


def test_a_recogniser_of_another_package_adds_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it finds is replaced, under a kind of its own too; where the form told already, that holds."""

    class Installed:
        def installed(self) -> list[str]:
            return ["pets"]

        def get(self, name: str) -> Recogniser:
            assert name == "pets"
            return Recogniser(
                find=lambda text: [(text.index("Rex"), text.index("Rex") + 3, "pet"), (0, 5, "pet")], kinds=("pet",)
            )

    monkeypatch.setattr("audit.masking.personal.RECOGNISERS", Installed())
    masked = Redactor((*PERSONAL_KINDS, "pet")).text("ada@example.com has Rex")
    assert masked.startswith("<email:")
    assert "has <pet:" in masked
    assert "Rex" not in masked


def test_what_it_costs() -> None:
    """One pass in the main: prose without personal data takes a few microseconds for each kB. The figure is printed."""
    text = (ROOT / "README.md").read_text("utf-8") + (ROOT / "docs" / "security.md").read_text("utf-8")
    took = []
    for _ in range(5):
        began = time.process_time()
        list(found_personal(text, PERSONAL_KINDS))
        took.append(time.process_time() - began)
    print(f"{min(took) / len(text) * 1e9:.2f} microseconds per kB")
    planted_texts = " ".join(case.text for case in planted(each=1))
    assert len(found(planted_texts)) >= 12 * len(LANGUAGES)
