"""The help pages as one page for `man`, in the macros of man(7). Nothing is written twice: the text is the help's."""

from __future__ import annotations

import inspect
from typing import Any

from audit.cli.layout import EXIT_CODES, type_words


def manual(program: Any, version: str) -> str:
    """The page of a program and of each of its commands.

    Args:
        program: A click group.
        version: Of the program, in the footer.
    """
    summary, body = _parts(program)
    shared = {param.name for param in program.params}
    lines = [f'.TH AUDIT 1 "" "audit {version}" "User Commands"', ".SH NAME", f"audit \\- {_text(summary)}"]
    lines += [".SH SYNOPSIS", ".B audit", "COMMAND [OPTIONS] [ARGUMENTS]", *_body(body), ".SH COMMANDS"]
    for name, command in program.commands.items():
        lines += _command(name, command, shared)
    lines += [".SH OPTIONS", "Every command has these as well.", *_flags(program, program.params)]
    lines += [".SH EXIT STATUS"]
    for code, means in EXIT_CODES:
        lines += [".TP", _text(code), _text(means)]
    lines += [".SH ENVIRONMENT", "Every flag has a variable, AUDIT_COMMAND_FLAG: AUDIT_MIX_BY is"]
    lines += [f"{_text('audit mix --by')}.", "NO_COLOR and FORCE_COLOR turn colours off and on."]
    return "\n".join(lines)


def _command(name: str, command: Any, shared: set[str]) -> list[str]:
    summary, body = _parts(command)
    own = [param for param in command.params if param.name not in shared]
    return [f'.SS "audit {_text(name)}"', _text(summary), *_body(body), *_flags(command, own)]


def _parts(command: Any) -> tuple[str, str]:
    summary, _, body = inspect.cleandoc(command.help or "").partition("\n\n")
    return " ".join(summary.split()), body


def _body(body: str) -> list[str]:
    """Paragraphs are filled; examples, which are indented, stand as they are."""
    lines = []
    for line in body.splitlines():
        if line.startswith("    "):
            lines += [".br", f"\\ \\ {_text(line.strip())}"]
        else:
            lines += [_text(line)] if line else [".PP"]
    return [".PP", *lines] if lines else []


def _flags(command: Any, params: list[Any]) -> list[str]:
    context = command.make_context(command.name or "audit", [], resilient_parsing=True)
    lines = []
    for record in filter(None, (param.get_help_record(context) for param in params)):
        lines += [".TP", f"\\fB{_text(type_words(record[0]))}\\fR", _text(" ".join(record[1].split()))]
    return lines


def _text(text: str) -> str:
    """Text that the macros take literally: escapes, hyphens of flags, and a dot that begins a line."""
    shown = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    return f"\\&{shown}" if shown.startswith((".", "\\(aq")) else shown
