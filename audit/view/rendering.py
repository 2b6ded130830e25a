"""A page: its template, the one style and the one script, and the policy that lets exactly these two run."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import Any

from markupsafe import Markup
from starlette.responses import HTMLResponse

from audit.report.templates import environment, source_text


@cache
def _parts() -> tuple[str, str, str]:
    """Style, script and content policy."""
    style, script = source_text("tokens.css") + source_text("view/view.css"), source_text("view/view.js")
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; connect-src 'self'; "
        "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return style, script, policy


def html(template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Render a page. Every text in it is escaped, and its control characters are drawn."""
    style, script, policy = _parts()
    page = environment().get_template(template).render(style=Markup(style), script=Markup(script), **values)
    # A lone surrogate of a log has no UTF-8.
    body = page.encode("utf-8", "replace")
    return HTMLResponse(body, status_code=status, headers={"content-security-policy": policy})


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
