"""Results of promptfoo and logs of Inspect as right answers: what each prompt was expected to bring.

promptfoo: `results.results[]` of its JSON, or one result a line, each with the prompt as it was sent, the variables of
its test and its assertions. Inspect: `samples[]` of a JSON log, or `samples/*.json` in an `.eval` file, each with its
input, the messages, and a target. What was answered and how it was graded is of other models, at another time: it is no
right answer, and is not read.
Source: promptfoo.dev/docs/configuration/outputs and inspect.aisi.org.uk/eval-logs.html, read 2026-11-29.
"""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from audit.core.errors import InputError
from audit.core.exchange import content_text
from audit.core.fingerprint import prompt_hash
from audit.scoring.texts.json_values import parse_json

_RESULT, _SAMPLE = frozenset({"prompt", "testCase", "provider"}), frozenset({"input", "target", "messages"})
_MOST_BYTES = 1 << 30
"""Of an `.eval` file when it is unpacked."""
_EXACT = "equals"
_ANSWERS = ("assistant", "tool")
_CHANGING = ("transform", "postprocess")
"""Options of a test that change the answer before it is compared."""


class LeftOut(Enum):
    """Why what a result expects is no right answer to its prompt, in words that follow a number of results."""

    TRANSFORMED = "compare what code has made of the answer"
    UNWEIGHED = "give their `equals` no weight"
    FILE = "name a file instead of the answer"
    TEMPLATE = "expect what a template makes"
    INPUT = "answer another conversation than their input"
    TOOLS = "have a target for what follows a call of tools"


def is_archive(path: Path) -> bool:
    """Whether a file is an `.eval` log."""
    return zipfile.is_zipfile(path)


def archived_samples(path: Path) -> list[Any]:
    """The samples of an `.eval` log.

    Raises:
        InputError: It holds none, is damaged, too large, or packed in a way that this Python cannot unpack.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [one for one in archive.infolist() if one.filename.startswith("samples/")]
            if sum(one.file_size for one in members) > _MOST_BYTES:
                raise InputError(f"the log {path} is larger than 1 GB unpacked", code="references.unreadable")
            found = [parse_json(archive.read(one).decode("utf-8")) for one in members]
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise InputError(
            f"the log {path} cannot be unpacked: {type(error).__name__}",
            code="references.unreadable",
            hint="write it as JSON:  inspect log convert LOG --to json --output-dir DIR",
        ) from None
    if not found:
        raise InputError(f"the file {path} holds no samples of Inspect", code="references.unreadable")
    return found


def results_in(document: Any) -> list[Mapping[str, Any]] | None:
    """The results of promptfoo or the samples of Inspect in a document or in the lines of a file; None for others."""
    if isinstance(document, Mapping):
        held = document.get("results")
        if "evalId" in document and isinstance(held, Mapping):
            document = held.get("results")
        elif {"eval", "plan", "samples"} <= document.keys():
            document = document["samples"]
        else:
            document = [document]
    if not isinstance(document, list) or not document or not all(isinstance(one, Mapping) for one in document):
        return None
    return document if document[0].keys() >= _RESULT or document[0].keys() >= _SAMPLE else None


def right_answers(results: list[Mapping[str, Any]], name: str) -> Iterator[tuple[str, Any]]:
    """Prompt hashes with what was expected.

    Args:
        results: As `results_in` gives them.
        name: Of the test's variable that holds the right answer; where a test has none of this name, it is the value of
            its only `equals` assertion. Inspect's is the sample's target.

    Returns:
        Pairs; nothing for results that name no right answer, or that no text prompt was sent for, nor for those that
        `left_out` counts.
    """
    for one in results:
        found = _read(one, name)
        if not isinstance(found, LeftOut) and found[0] and found[1] is not None:
            yield prompt_hash(found[0]), found[1]


def left_out(results: list[Mapping[str, Any]], name: str) -> Counter[LeftOut]:
    """How many results expect what is no right answer to a prompt, by why; arguments as of `right_answers`."""
    return Counter(found for one in results if isinstance(found := _read(one, name), LeftOut))


def _read(one: Mapping[str, Any], name: str) -> tuple[list[Any], Any] | LeftOut:
    return _of_sample(one) if one.keys() >= _SAMPLE else _of_result(one, name)


def _of_result(one: Mapping[str, Any], name: str) -> tuple[list[Any], Any] | LeftOut:
    prompt, test = one.get("prompt"), one.get("testCase")
    raw = prompt.get("raw") if isinstance(prompt, Mapping) else None
    test = test if isinstance(test, Mapping) else {}
    options = test.get("options")
    variables = one.get("vars") or test.get("vars")
    value = variables.get(name) if isinstance(variables, Mapping) else None
    if value is None:
        asserted = test.get("assert")
        entries = [each for each in asserted if isinstance(each, Mapping)] if isinstance(asserted, list) else []
        exact = [each for each in entries if each.get("type") == _EXACT]
        if len(exact) != 1 or exact[0].get("value") is None:
            return [], None
        if exact[0].get("weight") == 0:
            return LeftOut.UNWEIGHED
        if exact[0].get("transform"):
            return LeftOut.TRANSFORMED
        value = exact[0]["value"]
    changed = [options.get(key) for key in _CHANGING] if isinstance(options, Mapping) else []
    if any(changed) or test.get("assertScoringFunction") or test.get("providerOutput"):
        return LeftOut.TRANSFORMED
    if isinstance(value, str) and value.startswith(("file://", "package:")):
        return LeftOut.FILE
    if _has_template(value):
        return LeftOut.TEMPLATE
    return _messages(raw), value


def _has_template(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_template, value.values()))
    if isinstance(value, list):
        return any(map(_has_template, value))
    return isinstance(value, str) and any(mark in value for mark in ("{{", "{%", "{#"))


def _messages(raw: Any) -> list[Any]:
    """The messages that promptfoo sent: a text is the user's, unless it is the JSON of a conversation."""
    if not isinstance(raw, str):
        return []
    try:
        talk = parse_json(raw) if raw.lstrip()[:1] == "[" else None
    except ValueError:
        talk = None
    if isinstance(talk, list) and talk and all(isinstance(m, Mapping) and "role" in m for m in talk):
        return talk
    return [{"role": "user", "content": raw}]


def _of_sample(one: Mapping[str, Any]) -> tuple[list[Any], Any] | LeftOut:
    """The messages until the first answer, with all of the sample's input; several targets are several right answers,
    and none of them alone is.
    """
    target = one.get("target")
    if isinstance(target, list):
        target = target[0] if len(target) == 1 else None
    if not target:
        return [], None
    held = one.get("messages")
    messages = [m for m in held if isinstance(m, Mapping)] if isinstance(held, list) else []
    given = one.get("input")
    talk = [m for m in given if isinstance(m, Mapping)] if isinstance(given, list) else []
    end = _first_answer(messages, sum(m.get("role") in _ANSWERS for m in talk))
    asked = [_said(m) for m in messages[:end]]
    if not (_asks(asked, [_said(m) for m in talk]) if talk else asked and str(given) in str(asked[-1][1])):
        return LeftOut.INPUT
    if end < len(messages) and messages[end].get("tool_calls"):
        return LeftOut.TOOLS
    return messages[:end], target


def _asks(asked: list[Any], talk: list[Any]) -> bool:
    """Whether what was asked holds a whole conversation, in its order and to its end."""
    rest = iter(asked)
    return asked[-1:] == talk[-1:] and all(one in rest for one in talk)


def _first_answer(messages: list[Mapping[str, Any]], given: int) -> int:
    """Where the first message stands that the model wrote: the one that says so, else what follows as many answers as
    the input holds itself.
    """
    written = [place for place, m in enumerate(messages) if m.get("source") == "generate"]
    answers = [place for place, m in enumerate(messages) if m.get("role") in _ANSWERS]
    return (written or answers[given:] or [len(messages)])[0]


def _said(message: Mapping[str, Any]) -> tuple[Any, str | None]:
    return message.get("role"), content_text(message.get("content"))
