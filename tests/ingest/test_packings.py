"""Archives, compressions and dialects of tables: one log, however it is packed."""

from __future__ import annotations

import bz2
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.core.errors import InputError
from tests.ingest.reading import read, sample

RECORDS = sample("openai_pairs.jsonl")
TEXTS = [json.dumps(record) for record in RECORDS]
WHOLE = "".join(f"{text}\n" for text in TEXTS).encode()


def zipped(data: bytes, name: str = "export/log.jsonl") -> bytes:
    """A zip with a log, what macOS puts beside it, and a file that is none."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
        archive.writestr("__MACOSX/._log.jsonl", b"x")
        archive.writestr("README.txt", b"exported")
    return out.getvalue()


def tarred(data: bytes) -> bytes:
    """A compressed tar with a log."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        info = tarfile.TarInfo("../../log.jsonl")
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def escaped(text: str) -> str:
    """As MySQL and Snowflake write a cell in quotes."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def rows(begin: str, row: Callable[[str], str]) -> bytes:
    """A table of one row a record."""
    return (begin + "\n" + "".join(row(text) + "\n" for text in TEXTS)).encode()


PACKINGS = {
    "log.zip": zipped(WHOLE),
    "log.tar.gz": tarred(WHOLE),
    "log.jsonl.bz2": bz2.compress(WHOLE),
    "log.jsonl.xz": lzma.compress(WHOLE),
    "backslash.csv": rows("id,at,body", lambda text: f'"1","x","{escaped(text)}"'),
    "copy.tsv": rows("id\tat\tbody", lambda text: "\\N\tx\t" + text.replace("\\", "\\\\")),
    "pipe.csv": rows("id|at|body", lambda text: '1|x|"' + text.replace('"', '""') + '"'),
    "quoted.csv": rows("id,at,body", lambda text: '1,x,"' + text.replace('"', '""') + '"'),
}


@pytest.mark.parametrize("name", PACKINGS)
def test_a_log_is_the_same_in_every_packing(name: str, tmp_path: Path) -> None:
    """Named outright, and found in a folder; nothing of a prompt is changed by the escapes of a table."""
    (tmp_path / "plain.jsonl").write_bytes(WHOLE)
    plain = read(tmp_path / "plain.jsonl", tmp_path / "plain")
    (tmp_path / "logs").mkdir()
    (path := tmp_path / "logs" / name).write_bytes(PACKINGS[name])
    for place in (path, path.parent):
        got = read(place, tmp_path / "run")
        assert (got.report.requests, got.report.failures) == (plain.report.requests, plain.report.failures)
        assert got.report.rejected == 0
        for column in ("request_fp", "prompt_hash", "route", "prompt_tokens"):
            assert sorted(map(str, got.traffic[column])) == sorted(map(str, plain.traffic[column])), column


def test_a_newline_in_a_cell_of_postgresql_is_one(tmp_path: Path) -> None:
    """Its text format writes two characters, in the JSON four."""
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": "one\ntwo\\three"}]}
    said = {"choices": [{"message": {"content": "a\tb"}, "finish_reason": "stop"}]}
    cells = [json.dumps(body).replace("\\", "\\\\") for body in (asked, said)]
    (path := tmp_path / "log.tsv").write_text("at\trequest\tresponse\n2026-11-02T10:00:00Z\t" + "\t".join(cells) + "\n")
    (row,) = read(path, tmp_path / "run").rows()
    assert json.loads(row["messages"])[0]["content"] == "one\ntwo\\three"
    assert row["response_text"] == "a\tb"


@pytest.mark.parametrize("data", [zipped(WHOLE)[:200], zipped(b"x", "README.md")])
def test_an_archive_that_holds_no_log_is_named(data: bytes, tmp_path: Path) -> None:
    """Damaged, or of other files: said with what to do."""
    (path := tmp_path / "log.zip").write_bytes(data)
    with pytest.raises(InputError, match=r"log\.zip") as caught:
        read(path, tmp_path / "run")
    assert "unpack it" in str(caught.value.hint)


@pytest.mark.parametrize("name", ["log.jsonl.bz2", "log.jsonl.xz"])
def test_a_compressed_file_that_is_cut_is_an_error(name: str, tmp_path: Path) -> None:
    """Half a log is none."""
    (path := tmp_path / name).write_bytes(PACKINGS[name][:-20])
    with pytest.raises(InputError, match="cut off or damaged"):
        read(path, tmp_path / "run")
