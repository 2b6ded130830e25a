"""No text that anybody sends holds a function up: time grows with the length, whatever stands in the text."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import json
import pkgutil
import time
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest

from audit.core import display
from audit.core.errors import AuditError
from audit.core.exchange import Completion, Request
from audit.core.personal import PERSONAL_KINDS
from audit.llm.veil import Veil
from audit.masking.personal import found_personal
from audit.masking.redact import Redactor
from audit.masking.secrets import mask_secrets
from audit.protocols import errors, oddities, sse
from audit.scoring.comparisons import values
from audit.scoring.controls import negation
from audit.scoring.criteria import build_criteria
from audit.scoring.quantities import cut, notation
from audit.scoring.refusals import sentences
from audit.scoring.scorers import is_html, is_xml
from audit.scoring.texts import extract, json_values, words
from tests.scoring.cases import HERE, completion_of, context_of, entry_of, read_cases

LENGTHS = (2_000, 16_000)
FACTOR = LENGTHS[1] / LENGTHS[0]
SQUARE = FACTOR**2
"""Growth of a function that takes quadratic time. Halfway to it, in powers, is where one is caught."""
LEAST_S = 0.002
"""Processor seconds below which a time says nothing."""

UNITS = (
    *("[", "{", "[{", '{"a":', '"', "\\", "```", "```json\n", "~~~\n", "<think>", "<think></think>", "\\boxed{", "}"),
    *(
        "\\frac{1}{",
        "$",
        "1,",
        "1.",
        "-1",
        "1e",
        "(1)",
        "1 000 ",
        "1/",
        "%",
        ".5",
        "½",
        "12:30 ",
        "2024-01-01 ",
        "no. ",
    ),
    *("I cannot ", "I'm sorry, ", "not ", "word ", "日本", "e\u0301", "\n", " ", "\x1b[", "\u202e", "a@b.", "{{", "::"),
    *(
        "data: x\n\n",
        "data:",
        "event: a\n",
        "Unsupported parameter: '",
        "sk-",
        "token: ",
        "password=",
        "://a:",
        "DE00 ",
    ),
)
"""What texts are made of that begin something, again and again."""

MORE_UNITS = (
    *("<!--", "<![CDATA[", "<?", "</", "<a ", "&amp", "+49 30 ", "1234 5678 ", "Mr. Ada ", "born on ", "12 rue de "),
    *("ab:cd:", "1.2.3.4 ", "<email-1>", "Via Roma ", "my name is ", "$ref: ", "- - ", "file://", "%41", "gpt-4o-"),
    *(", a", " and", " of", "7, ", "Ada: 7\n", "Ada has 7 and ", "maybe 7 ", "(7) ", "from 7 to ", "five "),
    *("I think ", "not sure, but ", "%7", "20 Uhr ", "7. 7. ", "7 of the ", "three-", "half ", "下午", "7 and a half "),
)
ROOMS = ("core", "ingest", "literals", "llm", "masking", "policy", "protocols", "scoring", "signals")
TEXTS = frozenset({"text", "said", "content", "line", "answer", "prompt", "message", "name", "model", "value"})
"""What the one parameter of a function is called that takes a text."""


def _error(said: str) -> object:
    return errors.diagnose(400, json.dumps({"error": {"message": said, "param": said}}).encode())


def _there_and_back(said: str) -> object:
    veil = Veil()
    sent = veil.request(Request(request_fp="x", messages=[{"role": "user", "content": said}]))
    return veil.completion(Completion(text=sent.messages[0]["content"]))


TAKES_TEXT: dict[str, Callable[[str], Any]] = {
    "masking.mask_secrets": mask_secrets,
    "masking.found_personal": lambda said: list(found_personal(said, PERSONAL_KINDS)),
    "llm.Veil": _there_and_back,
    "scoring.problem_of, HTML": is_html.problem_of,
    "scoring.elements_of, XML": is_xml.elements_of,
    "masking.Redactor": lambda said: Redactor(PERSONAL_KINDS).text(said),
    "protocols.diagnose": _error,
    "protocols.diagnose, a bare body": lambda said: errors.diagnose(200, said.encode()),
    "protocols.read_stream": lambda said: sse.read_stream(said.encode()),
    "protocols.printable": oddities.printable,
    "protocols.same_model": lambda said: oddities.same_model(said, said + "-2"),
    "core.visible": display.visible,
    "core.terminal_safe": display.terminal_safe,
    "scoring.declines": sentences.declines,
    "scoring.quantities": lambda said: list(cut.quantities(said)),
    "scoring.parse_json": json_values.parse_json,
    "scoring.json_values": lambda said: list(json_values.json_values(said)),
    "scoring.first_json": json_values.first_json,
    "scoring.unfenced": json_values.unfenced,
    "scoring.normalised": words.normalised,
    "scoring.fold": words.fold,
    "scoring.tokens": words.tokens,
    "scoring.count_words": words.count_words,
    "scoring.same_prose": lambda said: words.same_prose(said, said + "x"),
    "scoring.same_figures": lambda said: values.same_figures(said, said),
    "scoring.opposed": lambda said: values.opposed(said, said + " not"),
    "scoring.without_thinking": extract.without_thinking,
    "scoring.plain": notation.plain,
    "scoring.unboxed": notation.unboxed,
    "scoring.deny": lambda said: negation.deny(said, Random(1)),
}
"""Functions that are given what strangers wrote, by room and name."""


def _discovered() -> Iterator[tuple[str, Callable[[str], Any]]]:
    """Every public function of a room that takes one text and nothing else that it must be given."""
    for room in ROOMS:
        package = importlib.import_module(f"audit.{room}")
        for found in pkgutil.walk_packages(package.__path__, f"audit.{room}."):
            for name, function in inspect.getmembers(importlib.import_module(found.name), inspect.isfunction):
                must = [one for one in inspect.signature(function).parameters.values() if one.default is one.empty]
                own = function.__module__ == found.name and not name.startswith("_")
                if own and len(must) == 1 and must[0].annotation == "str" and must[0].name in TEXTS:
                    yield f"{found.name.removeprefix('audit.')}.{name}", function


TAKES_TEXT |= dict(_discovered())


def _scorer(name: str) -> Callable[[str], Any]:
    """A scorer under the options of its first case: the text stands behind what passes there, and before a figure."""
    case = next(read_cases(name))
    passing = completion_of(case["completion"]).text or ""
    (criterion,) = build_criteria([entry_of({"type": name, **case["options"]})], HERE)
    return lambda said: criterion.score([context_of({**case, "completion": f"{passing}{said}12"})])


def _fields() -> Callable[[str], Any]:
    """Fields of an object that hold prose, each compared in another way."""
    ways = {name: name for name in ("numeric", "fuzzy", "exact", "label", "set")}
    (criterion,) = build_criteria([entry_of({"type": "json-fields", "fields": ways})], HERE)
    expected = json.dumps(dict.fromkeys(ways, "10"))
    return lambda said: criterion.score(
        [context_of({"completion": json.dumps(dict.fromkeys(ways, f"10{said}12")), "reference": expected})]
    )


SCORERS = sorted(path.parent.name.replace("_", "-") for path in HERE.glob("*/cases.jsonl"))
TAKES_TEXT |= {f"scorers.{name}": _scorer(name) for name in SCORERS}
TAKES_TEXT["scorers.json-fields, prose in the fields"] = _fields()


def seconds(function: Callable[[str], Any], said: str) -> float:
    """The least processor time of a few calls; that a text is refused is an answer too."""
    times = []
    for _ in range(3):
        began = time.process_time()
        with contextlib.suppress(ValueError, RecursionError, AuditError):
            function(said)
        times.append(time.process_time() - began)
        if times[-1] < LEAST_S:
            break
    return min(times)


@pytest.mark.slow
@pytest.mark.parametrize("name", TAKES_TEXT)
def test_time_grows_with_the_length_alone(name: str) -> None:
    """Eight times the text takes less than the geometric middle of eight and sixty-four times the time."""
    function = TAKES_TEXT[name]
    for unit in (*UNITS, *MORE_UNITS):
        short, long = ((unit * length)[:length] for length in LENGTHS)
        # A machine that is busy makes processor time dearer now and then; a square is one at every try.
        assert any(_grows_with(function, short, long) for _ in range(3)), unit


def _grows_with(function: Callable[[str], Any], short: str, long: str) -> bool:
    took = seconds(function, long)
    return took <= LEAST_S or took < (FACTOR * SQUARE) ** 0.5 * max(seconds(function, short), LEAST_S / FACTOR)


def test_what_is_new_is_tried_too() -> None:
    """A public function that takes a text is found without being named, and takes every beginning of a short one."""
    names = set(dict(_discovered()))
    assert len(names) > 40
    for name in sorted(names):
        for unit in MORE_UNITS:
            with contextlib.suppress(ValueError, RecursionError, AuditError):
                TAKES_TEXT[name](unit * 3)
