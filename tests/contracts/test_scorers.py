"""What every scorer promises, checked for every name of the catalog."""

import contextlib
import functools
import json
import math
import subprocess
import sys

import pytest

from audit.core.errors import AuditError, ConfigError
from audit.core.exchange import Completion, Request
from audit.core.outcome import Errored, NotApplicable, Outcome, Scored
from audit.embeddings import open_embedder
from audit.scoring.context import Context
from audit.scoring.criteria import Criterion, build_criteria
from audit.scoring.scorers import ALIASES, NOT_SUPPORTED, SCORERS
from tests.scoring.cases import HERE, context_of, entry_of, read_cases

SETTINGS = {name: next(read_cases(name))["options"] for name in SCORERS.names}

HUGE = "word " * 40_000
TEXTS = [
    *(None, "", " ", "\x00", "\ud800", "a\ud800b\udfff", "\u202e‮drow", "é" * 10, "🏳️‍🌈", "\r\n\r\n", HUGE),
    *("[" * 20_000, "{" * 20_000, '{"a":' * 5_000, "<" * 20_000, "<a>" * 20_000, "`" * 20_000, "1" * 20_000),
    *("NaN", "1e999999", "-", "{{7*7}}", "{% for x in range(9) %}", "$" + "0" * 400, '{"a": "\\ud800"}', "((((", "\\"),
]
CALLS = [
    (),
    ({},),
    ({"function": None},),
    ({"function": {"name": None, "arguments": None}},),
    ({"function": {"name": "f", "arguments": "{"}},),
    ({"function": {"name": "f", "arguments": '{"a": "\\ud800"}'}},),
    ({"function": {"name": "f", "arguments": "[" * 5_000}},),
    ({"function": {"name": "get_weather", "arguments": '{"city": "Paris"}'}},) * 30,
    ("text", 7, None),
]
REQUEST = Request(
    request_fp="f",
    messages=({"role": "user", "content": "Hello"},),
    tools=({"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}},),
)


@functools.cache
def embedder():
    """The static embedder, opened once."""
    return open_embedder("wordllama")


def built(name: str, **more: object) -> Criterion:
    """A criterion with the options of the scorer's first case."""
    (criterion,) = build_criteria([entry_of({"type": name, **SETTINGS[name], **more})], HERE, embedder=embedder)
    return criterion


def hostile() -> list[Context]:
    """Completions that break parsers, with and without something to compare with."""
    incumbent = Completion(text='{"a": 1} words', tool_calls=CALLS[5])
    texts = [Completion(text=text) for text in TEXTS]
    calls = [Completion(text=None, tool_calls=call, finish_reason="tool_calls") for call in CALLS]
    return [
        Context(request=REQUEST, completion=completion, reference=reference, incumbent=other)
        for completion in [*texts, *calls]
        for reference, other in (("18", incumbent), (None, None))
    ]


def plain(outcome: Outcome) -> str:
    """An outcome as text that can be compared."""
    return json.dumps([type(outcome).__name__, str(outcome)])


@pytest.mark.parametrize("name", SCORERS.names)
def test_total_bounded_and_deterministic(name: str) -> None:
    """No completion makes it raise, values are in [0, 1], and a second run says the same."""
    criterion, contexts = built(name), hostile()
    outcomes = criterion.score(contexts)
    assert len(outcomes) == len(contexts)
    for outcome in outcomes:
        assert isinstance(outcome, Scored | NotApplicable | Errored)
        if isinstance(outcome, Scored):
            assert math.isfinite(outcome.value)
            assert 0 <= outcome.value <= 1
            assert isinstance(outcome.passed, bool)
            assert outcome.passed or outcome.reason
        elif isinstance(outcome, NotApplicable):
            assert outcome.reason
    assert [plain(o) for o in outcomes] == [plain(o) for o in built(name).score(contexts)]


@pytest.mark.parametrize("name", SCORERS.names)
def test_company_does_not_matter(name: str) -> None:
    """The outcome of a completion is the same alone and in a batch."""
    criterion = built(name)
    contexts = [context_of(case) for case in read_cases(name)]
    together = [plain(outcome) for outcome in criterion.score(contexts)]
    assert together == [plain(criterion.score([context])[0]) for context in contexts]


@pytest.mark.parametrize("name", SCORERS.names)
def test_described(name: str) -> None:
    """It has its own name, a version, a summary of one line, and says what it is."""
    scorer = SCORERS.get(name)
    assert scorer.name == name
    assert scorer.version >= 1
    assert scorer.summary.strip()
    assert "\n" not in scorer.summary.strip()
    assert bool(built(name).judges) is scorer.calls_model


@pytest.mark.parametrize("name", [name for name in SCORERS.names if SCORERS.get(name).needs_reference])
def test_not_applicable_without_a_reference(name: str) -> None:
    """A value that is the reference does not apply where there is none; that is never a failed completion."""
    written = {**SETTINGS[name], "value": "{{reference}}"}
    (criterion,) = build_criteria([entry_of({"type": name, **written})], HERE)
    context = Context(request=REQUEST, completion=Completion(text="x"))
    assert isinstance(criterion.score([context])[0], NotApplicable)


@pytest.mark.parametrize("name", SCORERS.names)
def test_unknown_options_are_named(name: str) -> None:
    """An option that it does not have is an error that names it."""
    with pytest.raises(ConfigError, match="`thresold`"):
        built(name, thresold=1)


@pytest.mark.parametrize("name", SCORERS.names)
def test_wrong_values_are_configuration_errors(name: str) -> None:
    """A value, threshold or option of a wrong type is refused before anything is scored, and never as a crash."""
    for value in ([[]], {"x": [None]}, {1: {b"x"}}, "{{refrence}}", "{{", -1, True):
        with contextlib.suppress(AuditError):
            built(name, value=value)
    accepts = SCORERS.get(name).accepts
    if "threshold" in accepts:
        with pytest.raises(ConfigError, match="threshold"):
            built(name, threshold=-1)


@pytest.mark.parametrize("name", SCORERS.names)
def test_negation_turns_the_verdict_around(name: str) -> None:
    """`not-` holds exactly where the type does not; what cannot be measured stays so."""
    for case in read_cases(name):
        if "type" in case["options"] or "extract" in case["options"]:
            continue
        (straight, turned) = build_criteria(
            [entry_of({"type": kind, **case["options"]}) for kind in (name, f"not-{name}")], HERE, embedder=embedder
        )
        (one,), (other,) = straight.score([context_of(case)]), turned.score([context_of(case)])
        assert type(one) is type(other)
        if isinstance(one, Scored) and isinstance(other, Scored):
            assert other.passed is not one.passed
            assert other.value == pytest.approx(1 - one.value)


def test_no_name_is_in_two_lists() -> None:
    """A type is supported, or known and not supported, or another name."""
    assert not set(SCORERS.names) & set(NOT_SUPPORTED)
    assert not (set(SCORERS.names) | set(NOT_SUPPORTED)) & set(ALIASES)


def test_listing_imports_no_scorer() -> None:
    """Reading the names loads neither a scorer nor an embedding library."""
    code = (
        "import sys; from audit.scoring.scorers import SCORERS; SCORERS.known();"
        "print([m for m in sys.modules if m.startswith(('audit.scoring.scorers.', 'torch', 'wordllama', 'rapidfuzz'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
