"""`audit guide`: the guides that come with the package. Their texts are `guides/*.md`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audit.cli.plain_markdown import plain
from audit.cli.terminal import Terminal

FOLDER = Path(__file__).parents[1] / "guides"
TOPICS = (
    "tutorial",
    "method",
    "verdicts",
    "logs",
    "bills",
    "criteria",
    "judges",
    "looking",
    "tiers",
    "repeats",
    "spending",
    "store",
    "stops",
    "ci",
    "policies",
    "watching",
    "after",
    "renewal",
    "evidence",
    "notebook",
    "privacy",
)
"""In the order in which they are read."""

WIDEST = 80
"""Columns of a line that is easily read."""


def _begun(incomplete: str) -> list[str]:
    return [topic for topic in TOPICS if topic.startswith(incomplete)]


def guide(
    ctx: typer.Context,
    topic: Annotated[
        str | None, typer.Argument(metavar="TOPIC", help="Without one, topics are listed.", autocompletion=_begun)
    ] = None,
) -> None:
    """Read a guide: the tutorial, one task at a time, or how the method works.

    EXAMPLES
        audit guide                     # what there is
        audit guide tutorial
        audit guide method --json
    """
    terminal = Terminal(ctx.obj)
    if topic is None:
        titles = {name: title(text(name)) for name in TOPICS}
        if terminal.switches.json:
            terminal.document({"guides": [{"topic": name, "title": titles[name]} for name in TOPICS]})
        else:
            terminal.lines([f"{name:10}{titles[name]}" for name in TOPICS])
        return
    found = text(topic)
    if terminal.switches.json:
        terminal.document({"topic": topic, "title": title(found), "markdown": found})
        return
    from audit.core.display import ascii_only

    terminal.lines(map(ascii_only if terminal.ascii else str, plain(found, width=min(terminal.width, WIDEST))))


def text(topic: str) -> str:
    """The Markdown of a guide. An unknown topic is an error that names the nearest one."""
    if topic not in TOPICS:
        from audit.core.errors import UnknownName

        raise UnknownName.among("guide", topic, TOPICS)
    return (FOLDER / f"{topic}.md").read_text("utf-8")


def title(markdown: str) -> str:
    """The heading that a guide begins with."""
    return markdown.partition("\n")[0].removeprefix("# ")
