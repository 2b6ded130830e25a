"""Where templates are, and the one Jinja2 environment: escaping on, undefined names an error."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from audit.core.display import visible


def template_folder() -> Path:
    """`audit/_templates` in an installed wheel, `reports/templates` in a source tree."""
    installed = Path(str(files("audit") / "_templates"))
    return installed if installed.is_dir() else Path(__file__).parents[2] / "reports" / "templates"


@cache
def environment() -> Environment:
    """The environment of every page. Untrusted text is escaped, and its control characters are drawn."""
    made = Environment(
        loader=FileSystemLoader(template_folder()),
        # Jinja's default is no escaping, and `select_autoescape` is off for a name that ends in `.html.j2`.
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["said"] = said
    return made


def said(text: str) -> Markup:
    """A sentence with `commands` between back-ticks set as code; everything else is escaped as ever."""
    return Markup(re.sub(r"`([^`\n]{1,80})`", r"<code>\1</code>", str(escape(visible(text)))))


def source_text(name: str) -> str:
    """A style sheet or a script, as it goes into the page."""
    return (template_folder() / name).read_text("utf-8").strip() + "\n"


def _finalize(value: Any) -> Any:
    """Text with its controls drawn, coordinates without needless digits, everything else as it is."""
    if isinstance(value, Markup):
        return value
    if isinstance(value, str):
        return visible(value)
    return f"{value:.10g}" if isinstance(value, float) else value
