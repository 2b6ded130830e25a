"""What a bill of each kind holds, and what becomes of a file that is none, or is half of one."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.core.errors import InputError
from audit.core.reconciliation import Uncounted, UncountedLines
from audit.core.settings import BillColumns, ReconcileSettings
from audit.ingest.bill import read_bill
from audit.ingest.bills import BILLS
from audit.reconcile.names import common_names, words_of
from tests.reconcile.bills import CASES, FILES


def read(folder: Path, name: str, text: str, **settings: Any) -> Any:
    """A file with this text, read as a bill."""
    path = folder / name
    path.write_text(text, "utf-8")
    return read_bill([path], ReconcileSettings(**settings))


@pytest.mark.parametrize("case", sorted(CASES))
def test_lines(case: str) -> None:
    """Each kind is told by its fields, and every line has its time, amount, item and kind."""
    kind, lines = CASES[case]
    bill = read_bill([FILES / case], ReconcileSettings())
    assert bill.format == kind
    assert [
        (one.start.isoformat(), one.end.isoformat(), one.usd, one.item, one.kind.value, one.cached)
        for one in bill.lines
    ] == lines


def test_every_kind_has_a_file() -> None:
    """The cases are of every kind of bill."""
    assert {kind for kind, _ in CASES.values()} == set(BILLS.names)


def test_what_is_left_out_is_counted() -> None:
    """Lines of other services and lines that cannot be read are no lines, and are not lost."""
    bill = read_bill([FILES / "cur_2.csv"], ReconcileSettings())
    assert bill.left_out == (UncountedLines(why=Uncounted.OTHER_SERVICE, lines=1, usd=40.0),)
    assert bill.unread == 0
    invoice = read_bill([FILES / "invoice.csv"], ReconcileSettings())
    assert invoice.left_out == (UncountedLines(why=Uncounted.TOTAL, lines=1, usd=1457.6),)
    assert invoice.unit_usd == 0.01


def test_any_door(tmp_path: Path) -> None:
    """Compressed CSV and Parquet are read as the plain file is."""
    file = FILES / "cur_2.csv"
    plain = read_bill([file], ReconcileSettings())
    (tmp_path / "cur.csv.gz").write_bytes(gzip.compress(file.read_bytes()))
    pl.read_csv(file, try_parse_dates=True).write_parquet(tmp_path / "cur.parquet")
    for name in ("cur.csv.gz", "cur.parquet"):
        assert read_bill([tmp_path / name], ReconcileSettings()).lines == plain.lines


def test_a_table_below_other_lines(tmp_path: Path) -> None:
    """What stands above a table is no line of it, but for its currency, which `$` alone does not tell."""
    told = (FILES / "google_cost_table.csv").read_text()
    assert len(read(tmp_path, "table.csv", told).lines) == 2
    plain = "Invoice,7\nCustomer,Acme\n\nDate,Model,Amount\n2026-09-01,gpt-4o,5.00\n"
    assert [line.usd for line in read(tmp_path, "plain.csv", plain).lines] == [5.0]
    with pytest.raises(InputError) as caught:
        read(tmp_path, "table.csv", told.replace("Currency,USD", "Currency,AUD"))
    assert caught.value.code == "reconcile.currency"


def test_a_line_that_was_there_before_is_told(tmp_path: Path) -> None:
    """Word for word, within a file and over files; a bucket of an API is one record."""
    text = "date,model,amount\n2026-09-01,gpt-4o,5.00\n2026-09-02,gpt-4o,5.00\n"
    (tmp_path / "one.csv").write_text(text)
    (tmp_path / "two.csv").write_text(text + "2026-09-02,gpt-4o,5.00\n2026-09-03,gpt-4o,5.00\n")
    bill = read_bill([tmp_path / "one.csv", tmp_path / "two.csv"], ReconcileSettings())
    assert [line.repeated for line in bill.lines] == [False, False, True, True, True, False]


def test_a_bill_of_several_projects(tmp_path: Path) -> None:
    """The parts are told with their dollars, and `where` takes one; what is of another is counted, not lost."""
    text = "date,model,project,amount\n2026-09-01,gpt-4o,mine,5.00\n2026-09-01,gpt-4o,theirs,7.00\n"
    assert "theirs $7.00 and mine $5.00" in read(tmp_path, "all.csv", text).parts
    mine = read(tmp_path, "mine.csv", text, where={"project": "mi*"})
    assert [line.usd for line in mine.lines] == [5.0]
    assert mine.left_out == (UncountedLines(why=Uncounted.ELSEWHERE, lines=1, usd=7.0),)
    with pytest.raises(InputError) as caught:
        read(tmp_path, "no.csv", text, where={"workspace": "mine"})
    assert caught.value.code == "reconcile.column"


def test_a_bucket_of_several_projects(tmp_path: Path) -> None:
    """The results of a bucket are parted as rows are."""
    results = [
        {
            "object": "r",
            "amount": {"value": usd, "currency": "usd"},
            "line_item": "gpt-4o, input",
            "project_id": project,
        }
        for usd, project in ((5.0, "mine"), (7.0, "theirs"))
    ]
    bucket = {"object": "bucket", "start_time": 1788220800, "end_time": 1788307200, "results": results}
    text = json.dumps({"object": "page", "data": [bucket]})
    mine = read(tmp_path, "costs.json", text, where={"project_id": "mine"})
    assert [line.usd for line in mine.lines] == [5.0]
    assert mine.left_out == (UncountedLines(why=Uncounted.ELSEWHERE, lines=1, usd=7.0),)
    assert "`project_id`" in read(tmp_path, "costs.json", text).parts


def test_a_column_of_maps(tmp_path: Path) -> None:
    """CUR 2.0 as Parquet has its product as a map: what is sold on the marketplace is named there alone."""
    table = pa.table(
        {
            "line_item_usage_start_date": ["2026-09-01 00:00:00"],
            "line_item_usage_end_date": ["2026-09-01 01:00:00"],
            "line_item_product_code": ["4yx2"],
            "line_item_usage_type": ["USE1-MP:USE1_InputTokenCount-Units"],
            "line_item_unblended_cost": [2.5],
            "product": pa.array(
                [[("product_name", "Claude 3 Haiku (Amazon Bedrock Edition)"), ("region", "us-east-1")]],
                pa.map_(pa.string(), pa.string()),
            ),
        }
    )
    pq.write_table(table, tmp_path / "cur.parquet")
    bill = read_bill([tmp_path / "cur.parquet"], ReconcileSettings())
    assert [(line.item, line.usd) for line in bill.lines] == [("Claude 3 Haiku (Amazon Bedrock Edition)", 2.5)]
    assert not bill.left_out


def test_columns_can_be_named(tmp_path: Path) -> None:
    """An invoice with its own words and its own way to write a day."""
    text = "Leistungstag;Betrag\n31.08.2026;12.50\n01.09.2026;7.25\n"
    with pytest.raises(InputError, match="no bill that is known"):
        read(tmp_path, "rechnung.csv", text)
    columns = BillColumns(day="Leistungstag", amount="Betrag", day_format="%d.%m.%Y")
    bill = read(tmp_path, "rechnung.csv", text, columns=columns)
    assert [(one.start.isoformat()[:10], one.usd) for one in bill.lines] == [("2026-08-31", 12.5), ("2026-09-01", 7.25)]
    with pytest.raises(InputError, match="no column `Summe`"):
        read(tmp_path, "rechnung.csv", text, columns=BillColumns(day="Leistungstag", amount="Summe"))


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("2026-09-01,12.50,EUR", "reconcile.currency"),
        ("2026-09-01,€12.50,", "reconcile.currency"),
        ("2026-09-01,12.50 GBP,", "reconcile.currency"),
        ("yesterday,12.50,USD", "reconcile.empty"),
        ('2026-09-01,"1.234,50",USD\n2026-09-01,1.5,USD', "reconcile.decimals"),
        ("2026-09-01,R$5,", "reconcile.currency"),
        ("", "reconcile.empty"),
        ("2026-09-01,1e308,USD", "reconcile.empty"),
        ("2026-09-01,-20,USD", "reconcile.empty"),
        ("9999-12-31,5,USD", "reconcile.empty"),
        ("0001-01-01,5,USD", "reconcile.empty"),
        ("2020-01-01,5,USD\n2026-01-01,5,USD", "reconcile.too-long"),
    ],
)
def test_what_cannot_be_held_against_dollars(row: str, code: str, tmp_path: Path) -> None:
    """Another currency is refused with a word; an amount that may be two numbers is none."""
    with pytest.raises(InputError) as caught:
        read(tmp_path, "bill.csv", f"date,amount,currency\n{row}\n")
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        *(("-3", -3.0), ("$-3.50", -3.5), ("-$3.50", -3.5), ("\u22123", -3.0), ("($1,000.25)", -1000.25)),
        *(("1e-3", 0.001), ("12 USD", 12.0), ("USD 12", 12.0), ("1,234", 1234.0), (".5", 0.5)),
    ],
)
def test_amounts_as_people_write_them(text: str, amount: float, tmp_path: Path) -> None:
    """Signs, brackets, dollars and thousands."""
    bill = read(tmp_path, "bill.csv", f'date,amount\n2026-09-01,"{text}"\n2026-09-01,1.00\n')
    assert bill.lines[0].usd == amount


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("gpt-4o-2024-08-06, cached input", "gpt-4o", True),
        ("gpt 4o 0806 Inp glbl Tokens", "gpt-4o-2024-08-06", True),
        ("Claude3Sonnet-input-tokens", "anthropic.claude-3-sonnet-20240229-v1:0", True),
        ("Claude 3.5 Sonnet (Amazon Bedrock Edition)", "us.anthropic.claude-3-5-sonnet-20240620-v1:0", True),
        ("Claude4.6Sonnet-mantle-input-tokens-standard", "claude-sonnet-4-6", True),
        ("claude-sonnet-4-20250514", "claude-sonnet-4", True),
        ("NovaLite-output-tokens", "amazon.nova-lite-v1:0", True),
        ("GPT 5 Mini cchd Inpt Glbl 1M Tokens", "gpt-5-mini-2025-08-07", True),
        ("GPT 5.1 inp Gl L 1M Tokens", "gpt-5.1", True),
        ("gpt-35-turbo4K-Inp-glbl", "gpt-3.5-turbo", True),
        ("gpt-4-8K-Batch-Inp-glbl Tokens", "gpt-4", True),
        ("text embedding 3 small DZ", "text-embedding-3-small", True),
        ("Gemini 2.5 Flash GA Text Input - Predictions", "gemini-2.5-flash", True),
        (" Gemini 2.5 Flash Lite GA Input Text Caching (Long)", "gemini-2.5-flash-lite", True),
        ("Gemini 2.5 Flash Text Output (Thinking On) - Batch Predictions", "gemini-2.5-flash", True),
        ("Generate_content text cached input token count for gemini 3 pro short", "gemini-3-pro", True),
        ("GenerateContent text output token count for Gemini 2.0 Flash", "gemini-2.0-flash-001", True),
        ("Claude 4.6 Sonnet (Amazon Bedrock Edition)", "us.anthropic.claude-sonnet-4-6", True),
        ("OpenAI GPT-5.6 Sol (Amazon Bedrock Edition)", "openai.gpt-5.6-sol", True),
        ("Nova2.0Lite-cache-read-input-token-count", "amazon.nova-2-lite-v1:0", True),
        ("Llama3-3-70B-input-tokens", "us.meta.llama3-3-70b-instruct-v1:0", True),
        ("DeepSeek-R1-input-tokens", "us.deepseek.r1-v1:0", True),
        ("gpt-4-32k", "gpt-4", False),
        ("kimi-k2-thinking", "kimi-k2", False),
        ("gpt-3.5-turbo-instruct", "gpt-3.5-turbo", False),
        ("Gemini 2.5 Flash Lite GA Text Input - Predictions", "gemini-2.5-flash", False),
        ("claude-2.1", "claude-2.0", False),
        ("gpt-4o-mini", "gpt-4o", False),
        ("gpt-4.1", "gpt-4", False),
        ("llama-3.3-70b", "llama-3-70b", False),
        ("o3", "o3-mini", False),
    ],
)
def test_names_of_models(one: str, other: str, same: bool) -> None:
    """One model under two names is one, and two models stay two."""
    assert (words_of(one) == words_of(other)) is same


def test_models_with_one_name_become_one() -> None:
    """Where the bill does not tell two models of the log apart, they are compared together; else each by itself."""
    log = ["gpt-4o", "gpt-4o-2024-08-06", "gpt-4o-mini"]
    coarse = common_names(["gpt-4o, input", "gpt-4o-mini", "Web search tool calls", ""], log, {})
    assert coarse.of_model["gpt-4o"] == coarse.of_model["gpt-4o-2024-08-06"] == coarse.of_item["gpt-4o, input"]
    assert coarse.of_item["gpt-4o-mini"] == "gpt-4o-mini"
    fine = common_names(log, log, {})
    assert [fine.of_item[name] for name in log] == log
    told = common_names(["Unit A"], log, {"Unit A": "gpt-4o-mini"})
    assert told.of_item["Unit A"] == "gpt-4o-mini"
    absent = common_names(["Claude3Haiku-input-tokens", "Claude3Haiku-output-tokens"], log, {})
    assert set(absent.of_item.values()) == {"Claude3Haiku"}
