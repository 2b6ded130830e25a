"""The gate's outputs: text, JSON and annotations on stdout, Markdown and JUnit there or in a file."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from audit.cli.terminal import Terminal
from audit.core.artifacts import publish
from audit.core.display import ascii_only
from audit.core.errors import AuditError, Place, UnknownName
from audit.core.finding import Findings
from audit.gate import FORMATS
from audit.gate.decide import GateDecision, Inconclusive
from audit.gate.document import as_document
from audit.gate.github import github_lines
from audit.gate.junit import junit_xml
from audit.gate.markdown import markdown
from audit.gate.text import text_lines

APPENDED = ("text", "markdown")
"""Formats whose files are appended to, as a job summary wants it; of the others a file holds one whole document."""

Output = tuple[str, Path | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A decision with everything that its outputs show.

    Attributes:
        findings: That rules were held against; None where a policy was judged.
        places: Of the rules in their file.
        inconclusive: What the exit code of an inconclusive gate is.
        name: Of the gate.
    """

    decision: GateDecision
    findings: Findings | None
    places: Sequence[Place] = ()
    inconclusive: Inconclusive | None = None
    name: str = "gate"


def outputs_of(formats: Sequence[str], *, json: bool) -> list[Output]:
    """Read `--format` values; a file may follow, as in `markdown:summary.md`, and `-` is stdout.

    Raises:
        UnknownName: A format that there is not.
        AuditError: Two of them would mix on stdout.
    """
    outputs: list[Output] = []
    for text in formats:
        name, colon, path = text.partition(":")
        if name not in FORMATS or (colon and not path):
            raise UnknownName.among("gate format", text, FORMATS)
        outputs.append((name, Path(path) if path and path != "-" else None))
    if json and ("json", None) not in outputs:
        outputs.append(("json", None))
    if not outputs:
        return [("text", None)]
    on_stdout = [name for name, path in outputs if path is None]
    if len(on_stdout) > 1:
        what = f"{' and '.join(on_stdout)} cannot both go to stdout"
        raise AuditError(what, code="gate.outputs", hint="give one a file:  --format markdown:summary.md")
    return outputs


def print_gate(terminal: Terminal, judged: Judged, outputs: Sequence[Output]) -> None:
    """Write every output."""
    for kind, path in outputs:
        if path is None:
            lines = _lines(kind, judged, ascii=terminal.ascii)
            drawn = map(ascii_only, lines) if terminal.ascii and kind == "github" else lines
            terminal.lines(drawn, fold=kind == "text")
            continue
        data = ("\n".join(_lines(kind, judged, ascii=False)) + "\n").encode("utf-8", "replace")
        _save(path, data, append=kind in APPENDED)


def _save(path: Path, data: bytes, *, append: bool) -> None:
    try:
        if not append:
            publish(path, data)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(data)
    except OSError as error:
        raise AuditError(f"{path} cannot be written: {error.strerror}", code="output.place") from None


def _lines(kind: str, judged: Judged, *, ascii: bool) -> list[str]:  # noqa: A002
    decision, answer = judged.decision, judged.inconclusive
    if kind == "json":
        document = as_document(decision, inconclusive=answer)
        return json.dumps(document, ensure_ascii=ascii, indent=2, allow_nan=False).split("\n")
    if kind == "text":
        return text_lines(decision, inconclusive=answer, ascii=ascii)
    if kind == "junit":
        return junit_xml(decision, inconclusive=answer, name=judged.name).rstrip("\n").split("\n")
    if kind == "github":
        return github_lines(decision, [_from_root(place) for place in judged.places], inconclusive=answer)
    return markdown(decision, judged.findings, name=judged.name).rstrip("\n").split("\n")


def _from_root(place: Place) -> Place:
    """GitHub finds a file by its path from the root of the repository."""
    file, root = Path(place.file).absolute(), Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd()).absolute()
    return replace(place, file=file.relative_to(root).as_posix() if file.is_relative_to(root) else place.file)
