"""Two price tables side by side: what they have in common, what they price otherwise, and what is no table."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from audit.core.errors import InputError, MissingPackage
from audit.llm.pricecheck import check_prices
from audit.llm.pricing import newest_change, price_of, vendor_of, vendors

DAY = date(2026, 11, 1)


def entry(provider: str, ours: Any, **changes: float) -> dict[str, Any]:
    """An entry as LiteLLM writes one, at the catalogue's own prices but for some changes."""
    fields = {"input": "input_cost_per_token", "output": "output_cost_per_token"}
    prices = {fields[kind]: getattr(ours, kind) * changes.get(kind, 1.0) / 1e6 for kind in fields}
    return {"litellm_provider": provider, "mode": "chat", **prices}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table of four models: alike, another output price, of a region, and one that the catalogue does not have."""
    large, small = (price_of(model, "openai", on=DAY) for model in ("gpt-4o", "gpt-4o-mini"))
    value = {
        "sample_spec": {"litellm_provider": "one of", "mode": "chat"},
        "gpt-4o": entry("openai", large),
        "openai/gpt-4o-mini": entry("openai", small, output=1.5),
        "azure/eu/gpt-4o": entry("azure", large, input=1.1),
        "openai/of-tomorrow": entry("openai", small),
        "acme/one": entry("acme", small),
        "dall-e-9": entry("openai", small) | {"mode": "image_generation"},
    }
    path = tmp_path / "table.json"
    path.write_text(json.dumps(value))
    return path


def test_what_differs_is_told_with_both_prices(table: Path) -> None:
    """One output price; regions, images and vendors that the catalogue does not have are not compared."""
    found = check_prices(on=DAY, table=table)
    assert (found.compared, found.alike, found.theirs_alone) == (2, 1, 1)
    (one,) = found.disagreements
    assert (one.vendor, one.model, one.kind) == ("openai", "gpt-4o-mini", "output")
    assert one.ours is not None
    assert one.theirs == pytest.approx(1.5 * one.ours)


def test_a_glob_takes_models_or_vendors(table: Path) -> None:
    """With or without the vendor; one that fits nothing is an error."""
    assert check_prices("gpt-4o", on=DAY, table=table).compared == 1
    assert check_prices("openai/*", on=DAY, table=table).compared == 2
    with pytest.raises(InputError, match="no model of both price tables fits"):
        check_prices("claude*", on=DAY, table=table)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"gpt-4o": 3}', "[" * 100_000], ids=range(5))
def test_what_is_no_table(text: str, tmp_path: Path) -> None:
    """Neither an empty file nor another document nor a bomb is a table."""
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(InputError, match="is not LiteLLM's price table"):
        check_prices(table=path)


def test_without_the_package_a_file_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the package and the other way."""
    monkeypatch.setattr("audit.llm.pricecheck.find_spec", lambda _name: None)
    with pytest.raises(MissingPackage) as caught:
        check_prices()
    assert "--against" in caught.value.notes[0]


def test_the_catalogue_says_how_old_it_is() -> None:
    """The newest dated change up to a day, and no later one."""
    newest = newest_change(DAY)
    assert newest is not None
    assert date(2025, 1, 1) < newest <= DAY
    assert newest_change(date(2000, 1, 1)) is None


def test_every_alias_is_a_vendor() -> None:
    """The names that an error offers are all known."""
    assert [name for name in vendors() if vendor_of(name) is None] == []
