"""`audit report`: other forms of a run's report, names taken out of it, and the audits before it."""

from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path

import pypdf
import pytest

from audit.cli.main import run
from audit.core.artifacts import RunFolder, read_findings, read_history, read_renewal, write_findings, write_history
from audit.core.errors import InputError
from audit.core.finding import Findings
from audit.core.history import History, past_audit
from audit.flow import reporting
from audit.flow.comparison import earlier_audits
from audit.flow.evidence import packing
from audit.flow.evidence.packing import verify
from audit.report import pdf
from audit.report.hiding import tenant_code
from audit.report.html import render_html
from tests.pack.world import run_folder
from tests.report.fixtures import STATES, cases, proven

TENANTS = ("north", "harbour", "atlas")


def ended(findings: Findings, day: str, run_id: str) -> Findings:
    """The same audit with another end of its window."""
    return dataclasses.replace(findings, run_id=run_id, window={"from": "2026-01-01", "to": day})


@pytest.mark.parametrize("form", ["html", "md", "json"])
def test_tenants_under_codes(tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With `--redact tenant` no tenant's name is in the report; its code is, the same in every form."""
    folder, out = run_folder(tmp_path / "run"), tmp_path / f"report.{form}"
    assert run(["report", str(folder.path), "--format", form, "--redact", "tenant", "-o", str(out)]) == 0
    assert capsys.readouterr().out.strip() == str(out)
    text = out.read_text("utf-8")
    assert not any(f">{name}<" in text or f'"{name}"' in text for name in TENANTS)
    if form != "md":
        assert all(tenant_code(name) in text for name in TENANTS)
    plain = tmp_path / "plain.html"
    assert run(["report", str(folder.path), "-o", str(plain)]) == 0
    assert ">north<" in plain.read_text("utf-8")


def test_the_findings_themselves_keep_their_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run's findings are never overwritten by a copy without names."""
    folder = run_folder(tmp_path / "run")
    before = folder.findings.read_bytes()
    assert run(["report", str(folder.path), "--format", "json", "--redact", "tenant"]) == 2
    assert "keep their names" in capsys.readouterr().err
    assert folder.findings.read_bytes() == before
    assert run(["report", str(folder.path), "--pack", str(tmp_path / "p.zip"), "--redact", "tenant"]) == 2


def test_a_pdf_of_the_report(tmp_path: Path) -> None:
    """The headline and every route can be searched for in it."""
    if pdf.find_browser() is None:
        pytest.skip("no Chromium or Chrome on this machine")
    folder = run_folder(tmp_path / "run")
    path = reporting.report(folder, format="pdf", text="none")
    assert path == folder.path / "report.pdf"
    text = " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(path.read_bytes())).pages)
    flat = " ".join(text.split())
    assert "You paid $30,629 in 30 days. $16,068 of it was avoidable" in flat
    assert all(route.route in flat.replace("- ", "-") for route in proven().routes)
    assert "Nordlicht" not in flat


def test_no_browser_is_an_error_with_a_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without one: exit 2, what was looked for, and what to do instead; nothing is written."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(pdf, "PLACES", ())
    folder = run_folder(tmp_path / "run")
    assert run(["report", str(folder.path), "--format", "pdf"]) == 2
    said = capsys.readouterr().err
    assert "report.no-browser" in said
    assert "chromium" in said
    assert "print it from any browser" in said
    assert not (folder.path / "report.pdf").exists()


@pytest.mark.parametrize("script", ["exit 3", "exit 0"])
def test_a_browser_that_fails_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """One that ends badly, or prints nothing, gives no empty PDF."""
    fake = tmp_path / "chromium"
    fake.write_text(f"#!/bin/sh\n{script}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(InputError, match="did not print the report"):
        reporting.report(run_folder(tmp_path / "run"), format="pdf")


def test_earlier_audits_are_those_of_one_series(tmp_path: Path) -> None:
    """Same configuration, complete, tested, an earlier window, another run; oldest first; the rest is passed over."""
    now = proven()
    kept = [ended(now, "2026-02-20", "bbb"), ended(now, "2026-01-30", "aaa")]
    other = dataclasses.replace(now.provenance, config_sha256="00" * 32)
    left = [
        ended(now, "2026-05-01", "later"),
        ended(now, "2026-02-01", now.run_id),
        dataclasses.replace(ended(now, "2026-02-01", "cfg"), provenance=other),
        ended(STATES["incomplete"](), "2026-02-01", "inc"),
        ended(STATES["scan_only"](), "2026-02-01", "scan"),
        ended(STATES["demo"](), "2026-02-01", "demo"),
    ]
    for index, findings in enumerate([*kept, *left]):
        run_folder(tmp_path / f"run{index}", findings, configured=False)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "manifest.json").write_text("{}")
    (tmp_path / "broken" / "findings.json").write_text("{}")
    (tmp_path / "a-file").write_text("no run")
    found = earlier_audits(run_folder(tmp_path / "now", now, configured=False), now)
    assert [audit.run_id for audit in found.audits] == ["aaa", "bbb"]


def test_the_history_is_an_input(tmp_path: Path) -> None:
    """It is recorded with the run: the report is the same bytes when the earlier runs are gone, and so in a pack."""
    folder = run_folder(tmp_path / "run")
    write_history(folder.history, History(audits=(past_audit(ended(proven(), "2026-02-20", "bbb")),)))
    first = reporting.report(folder).read_bytes()
    assert b"Since the last audits" in first
    assert reporting.report(folder).read_bytes() == first
    history, renewal = read_history(folder.history), read_renewal(folder)
    made = render_html(read_findings(folder.findings), cases(), history=history, renewal=renewal)
    assert made.encode() == first
    packed = packing.pack(folder, tmp_path / "evidence.zip")
    assert "history.json" in packed.members
    assert all(c.holds for c in verify(packed.path).checks if c.name not in ("figures", "tables/"))
    write_history(folder.history, History())
    assert not folder.history.exists()
    assert b"Since the last audits" not in reporting.report(folder).read_bytes()


def test_a_damaged_history_is_named(tmp_path: Path) -> None:
    """Another version or a spoilt file is an error, not a silent gap."""
    folder = RunFolder(tmp_path)
    for text, code in (('{"schema": "audit-history/9", "audits": []}', "history.version"), ("[1]", "history.damaged")):
        folder.history.write_text(text)
        with pytest.raises(InputError) as raised:
            read_history(folder.history)
        assert raised.value.code == code


def test_json_is_the_findings(tmp_path: Path) -> None:
    """`--format json -o` is a copy of what the run concluded."""
    folder, out = run_folder(tmp_path / "run"), tmp_path / "copy.json"
    assert run(["report", str(folder.path), "--format", "json", "-o", str(out)]) == 0
    assert json.loads(out.read_text("utf-8")) == json.loads(folder.findings.read_text("utf-8"))


def test_a_report_of_edited_findings_says_so(tmp_path: Path) -> None:
    """Whatever was changed, the page and the summary begin their caveats with it; as concluded, they say nothing."""
    folder = RunFolder(tmp_path / "run").create()
    write_findings(folder.findings, proven())
    folder.record_findings({"scores": "x"}, "r")
    for edited in (False, True):
        if edited:
            write_findings(folder.findings, dataclasses.replace(proven(), margin=0.05))
        reporting.report(folder)
        reporting.report(folder, format="md")
        for page in (folder.report, folder.summary):
            assert ("was changed after the run concluded" in page.read_text("utf-8")) is edited
