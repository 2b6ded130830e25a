"""The help page: one line, usage, examples first, flags by group, exit codes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

EXIT_CODES = (
    ("0", "done; gate: all rules pass"),
    ("1", "gate: at least one rule fails"),
    ("2", "could not run: usage, configuration, input, key, a bug"),
    ("3", "gate: none fails, at least one is inconclusive"),
    ("4", "incomplete: spend cap, failure rate, outage"),
    ("130, 143", "interrupted"),
)


class Program(TyperGroup):
    """`audit` itself; alone, it prints its help page."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command line."""
        if not args and not ctx.resilient_parsing:
            typer.echo(ctx.get_help())
            ctx.exit()
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the page."""
        _head(self, ctx, formatter)
        _records(formatter, "Commands", [(name, _summary(command)) for name, command in self.commands.items()])
        _records(formatter, "Options", [param.get_help_record(ctx) for param in self.get_params(ctx)])
        _records(formatter, "Exit codes", list(EXIT_CODES))
        formatter.write_paragraph()
        formatter.write_text("Every flag has an environment variable: `audit mix --by` is AUDIT_MIX_BY.")

    def list_commands(self, ctx: Any) -> list[str]:
        """Commands in the order in which they are used, not of the alphabet."""
        return list(self.commands)


class Command(TyperCommand):
    """One command. `shared` names the parameters that every command has."""

    shared: frozenset[str] = frozenset()

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the page."""
        _head(self, ctx, formatter)
        groups: dict[str, list[tuple[str, str] | None]] = {"Arguments": [], "Options": [], "Everywhere": []}
        for param in self.get_params(ctx):
            shared = param.name in {*self.shared, "help"}
            group = "Arguments" if param.param_type_name == "argument" else "Everywhere" if shared else "Options"
            groups[group].append(param.get_help_record(ctx))
        for title, records in groups.items():
            _records(formatter, title, records)
        _records(formatter, "Exit codes", list(EXIT_CODES))


class Commands(Mapping[str, Any]):
    """Commands by name, each loaded when it is asked for, with the flags of the program itself among its own, so that
    `audit mix LOGS --json` works as well as `audit --json mix LOGS`.

    Args:
        names: In the order of the help page.
        load: Makes the command of a name.
        shared: Parameters of the program.
    """

    def __init__(self, names: Sequence[str], load: Callable[[str], Any], shared: Sequence[Any]) -> None:
        self._names, self._load, self._shared = names, load, shared
        self._loaded: dict[str, Any] = {}
        _without_variables(shared)

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._loaded:
            command = self._loaded[name] = self._load(name)
            _without_variables(command.params)
            command.shared = frozenset(param.name for param in self._shared)
            command.params.extend(param for param in self._shared if param.name != "version")
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _without_variables(params: Sequence[Any]) -> None:
    """Keep the names of variables from the help pages: one line on the main page says it for all."""
    for param in params:
        param.show_envvar = False


def _head(command: TyperCommand | TyperGroup, ctx: typer.Context, formatter: Any) -> None:
    _, _, rest = inspect.cleandoc(command.help or "").partition("\n\n")
    formatter.write_text(_summary(command))
    formatter.write_paragraph()
    command.format_usage(ctx, formatter)
    if rest:
        formatter.write_paragraph()
        formatter.write(rest.rstrip() + "\n")


def _summary(command: Any) -> str:
    """The first paragraph of a command's help."""
    return " ".join(inspect.cleandoc(command.help or "").partition("\n\n")[0].split())


def _records(formatter: Any, title: str, records: list[tuple[str, str] | None]) -> None:
    rows = [(type_words(record[0]), record[1]) for record in records if record is not None]
    if rows:
        with formatter.section(title):
            formatter.write_dl(rows)


def type_words(name: str) -> str:
    """Types as words, not as Python writes them."""
    return re.sub(r"<list\[(\w+)\]>", r"<\1>...", name).replace("<str>", "<text>").replace("<int>", "<number>")
