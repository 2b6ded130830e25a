"""What ingest says of files that are no logs: what, where, why, and what to do; never what stands in them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import zstandard

from audit.core.artifacts import RunFolder
from audit.core.errors import InputError, UnknownName
from audit.core.settings import IngestSettings
from audit.ingest.run import ingest
from tests.ingest.reading import SAMPLES, payload, write_jsonl

LOG = (SAMPLES / "litellm.jsonl").read_bytes()
SECRET = "Dear-Doctor-I-have"


def refuse(path: Path, settings: IngestSettings | None = None) -> InputError:
    """The error that ingest raises; nothing of the file may stand in it."""
    with pytest.raises(InputError) as caught:
        ingest([path], settings or IngestSettings(), RunFolder(path.parent / "run"))
    error = caught.value
    assert SECRET not in " ".join([error.what, error.hint or "", *error.notes])
    assert not (path.parent / "run" / "traffic").exists()
    return error


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b"", "ingest.empty", None),
        (b" \n\n", "ingest.empty", None),
        (gzip.compress(b"", mtime=0), "ingest.empty", None),
        (gzip.compress(LOG)[:-30], "ingest.truncated", None),
        (gzip.compress(LOG)[:200], "ingest.truncated", None),
        (zstandard.compress(LOG)[:-30], "ingest.truncated", None),
        (gzip.compress(LOG)[:900] + b"\0" * 500 + gzip.compress(LOG)[1400:], "ingest.truncated", None),
        (b"PAR1 and no more", "ingest.not-parquet", None),
        (f"id,prompt,answer\n1,{SECRET},x\n".encode(), "ingest.unknown-format", 1),
        (f"\n\nhello {SECRET}\n".encode(), "ingest.not-json", 3),
        (f"{{{SECRET}\n{{{SECRET}\n".encode(), "ingest.not-json", 2),
        (f'[{{"a": "{SECRET}"}}, '.encode(), "ingest.not-json", None),
        (b"[]", "ingest.empty", 1),
        (f'{{"prompt": "{SECRET}", "answer": "y"}}\n'.encode(), "ingest.unknown-format", 1),
    ],
)
def test_names_the_problem(tmp_path: Path, data: bytes, code: str, line: int | None) -> None:
    """Each kind of wrong file has a code of its own, a place where there is one, and a hint."""
    path = tmp_path / "log.jsonl"
    path.write_bytes(data)
    error = refuse(path)
    assert error.code == code
    assert (error.place.line if error.place else None) == line
    assert error.hint or code == "ingest.empty"


def test_an_unknown_format_shows_the_fields_and_the_way_out(tmp_path: Path) -> None:
    """The message lists the fields seen, the nearest format, and how to map."""
    path = write_jsonl(tmp_path / "log.jsonl", [{"id": 1, "response_cost": 2, "messages": SECRET, "mine": 4}])
    error = refuse(path)
    assert error.notes[0] == "fields seen: id, messages, mine, response_cost"
    assert error.notes[1] == "nearest format: litellm, which shares id, messages, response_cost"
    assert "map: {messages:" in (error.hint or "")


def test_stops_when_most_records_are_bad(tmp_path: Path) -> None:
    """More than half of the first thousand unusable: the wrong file. Half: the rest is read."""
    bad: list[object] = ["{broken"]
    good: list[object] = [payload()]
    assert refuse(write_jsonl(tmp_path / "a.jsonl", good + bad * 3)).code == "ingest.mostly-bad"
    path = write_jsonl(tmp_path / "b.jsonl", good * 2 + bad * 2)
    report = ingest([path], IngestSettings(), RunFolder(tmp_path / "ok"))
    assert (report.read, report.rejected) == (4, 2)
    path = write_jsonl(tmp_path / "c.jsonl", good * 1000 + bad * 1500)
    assert ingest([path], IngestSettings(), RunFolder(tmp_path / "late")).rejected == 1500


def test_missing_paths_and_folders_without_logs(tmp_path: Path) -> None:
    """A path that is not there and a folder with nothing in it are named."""
    assert refuse(tmp_path / "nowhere.jsonl").code == "file.missing"
    (tmp_path / "folder").mkdir()
    assert refuse(tmp_path / "folder").code == "ingest.empty-folder"


def test_an_unknown_format_name(tmp_path: Path) -> None:
    """`ingest.format` that no format has is answered with the nearest."""
    path = write_jsonl(tmp_path / "log.jsonl", [payload()])
    with pytest.raises(UnknownName, match="litelm"):
        ingest([path], IngestSettings(format="litelm"), RunFolder(tmp_path / "run"))
