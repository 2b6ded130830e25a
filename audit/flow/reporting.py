"""A run's findings drawn again: report, summary, cost rows, renewal."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Literal

from audit.core.artifacts import (
    RunFolder,
    publish,
    read_cases,
    read_history,
    read_renewal,
    read_run,
    write_atomic,
    write_findings,
    write_renewal,
)
from audit.core.errors import InputError
from audit.core.renewal import Renewal
from audit.core.settings import Settings
from audit.mix.tokens import billed_tokens
from audit.renewal.run import renew as work_out
from audit.replay.requests import load_requests
from audit.report.focus import focus_csv
from audit.report.hiding import without_tenants
from audit.report.html import render_html
from audit.report.markdown import summary_markdown
from audit.report.pdf import print_pdf

EDITED = (
    "findings.json was changed after the run concluded. This page says what that file says now, not what was found."
)
Format = Literal["html", "pdf", "md", "json", "focus"]
TextPolicy = Literal["sample", "none"]
Hidden = Literal["tenant"]


def report(
    folder: RunFolder,
    *,
    output: Path | None = None,
    format: Format = "html",  # noqa: A002
    text: TextPolicy = "sample",
    redact: Hidden | None = None,
    full: bool = False,
) -> Path:
    """Draw a run again from its findings and the history that was recorded with them.

    Args:
        output: Where to; default: in the run folder.
        text: `none` leaves out every prompt and completion.
        redact: `tenant` writes every tenant as a stable code.
        full: A PDF with all sections; without, it is a brief of two sheets.

    Raises:
        InputError: A PDF is asked for and no browser can print it; or findings without names are to stand in the place
            of the findings themselves.
    """
    findings = read_run(folder.path)
    if redact == "tenant":
        findings = without_tenants(findings)
    if format in ("html", "pdf", "md") and folder.findings_were_edited():
        findings = replace(findings, caveats=(EDITED, *findings.caveats))
    write = write_atomic if output is None else publish
    if format == "focus":
        path = output or folder.path / "focus.csv"
        write(path, focus_csv(findings).encode("utf-8", "replace"))
    elif format == "json":
        path = output or folder.findings
        if redact and path.resolve() == folder.findings.resolve():
            raise InputError(
                "the run's own findings keep their names", code="usage", hint="write a copy:  --output FILE.json"
            )
        if path != folder.findings:
            write_findings(path, findings, write=write)
    elif format == "md":
        path = output or folder.summary
        write(path, summary_markdown(findings).encode("utf-8"))
    else:
        cases = read_cases(folder.cases) if text == "sample" else []
        history = read_history(folder.history)
        renewal = read_renewal(folder)
        brief = format == "pdf" and not full
        page = render_html(findings, cases, text=text, history=history, renewal=renewal, brief=brief)
        html = page.encode("utf-8", "replace")
        path = output or (folder.path / "report.pdf" if format == "pdf" else folder.report)
        write(path, print_pdf(html) if format == "pdf" else html)
    return path


def renew(folder: RunFolder, settings: Settings) -> Renewal:
    """What to sign at the renewal, from a run's findings and `contract:`; the next report of the run shows it.

    Raises:
        InputError: There is no `contract:`, or one of its prices cannot be compared with the log's.
    """
    found = work_out(read_run(folder.path), settings.contract, billed_tokens(folder.traffic_files()), settings.seed)
    write_renewal(folder, found)
    return found


def last_user_texts(folder: RunFolder, wanted: Collection[str]) -> dict[str, str]:
    """Texts of a run's requests by fingerprint, as they were ingested: secrets masked, redacted as configured."""
    requests = load_requests(folder.body_files(), folder.traffic_files(), set(wanted))
    return {fingerprint: request.last_user for fingerprint, request in requests.items()}
