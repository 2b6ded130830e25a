"""Invoices as people and programs write them: the same charges in every notation, with totals, footers, odd names."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

from audit.core.errors import InputError
from audit.core.reconciliation import Bill, BillLine, Cause, ChargeKind, Uncounted
from audit.core.settings import BillColumns, ReconcileSettings
from audit.ingest.bill import read_bill
from audit.ingest.billing.charges import kind_of
from audit.reconcile.run import reconcile
from tests.reconcile.planted import Plan, world

Row = tuple[str, ...]


def read(folder: Path, head: Row, rows: list[Row], **columns: str) -> Bill:
    """A table, read as a bill."""
    text = StringIO()
    csv.writer(text).writerows([head, *rows])
    (folder / "bill.csv").write_text(text.getvalue(), "utf-8")
    told = BillColumns(day=head[0], amount=head[-1], model=head[1], **columns) if columns else None  # type: ignore[arg-type]
    return read_bill([folder / "bill.csv"], ReconcileSettings(columns=told))


def comma(usd: float) -> str:
    """`1.234,50`."""
    return f"{usd:,.2f}".translate(str.maketrans(",.", ".,"))


NOTATIONS: dict[str, Callable[[float], str]] = {
    "plain": lambda usd: f"{usd:.2f}",
    "thousands": lambda usd: f"${usd:,.2f}",
    "comma": comma,
    "comma, three decimals": lambda usd: f"{usd:.3f}".replace(".", ","),
    "comma, no thousands": lambda usd: f"{usd:.2f}".replace(".", ","),
    "spaces": lambda usd: f"{usd:,.2f}".replace(",", "\u202f"),
    "Swiss": lambda usd: f"{usd:,.2f}".replace(",", "’"),
    "accounting": lambda usd: f"({-usd:,.2f})" if usd < 0 else f"{usd:,.2f}",
    "sign behind": lambda usd: f"{-usd:.2f}-" if usd < 0 else f"{usd:.2f}",
    "with code": lambda usd: f"USD {usd:,.2f}",
    "exponent": lambda usd: f"{usd:.6e}",
}


@pytest.mark.parametrize("notation", NOTATIONS)
def test_an_amount_is_the_same_in_every_notation(notation: str, tmp_path: Path) -> None:
    """Whatever stands between thousands and before decimals; the column decides where one amount does not tell."""
    rng = random.Random(1)
    for _ in range(20):
        amounts = [round(rng.choice([1, 10, 1000, 50_000]) * rng.uniform(0.2, 1) * 100) / 100 for _ in range(40)]
        amounts[rng.randrange(40)] *= -1
        rows = [(f"2026-09-{1 + n % 30:02}", "gpt-4o", NOTATIONS[notation](usd)) for n, usd in enumerate(amounts)]
        bill = read(tmp_path, ("date", "model", "amount"), rows)
        assert [line.usd for line in bill.lines] == pytest.approx(amounts)
        assert not bill.unread


@pytest.mark.parametrize(
    ("amounts", "usd"),
    [
        (("1,234", "950"), [1234.0, 950.0]),
        (("1.234", "0.950"), [1.234, 0.95]),
        (("1,234", "0,950"), [1.234, 0.95]),
        (("1.234.567", "1.234"), [1234567.0, 1234.0]),
        (("1,234", "5,678"), None),
        (("1.234", "950"), None),
        (("1.50", "1,5"), None),
        (("1,50", "1.5"), None),
    ],
)
def test_an_amount_that_may_be_two_is_told_by_the_others_or_refused(
    amounts: tuple[str, ...], usd: list[float] | None, tmp_path: Path
) -> None:
    """A thousand is never taken for one, nor one for a thousand."""
    rows = [("2026-09-01", "gpt-4o", one) for one in amounts]
    head = ("date", "model", "amount")
    if usd is not None:
        assert [line.usd for line in read(tmp_path, head, rows).lines] == usd
        return
    with pytest.raises(InputError) as caught:
        read(tmp_path, head, rows)
    assert caught.value.code == "reconcile.decimals"
    if not any("." in one and "," in other for one in amounts for other in amounts):
        told = read(tmp_path, head, rows, decimal=",")
        assert told.lines[0].usd in (1.234, 1234.0)


def test_the_other_notation_far_down_is_refused(tmp_path: Path) -> None:
    """The notation is told by the first rows; an amount below them that contradicts it is no number of its own."""
    rows = [("2026-09-01", "gpt-4o", "1.50")] * 300 + [("2026-09-02", "gpt-4o", "12,50")]
    with pytest.raises(InputError) as caught:
        read(tmp_path, ("date", "model", "amount"), rows)
    assert caught.value.code == "reconcile.decimals"


@pytest.mark.parametrize(
    ("column", "times"),
    [
        *(("amount_cents", 100), ("Cost (USD cents)", 100), ("cost_micros", 1e6), ("Amount (USD)", 1), ("cost_usd", 1)),
        *(("Cost ($)", 1), ("USD", 1), ("Total Cost", 1), ("line_total", 1)),
    ],
)
def test_the_name_of_a_column_says_its_unit(column: str, times: float, tmp_path: Path) -> None:
    """Cents and millionths are made dollars where the heading says so."""
    bill = read(tmp_path, ("date", "model", column), [("2026-09-01", "gpt-4o", f"{12.5 * times:g}")])
    assert [line.usd for line in bill.lines] == [12.5]


@pytest.mark.parametrize("column", ["Amount (EUR)", "cost_gbp", "Cost (€)", "amount inr"])
def test_the_name_of_a_column_says_its_currency(column: str, tmp_path: Path) -> None:
    """Euros are refused where only the heading says so, and not where dollars stand beside them."""
    with pytest.raises(InputError) as caught:
        read(tmp_path, ("date", "model", column), [("2026-09-01", "gpt-4o", "12.50")])
    assert caught.value.code == "reconcile.currency"
    bill = read(tmp_path, ("date", "model", column, "Cost (USD)"), [("2026-09-01", "gpt-4o", "12.50", "14.00")])
    assert [line.usd for line in bill.lines] == [14.0]


def test_the_dollars_beside_another_currency_are_taken(tmp_path: Path) -> None:
    """A row's currency is that of its other amounts where a column says that it is in dollars."""
    head, row = ("date", "model", "amount", "currency", "amount_usd"), ("2026-09-01", "gpt-4o", "11", "EUR", "12.5")
    assert [line.usd for line in read(tmp_path, head, [row]).lines] == [12.5]
    with pytest.raises(InputError) as caught:
        read(tmp_path, head[:4], [row[:4]])
    assert caught.value.code == "reconcile.currency"


def test_other_columns_of_amounts_are_told(tmp_path: Path) -> None:
    """Of several amounts a row, what was taken and what was not stand in the output."""
    head = ("date", "model", "tokens", "cost_center", "discount", "tax", "total")
    bill = read(tmp_path, head, [("2026-09-01", "gpt-4o", "1000", "7", "-1.00", "0.50", "2.50")])
    assert bill.lines[0].usd == 2.5
    assert bill.read_as.endswith("amount from `total`, model from `model`, nothing from `discount`, `tax`")


def test_lines_that_say_nothing_are_none(tmp_path: Path) -> None:
    """Empty lines, and heads of tables that were put together; a line with a day and no amount is still missed."""
    head = ("date", "model", "amount")
    row, empty = ("2026-09-01", "gpt-4o", "2.50"), ("", "", "")
    missed = [("2026-09-02", "gpt-4o", amount) for amount in ("", "n/a", "#REF!")]
    bill = read(tmp_path, head, [row, empty, head, row, row, row, *missed, empty])
    assert (len(bill.lines), bill.unread) == (4, 3)


def test_credits_above_zero_are_told(tmp_path: Path) -> None:
    """They count as they are written, with a word."""
    made = world(1, Plan(cents=False))
    credit = replace(made.bill.lines[0], usd=20.0, kind=ChargeKind.CREDIT)
    found = reconcile(made.files(tmp_path), replace(made.bill, lines=(*made.bill.lines, credit)), {})
    assert any(note.startswith("1 credit of the bill is above zero ($20.00)") for note in found.notes)


@pytest.mark.parametrize("way", ["files", "numbers", "files, mostly the same", "reversed"])
def test_a_reissued_invoice_is_no_tax(way: str, tmp_path: Path) -> None:
    """The corrected one counts, the first is named; a credit note that reverses the first is a credit of its own."""
    made = world(2, Plan())
    rows = [(f"{line.start:%Y-%m-%d}", line.item, line.usd) for line in made.bill.lines]
    changed = [(day, item, round(usd * 1.02, 2)) for day, item, usd in rows]
    changed[20:] = rows[20:] if way == "files, mostly the same" else changed[20:]
    parts = {"1": rows, "2": changed}
    if way == "reversed":
        parts = {"1": rows, "C": [(day, item, -usd) for day, item, usd in rows], "2": changed}
    paths = []
    for number, part in parts.items() if way.startswith("files") else [("all", None)]:
        kept = [("all", *row) for row in part] if part else [(n, *row) for n, of in parts.items() for row in of]
        text = StringIO()
        csv.writer(text).writerows([("date", "model", "amount"), *(row[1:] for row in kept)] if part else [])
        csv.writer(text).writerows([("Invoice no.", "date", "model", "amount"), *kept] if not part else [])
        paths.append(tmp_path / f"{number}.csv")
        paths[-1].write_text(text.getvalue())
    found = reconcile(made.files(tmp_path), read_bill(paths, ReconcileSettings()), {})
    steps = {step.cause: step.usd for step in found.steps}
    assert steps[Cause.REISSUED] == pytest.approx(sum(usd for _, _, usd in rows))
    assert steps.get(Cause.SHARE_ON, 0.0) < 0.03 * found.log_usd
    assert (ChargeKind.CREDIT in steps) is (way == "reversed")
    assert found.log_usd + sum(step.usd for step in found.steps) == pytest.approx(found.bill_usd)


def test_invoices_of_two_accounts_are_two(tmp_path: Path) -> None:
    """The same days and models on two invoices count both where the log has both."""
    made, rng = world(2, Plan(cents=False)), random.Random(2)
    shares = [rng.uniform(0.2, 0.8) for _ in made.bill.lines]
    for number in (0, 1):
        rows = [
            f"{line.start:%Y-%m-%d},{line.item},{line.usd * (share if number else 1 - share)}"
            for line, share in zip(made.bill.lines, shares, strict=True)
        ]
        (tmp_path / f"{number}.csv").write_text("\n".join(["date,model,amount", *rows]))
    bill = read_bill([tmp_path / "0.csv", tmp_path / "1.csv"], ReconcileSettings())
    found = reconcile(made.files(tmp_path), bill, {})
    assert {step.cause for step in found.steps} <= {Cause.ROUNDING}


def test_a_price_of_one_unit_is_no_amount(tmp_path: Path) -> None:
    """Beside a quantity a price is of one of it; alone it is what was paid."""
    head, row = ("date", "model", "quantity", "price", "total"), ("2026-09-01", "gpt-4o", "1000", "0.002", "2.00")
    assert read(tmp_path, head, [row]).lines[0].usd == 2.0
    assert read(tmp_path, ("date", "model", "price"), [("2026-09-01", "gpt-4o", "2.00")]).lines[0].usd == 2.0
    with pytest.raises(InputError, match="no bill that is known"):
        read(tmp_path, head[:4], [row[:4]])


@pytest.mark.parametrize(
    "footer",
    [
        *(("2026-09-30", "Total", "30.00"), ("", "Grand total", "30.00"), ("Total", "", "30.00")),
        *(("2026-09-30", "Subtotal", "30.00"), ("2026-09-30", "Balance due", "30.00"), ("", "Gesamtbetrag", "30.00")),
        ("2026-09-30", "Payment received - thank you", "-30.00"),
        ("2026-09-30", "Amount due after credits", "30.00"),
        *(("2026-09-01", "Balance brought forward", "30.00"), ("2026-09-30", "Total for September 2026", "30.00")),
    ],
)
def test_totals_and_payments_are_no_charges(footer: Row, tmp_path: Path) -> None:
    """They say again what other lines say, with a day or without; they are counted apart, with what they say."""
    rows = [("2026-09-01", "gpt-4o", "10.00"), ("2026-09-02", "gpt-4o", "20.00")]
    bill = read(tmp_path, ("date", "model", "amount"), [*rows, footer])
    assert sum(line.usd for line in bill.lines) == 30.0
    (apart,) = bill.left_out
    assert (apart.why, apart.lines, abs(apart.usd)) == (Uncounted.TOTAL, 1, 30.0)


def test_a_bill_of_daily_totals_is_one(tmp_path: Path) -> None:
    """Where no line is anything else, totals are the charges."""
    bill = read(tmp_path, ("date", "description", "amount"), [("2026-09-01", "Total", "10.00")] * 2)
    assert [(line.usd, line.item) for line in bill.lines] == [(10.0, "")] * 2
    assert not bill.left_out


@pytest.mark.parametrize(
    ("spans", "days"),
    [
        ([("2026-09-01", "2026-09-07"), ("2026-09-08", "2026-09-14")], 7),
        ([("2026-09-01", "2026-09-08"), ("2026-09-08", "2026-09-15")], 7),
        ([("2026-09-01", "2026-09-01"), ("2026-09-02", "2026-09-02")], 1),
        ([("2026-09-01", "2026-09-02"), ("2026-09-02", "2026-09-03")], 1),
        ([("2026-09-01", "2026-09-30")], 30),
        ([("2026-09-01", "2026-10-01")], 30),
        ([("2026-09-01T00:00:00Z", "2026-09-01T06:00:00Z")], 0.25),
    ],
)
def test_an_end_is_a_last_day_or_the_day_after(spans: list[Row], days: float, tmp_path: Path) -> None:
    """People write the last day and programs the day after: the lines beside it tell, or the end of a month."""
    rows = [(start, "gpt-4o", end, "1.00") for start, end in spans]
    bill = read(tmp_path, ("start_date", "model", "end_date", "amount"), rows)
    assert [(line.end - line.start).total_seconds() / 86400 for line in bill.lines] == [days] * len(spans)
    assert not bill.left_out


def test_a_footer_needs_no_day(tmp_path: Path) -> None:
    """A credit or a tax below the lines counts; usage without a day does not, and is counted apart with its dollars."""
    rows = [("2026-09-01", "gpt-4o", "10.00"), ("2026-09-03", "gpt-4o", "20.00")]
    foot = [("", "Committed use discount", "-1.50"), ("", "Sales tax (8.25%)", "2.35"), ("", "gpt-4o", "4.00")]
    bill = read(tmp_path, ("date", "model", "amount"), [*rows, *foot])
    assert [(line.kind, line.usd) for line in bill.lines[2:]] == [(ChargeKind.CREDIT, -1.5), (ChargeKind.TAX, 2.35)]
    assert (bill.lines[2].start, bill.lines[2].end) == (bill.lines[0].start, bill.lines[1].end)
    assert [(one.why, one.usd) for one in bill.left_out] == [(Uncounted.NO_DAY, 4.0)]


@pytest.mark.parametrize(
    ("word", "item", "kind"),
    [
        ("", "ft:gpt-4o:acme:tax-support-bot:x1", ChargeKind.USAGE),
        ("", "accounts/acme/models/commit-message-writer", ChargeKind.USAGE),
        ("", "coffee-feedback-8b", ChargeKind.USAGE),
        ("usage", "Premium support assistant", ChargeKind.USAGE),
        ("", "Private GPT", ChargeKind.USAGE),
        ("", "Promotional credits", ChargeKind.CREDIT),
        ("Tax", "gpt-4o", ChargeKind.TAX),
        ("", "VAT 19%", ChargeKind.TAX),
        ("", "Platform fee", ChargeKind.OTHER),
        ("Refund", "gpt-4o", ChargeKind.CREDIT),
        ("", "Prepaid credit purchase", ChargeKind.OTHER),
        ("", "Auto-recharge", ChargeKind.OTHER),
        ("", "Rounding", ChargeKind.OTHER),
    ],
)
def test_a_name_of_a_model_is_no_word_of_a_bill(word: str, item: str, kind: ChargeKind) -> None:
    """A model may be called after taxes, seats or commits; whole words of a text tell, and its type before it."""
    assert kind_of(word, item, 1.0) is kind


@pytest.mark.parametrize(
    ("day", "pattern"),
    [
        *(("13/09/2026", "%d/%m/%Y"), ("09/13/2026", "%m/%d/%Y"), ("13.09.2026", "%d.%m.%Y")),
        *(("2026/09/13", "%Y/%m/%d"), ("13 Sep 2026", "%d %b %Y"), ("September 13, 2026", "%B %d, %Y")),
    ],
)
def test_days_that_are_written_otherwise_are_told_how(day: str, pattern: str, tmp_path: Path) -> None:
    """The error says the setting that reads them."""
    with pytest.raises(InputError) as caught:
        read(tmp_path, ("date", "model", "amount"), [(day, "gpt-4o", "1.00")] * 2)
    assert caught.value.code == "reconcile.empty"
    assert f'day_format: "{pattern}"' in (caught.value.hint or "")
    told = read(tmp_path, ("date", "model", "amount"), [(day, "gpt-4o", "1.00")] * 2, day_format=pattern)
    assert f"{told.lines[0].start:%Y-%m-%d}" == "2026-09-13"


@pytest.mark.parametrize(("times", "setting"), [(100, "unit: cents"), (1e6, "unit: micros"), (1000, 'decimal: ","')])
@pytest.mark.parametrize("credit", [0.0, 0.05])
def test_a_factor_that_is_no_price_is_refused(times: float, setting: str, credit: float, tmp_path: Path) -> None:
    """A bill a hundred times the log is in cents: no tax explains it, and no number is shown."""
    made = world(1, Plan(credit=credit, cents=False))
    lines = [BillLine(start=one.start, end=one.end, usd=one.usd * times, item=one.item) for one in made.bill.lines]
    files = made.files(tmp_path)
    whole = BillLine(start=lines[0].start, end=lines[-1].end, usd=sum(line.usd for line in lines))
    for held in (lines, [whole]) if not credit else (lines,):
        with pytest.raises(InputError) as caught:
            reconcile(files, Bill(name="b", format="x", read_as="", lines=tuple(held)), {})
        assert caught.value.code == "reconcile.unit"
        assert setting in (caught.value.hint or "")
