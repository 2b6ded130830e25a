"""Right answers from a file, in whatever form a person has them."""

import json
from pathlib import Path

import polars as pl
import pytest

from audit.core.errors import InputError
from audit.core.settings import References
from audit.scoring.expected.references import load_references

ROWS = [{"prompt_hash": "a", "reference": "007"}, {"prompt_hash": "b", "reference": None}]


def write(path: Path, kind: str) -> None:
    """The same two rows in any form."""
    match kind:
        case "parquet":
            pl.DataFrame(ROWS).write_parquet(path)
        case "csv":
            path.write_text("prompt_hash,reference\na,007\nb,\n")
        case "tsv":
            path.write_text("prompt_hash\treference\na\t007\nb\t\n")
        case "jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
        case "json":
            path.write_text(json.dumps(ROWS))


@pytest.mark.parametrize("kind", ["parquet", "csv", "tsv", "jsonl", "json"])
def test_every_form_by_its_suffix(tmp_path: Path, kind: str) -> None:
    """All forms give the same values, leading zeros kept, rows without an answer left out."""
    write(tmp_path / f"answers.{kind}", kind)
    assert load_references(References(path=f"answers.{kind}"), tmp_path).values == {"a": "007"}


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl", "json"])
def test_without_a_suffix_the_content_tells(tmp_path: Path, kind: str) -> None:
    """A file of no known suffix is recognised by its first bytes."""
    write(tmp_path / "answers", kind)
    assert load_references(References(path="answers"), tmp_path).values == {"a": "007"}


def test_structured_values_and_mappings(tmp_path: Path) -> None:
    """Lists and objects stay what they are, in Parquet and in JSON; a JSON object is hash to answer."""
    pl.DataFrame({"k": ["a"], "v": [{"total": 5, "tags": ["x"]}]}).write_parquet(tmp_path / "a.parquet")
    (tmp_path / "b.json").write_text('{"a": {"total": 5, "tags": ["x"]}}')
    wanted = {"a": {"total": 5, "tags": ["x"]}}
    assert load_references(References(path="a.parquet", key="k", value="v"), tmp_path).values == wanted
    assert load_references(References(path="b.json"), tmp_path).values == wanted


def test_contradicting_rows_are_left_out_and_counted(tmp_path: Path) -> None:
    """Two equal answers are one; two different ones are none, and are counted."""
    (tmp_path / "a.csv").write_text("prompt_hash,reference\na,1\na,1\nb,1\nb,2\nb,3\n")
    found = load_references(References(path="a.csv"), tmp_path)
    assert (found.values, found.ambiguous) == ({"a": "1"}, 1)


def test_no_section_means_no_references() -> None:
    """Without `references:` there are none."""
    assert load_references(None, Path()).values == {}


def test_absent_file_and_columns_are_named(tmp_path: Path) -> None:
    """The error names the file or the column, and the nearest column there is."""
    with pytest.raises(InputError, match="do not exist"):
        load_references(References(path="absent.csv"), tmp_path)
    (tmp_path / "a.csv").write_text("prompt_hsh,reference\na,1\n")
    with pytest.raises(InputError, match="no column `prompt_hash`") as caught:
        load_references(References(path="a.csv"), tmp_path)
    assert "prompt_hsh" in (caught.value.hint or "")
    (tmp_path / "a.parquet").write_bytes(b"PAR1 is not all it takes")
    with pytest.raises(InputError, match="cannot be read as parquet"):
        load_references(References(path="a.parquet"), tmp_path)


def test_the_line_that_is_no_json_is_named(tmp_path: Path) -> None:
    """By its number in the file: the place that a parser tells is one within the line."""
    (tmp_path / "right.jsonl").write_text('{"prompt_hash": "a", "reference": 1}\n\n{"prompt_hash": \n', "utf-8")
    with pytest.raises(InputError, match=r"^line 3 of the references .*right\.jsonl is not JSON"):
        load_references(References(path="right.jsonl"), tmp_path)
    (tmp_path / "right.json").write_text("{", "utf-8")
    with pytest.raises(InputError, match=r"^the references .*right\.json are not JSON"):
        load_references(References(path="right.json"), tmp_path)
