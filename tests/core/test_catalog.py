"""Catalogs: names first, adapters when they are asked for."""

from dataclasses import dataclass

import pytest

from audit.core.catalog import Catalog
from audit.core.errors import UnknownName
from audit.core.tier import Tier


def catalog(expects: type) -> Catalog:
    """A catalog over a module that exists."""
    return Catalog(
        kind="thing",
        group="audit.things",
        package="audit.core",
        constant="PER_MILLION",
        names=("tier",),
        expects=expects,
    )


def test_a_name_is_a_module_with_a_constant() -> None:
    """The adapter is the constant of the module that has the name."""
    assert catalog(int).get("tier") == 1_000_000


def test_an_unknown_name_has_a_neighbour() -> None:
    """The error names the nearest known name and all of them."""
    with pytest.raises(UnknownName) as error:
        catalog(int).get("tire")
    assert error.value.hint == "did you mean `tier`?"
    assert "known: tier" in error.value.notes
    assert error.value.exit_code == 2


def test_a_constant_of_another_type_is_refused() -> None:
    """A module that exports something else is a bug that says so."""
    with pytest.raises(TypeError, match="thing `tier` is a int, not a Tier"):
        catalog(Tier).get("tier")


@dataclass(frozen=True)
class Anything:
    """A type that nothing is."""


def test_listing_imports_nothing() -> None:
    """Names can be read without importing an adapter, even one that does not exist."""
    names = Catalog(
        kind="thing", group="audit.things", package="audit.nowhere", constant="X", names=("a", "b"), expects=Anything
    )
    assert list(names) == ["a", "b"]
    assert "a" in names


def test_a_long_list_of_names_is_cut() -> None:
    """Thousands of ids are no help; the first, how many there are beside them, and still the near one."""
    error = UnknownName.among("exchange", "0199", [f"{number:04d}" * 8 for number in range(5000)] + ["0198"])
    (note,) = error.notes
    assert len(note) < 700
    assert note.endswith(" more")
    assert error.hint == "did you mean `0198`?"
