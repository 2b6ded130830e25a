"""Flags that every command has, before or after its name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, TextIO

import typer

from audit import __version__


class Color(StrEnum):
    """When to colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(slots=True, kw_only=True)
class Switches:
    """What the flags say. Filled while the command line is read, so that an error in it already obeys them."""

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    color: Color = Color.AUTO
    no_input: bool = False
    debug: bool = False

    def colors(self, stream: TextIO) -> bool:
        """Whether to colour a stream: the flag, then NO_COLOR, then FORCE_COLOR, then whether it is a terminal."""
        if self.color is not Color.AUTO:
            return self.color is Color.ALWAYS
        if os.environ.get("NO_COLOR"):
            return False
        if os.environ.get("FORCE_COLOR"):
            return True
        return os.environ.get("TERM") != "dumb" and stream.isatty()


def _remember(ctx: typer.Context, param: typer.CallbackParam, value: Any) -> None:
    if value and isinstance(ctx.obj, Switches):
        setattr(ctx.obj, str(param.name), value)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"audit {__version__}")
        raise typer.Exit


def _flag(*names: str, text: str) -> Any:
    return typer.Option(*names, help=text, callback=_remember, expose_value=False, is_eager=True, show_default=False)


def everywhere(
    json: Annotated[bool, _flag("--json", text="One JSON document on stdout, also for an error.")] = False,
    quiet: Annotated[bool, _flag("-q", "--quiet", text="No progress, no notes.")] = False,
    verbose: Annotated[bool, _flag("-v", "--verbose", text="More of both.")] = False,
    color: Annotated[Color | None, _flag("--color", text="Default: auto. NO_COLOR and FORCE_COLOR count too.")] = None,
    no_input: Annotated[bool, _flag("--no-input", text="Never ask; fail where an answer is needed.")] = False,
    debug: Annotated[bool, _flag("--debug", text="Print the traceback of an error.")] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_version, is_eager=True, allow_from_autoenv=False
        ),
    ] = False,
) -> None:
    """Replay production LLM traffic against cheaper models, and report which spend was avoidable, with intervals.

    EXAMPLES
        audit demo                         the whole chain on bundled data: no key, no network
        audit mix logs/*.jsonl             what was paid, to which models: free, local, seconds
        audit replay logs/*.jsonl          quote, ask, replay, score, report
        audit gate runs/7f3a9c1e           rules over the findings, for CI
    """
