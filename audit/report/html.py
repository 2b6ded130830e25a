"""The report: one HTML file that needs no network, runs no stranger's code, and reads the same with scripts off."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Any, Literal

from markupsafe import Markup

from audit.core.finding import Case, Findings
from audit.core.history import History
from audit.core.plain import to_plain
from audit.core.progress import counted
from audit.core.renewal import Renewal
from audit.report.templates import environment, source_text
from audit.report.view import page

NO_HISTORY = History()
ISLAND_SCHEMA = "audit-report/1"

# U+2028 and U+2029 end a line in JavaScript, `<`, `>` and `&` can end or open markup; JSON allows all as \u escapes.
_ESCAPES = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


def render_html(
    findings: Findings,
    cases: Sequence[Case],
    *,
    text: Literal["sample", "none"] = "sample",
    history: History = NO_HISTORY,
    renewal: Renewal | None = None,
    brief: bool = False,
) -> str:
    """Render the report.

    Args:
        findings: What the audit concludes.
        cases: Exemplar rows, shown when `text` is `sample`.
        text: `none` leaves every request, answer and judge's reason out, for readers outside.
        history: Earlier audits of the same configuration.
        renewal: What to sign, when somebody worked it out.
        brief: Without charts, evidence, method and provenance: what fits on two sheets.

    Returns:
        The page. Equal arguments give equal bytes, whatever the time zone, locale or clock.
    """
    style, script = source_text("tokens.css") + source_text("style.css"), source_text("script.js")
    template = environment().get_template("report.html.j2")
    drawn = template.generate(
        page=page(findings, cases, history, renewal, with_text=text == "sample"),
        brief=brief,
        policy=content_policy(style, script),
        style=Markup(style),
        script=Markup(script),
        island=Markup(island(findings)),
    )
    return "".join(counted(drawn, "Drawing the report", unit="pieces"))


def content_policy(style: str, script: str) -> str:
    """A policy that lets exactly this style and this script run, and nothing be loaded."""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def island(findings: Findings) -> str:
    """The figures of the page as JSON for machines: no requests, no answers, and nothing that can end a script."""
    plain: dict[str, Any] = to_plain(findings)
    heavy = ("candidates", "policies", "caveats", "unreplayable", "incumbents", "curve", "at_margins")
    routes = [{key: value for key, value in route.items() if key not in heavy} for route in plain["routes"]]
    kept = {
        key: value for key, value in plain.items() if key not in ("mix", "provenance", "routes", "schema", "frontier")
    }
    document = {"schema": ISLAND_SCHEMA, **kept, "routes": routes}
    text = json.dumps(document, ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.translate(_ESCAPES)
