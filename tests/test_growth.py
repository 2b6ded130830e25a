"""No text that anybody sends holds a function up: time grows with the length, whatever stands in the text."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from audit.core import display
from audit.core.personal import PERSONAL_KINDS
from audit.masking.redact import Redactor
from audit.masking.secrets import mask_secrets
from audit.protocols import errors, oddities, sse
from audit.scoring import comparing, extract, jsontext, negation, notation, quantities, refusals, text

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


def _error(said: str) -> object:
    return errors.diagnose(400, json.dumps({"error": {"message": said, "param": said}}).encode())


TAKES_TEXT: dict[str, Callable[[str], Any]] = {
    "masking.mask_secrets": mask_secrets,
    "masking.Redactor": lambda said: Redactor(PERSONAL_KINDS).text(said),
    "protocols.diagnose": _error,
    "protocols.diagnose, a bare body": lambda said: errors.diagnose(200, said.encode()),
    "protocols.read_stream": lambda said: sse.read_stream(said.encode()),
    "protocols.printable": oddities.printable,
    "protocols.same_model": lambda said: oddities.same_model(said, said + "-2"),
    "core.visible": display.visible,
    "core.terminal_safe": display.terminal_safe,
    "scoring.declines": refusals.declines,
    "scoring.quantities": lambda said: list(quantities.quantities(said)),
    "scoring.parse_json": jsontext.parse_json,
    "scoring.json_values": lambda said: list(jsontext.json_values(said)),
    "scoring.first_json": jsontext.first_json,
    "scoring.unfenced": jsontext.unfenced,
    "scoring.normalised": text.normalised,
    "scoring.fold": text.fold,
    "scoring.tokens": text.tokens,
    "scoring.count_words": text.count_words,
    "scoring.same_prose": lambda said: text.same_prose(said, said + "x"),
    "scoring.same_figures": lambda said: comparing.same_figures(said, said),
    "scoring.opposed": lambda said: comparing.opposed(said, said + " not"),
    "scoring.without_thinking": extract.without_thinking,
    "scoring.plain": notation.plain,
    "scoring.unboxed": notation.unboxed,
    "scoring.deny": lambda said: negation.deny(said, Random(1)),
}
"""Functions that are given what strangers wrote, by room and name."""


def seconds(function: Callable[[str], Any], said: str) -> float:
    """The least processor time of a few calls; that a text is refused is an answer too."""
    times = []
    for _ in range(3):
        began = time.process_time()
        with contextlib.suppress(ValueError, RecursionError):
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
    for unit in UNITS:
        short, long = ((unit * length)[:length] for length in LENGTHS)
        took = seconds(function, long)
        if took > LEAST_S:
            assert took < (FACTOR * SQUARE) ** 0.5 * max(seconds(function, short), LEAST_S / FACTOR), unit
