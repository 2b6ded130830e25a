"""Results of promptfoo and logs of Inspect as right answers: what each prompt was expected to bring.

promptfoo: `results.results[]` of its JSON, or one result a line, each with the prompt as it was sent, the variables of
its test and its assertions. Inspect: `samples[]` of a JSON log, or `samples/*.json` in an `.eval` file, each with the
messages until the first answer, and a target. What was answered and how it was graded is of other models, at another
time: it is no right answer, and is not read.
Source: promptfoo.dev/docs/configuration/outputs and inspect.aisi.org.uk/eval-logs.html, read 2026-11-29.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from audit.core.errors import InputError
from audit.core.fingerprint import prompt_hash
from audit.scoring.jsontext import parse_json

_RESULT, _SAMPLE = frozenset({"prompt", "testCase", "provider"}), frozenset({"input", "target", "messages"})
_MOST_BYTES = 1 << 30
"""Of an `.eval` file when it is unpacked."""
_EXACT = "equals"


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
        Pairs; nothing for results that name no right answer, or that no text prompt was sent for.
    """
    for one in results:
        messages, expected = _of_sample(one) if one.keys() >= _SAMPLE else _of_result(one, name)
        if messages and expected is not None:
            yield prompt_hash(messages), expected


def _of_result(one: Mapping[str, Any], name: str) -> tuple[list[Any], Any]:
    prompt, test = one.get("prompt"), one.get("testCase")
    raw = prompt.get("raw") if isinstance(prompt, Mapping) else None
    test = test if isinstance(test, Mapping) else {}
    variables = one.get("vars") or test.get("vars")
    if isinstance(variables, Mapping) and variables.get(name) is not None:
        return _messages(raw), variables[name]
    asserted = test.get("assert")
    exact = [each for each in asserted if isinstance(each, Mapping)] if isinstance(asserted, list) else []
    values = [each.get("value") for each in exact if each.get("type") == _EXACT]
    value = values[0] if len(values) == 1 else None
    return _messages(raw), None if isinstance(value, str) and "{{" in value else value


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


def _of_sample(one: Mapping[str, Any]) -> tuple[list[Any], Any]:
    """The messages until the first answer; several targets are several right answers, and none of them alone is."""
    messages = one.get("messages")
    asked: list[Any] = []
    for message in messages if isinstance(messages, list) else ():
        if not isinstance(message, Mapping) or message.get("role") in ("assistant", "tool"):
            break
        asked.append(message)
    target = one.get("target")
    if isinstance(target, list):
        target = target[0] if len(target) == 1 else None
    return asked, target or None
