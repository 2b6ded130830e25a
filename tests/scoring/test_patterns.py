"""Regular expressions mean what they mean in Python, and no text can make one run for long."""

import json
import re
import time
from pathlib import Path

import pytest

from audit.core.errors import ConfigError
from audit.core.outcome import Errored
from audit.patterns import TIME_LIMIT_S, TooSlow, compile_pattern
from audit.scoring.criteria import build_criteria
from audit.scoring.texts.extract import build_extract
from tests.scoring.cases import context_of, entry_of

TEXTS = json.loads((Path(__file__).parent / "pattern_texts.json").read_text("utf-8"))


@pytest.mark.parametrize("source", TEXTS["patterns"])
def test_same_meaning_as_in_python(source: str) -> None:
    """The first match and group 1 are those of Python's `re`, on ASCII, accents, other scripts and odd spaces."""
    pattern, python = compile_pattern(source), re.compile(source)
    # Only the `regex` package, which takes over where RE2 cannot, has its own idea of \w for signs such as these.
    texts = [text for text in TEXTS["texts"] if pattern.engine == "re2" or not set(text) & set("²½\u0301")]
    for text in texts:
        ours, theirs = pattern.search(text), python.search(text)
        if theirs is None:
            assert ours is None, text
        else:
            assert ours is not None, text
            assert ours.whole == theirs.group(0), text
            assert ours.group == (theirs.group(1) if python.groups else None), text


@pytest.mark.parametrize("source", [r"(a+)+$", r"(a|aa)+$", r"(.*a){12}$", r"^(\w+\s?)*$"])
def test_exponential_patterns_end_at_once(source: str) -> None:
    """Patterns that hang a backtracking engine are matched in linear time."""
    text = "a" * 50_000 + "b"
    start = time.process_time()
    compile_pattern(source).search(text + "!")
    assert time.process_time() - start < 1


def test_time_limit_is_an_error_not_a_failure() -> None:
    """What RE2 cannot match linearly runs under a limit; passing it errors, and the pattern is named in a note."""
    source = r"^(?=(a|aa)+$)"
    pattern = compile_pattern(source)
    assert pattern.engine == "regex"
    start = time.process_time()
    with pytest.raises(TooSlow, match="longer than"):
        pattern.search("a" * 300 + "b")
    assert time.process_time() - start < 20 * TIME_LIMIT_S
    (criterion,) = build_criteria([entry_of({"type": "not-regex", "value": source})], Path())
    assert "time limit" in criterion.notes[0]
    assert isinstance(criterion.score([context_of({"completion": "a" * 300 + "b"})])[0], Errored)


def test_linear_patterns_carry_no_note() -> None:
    """An ordinary pattern is RE2's, and nothing is said about it."""
    (criterion,) = build_criteria([entry_of({"type": "regex", "value": r"\bok\b"})], Path())
    assert compile_pattern(r"\bok\b").engine == "re2"
    assert criterion.notes == ()


@pytest.mark.parametrize("source", ["(", "[a", "*a", "\ud800", 7, None])
def test_what_is_no_pattern_is_refused(source: object) -> None:
    """A broken pattern is an error of the configuration."""
    with pytest.raises(ValueError, match=r"regular expression|surrogate"):
        compile_pattern(source)


@pytest.mark.parametrize(
    ("entry", "text", "wanted"),
    [
        ({"regex": r"total: (\d+)"}, "total: 5, total: 6", "5"),
        ({"regex": r"\d+"}, "no. 17", "17"),
        ({"regex": r"a(b)?c"}, "ac", "ac"),
        ({"regex": r"\d+"}, "none", None),
        ({"json": "items[1].id"}, '{"items": [{"id": 1}, {"id": "two"}]}', "two"),
        ({"json": "$.a.0"}, 'see [1]: ```json\n{"a": [null]}\n```', "null"),
        ({"json": "ok"}, 'first {"x": 1}, then {"ok": true}', "true"),
        ({"json": "n"}, '{"n": 2.0}', "2"),
        ({"json": "a.b"}, '{"a": 1}', None),
        ({"json": "a"}, "no json", None),
        ({"lines": "last"}, "one\ntwo\n \n", "two"),
        ({"lines": "first"}, "\n one\ntwo", "one"),
        ({"lines": "last"}, " \n", None),
        ({"strip": "markdown"}, "# Title\n\n- **a** [link](http://x) `code`\n", "Title\n\na link code"),
        ({"strip": "markdown"}, "```python\nx = 1\n```", "x = 1"),
        ({"strip": "markdown"}, "snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"),
        ({"strip": "markdown", "lines": "last"}, "a\n**b**", "b"),
    ],
)
def test_extraction(entry: dict[str, str], text: str, wanted: str | None) -> None:
    """Each step of `extract` takes out what it says; nothing is None, never an empty success."""
    assert build_extract(entry, [])(text) == wanted


@pytest.mark.parametrize(
    "entry", [{}, {"regexp": "a"}, {"regex": "("}, {"lines": "third"}, {"strip": "html"}, {"json": 3}]
)
def test_wrong_extraction_is_named(entry: dict[str, object]) -> None:
    """A wrong step is an error of the configuration that names it."""
    with pytest.raises(ConfigError, match="`extract"):
        build_criteria([entry_of({"type": "equals", "value": "a", "extract": entry})], Path())
