"""Tables in narrow terminals: nothing that tells two rows apart is lost."""

import re

import pytest
from rich.console import Console

from audit.cli.columns import NAME_LINES, Column, _narrowed, table

NAMES = [
    "/finance/invoice-extraction-v1",
    "/finance/invoice-extraction-v2",
    "short",
    "x" * 70,
    "名前のとても長い経路/第二版" * 2,
]


def printed(names: list[str], width: int, *, folds: bool = False) -> list[str]:
    """The lines of a table of names and amounts."""
    columns = [Column(title="Route", at_least=8, folds=folds), Column(title="Paid", right=True), Column(title="Does")]
    rows = [[name, "$1,234.56", "keep as it is"] for name in names]
    console = Console(width=width, color_system=None)
    with console.capture() as shown:
        console.print(table(columns, rows, width=width, drawn=str))
    return shown.get().splitlines()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [48, 60, 80])
def test_a_name_is_read_whole_however_narrow_its_column_is(name: str, width: int) -> None:
    """Over several lines; its figures are whole in the first of them."""
    head, *lines = printed([name], width)
    room = head.index("Paid") - 5
    column = [re.split(r"  +\$| {9}", line)[0].strip() for line in lines]
    assert "".join(column).replace(" ", "") == name
    assert "$1,234.56  keep as it is" in lines[0]
    assert room > 0


def test_a_name_without_end_takes_a_few_lines() -> None:
    """It is cut at last, says so, and keeps its end: two names may differ there alone."""
    lines = printed(["y" * 400 + "end"], 48)[1:]
    assert len(lines) == NAME_LINES
    assert lines[-1].startswith("…")
    assert lines[-1].rstrip().endswith("end")


def test_a_list_goes_on_behind_its_commas() -> None:
    """No share of a model is cut off its name."""
    lines = printed(["orion-xl 69%, clio-large 31%"], 44, folds=True)[1:]
    assert [line.split("  ")[0].rstrip() for line in lines] == ["orion-xl 69%,", "clio-large 31%"]


@pytest.mark.parametrize("cells", [10, 12, 20])
@pytest.mark.parametrize("text", ["2026-10-01 – 10-31", "genai-prices 0.2.3", "notes 1,204.50"])
def test_no_date_and_no_number_is_broken(text: str, cells: int) -> None:
    """A narrow column breaks between words: half a date reads as another one."""
    lines = str(_narrowed(text, Column(title="x", at_least=8), cells)).split("\n")
    kept = {word for line in lines for word in re.findall(r"\d[\d.,:-]*", line)}
    assert kept == set(re.findall(r"\d[\d.,:-]*", text))
