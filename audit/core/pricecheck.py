"""Two public price tables side by side."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A model that two tables price otherwise; USD per million tokens, None where a table has no price of that class.

    Attributes:
        model: As the other table has it.
        vendor: As the catalogue has it.
        kind: Class of token.
        ours: By the catalogue.
        theirs: By the other table.
    """

    model: str
    vendor: str
    kind: str
    ours: float | None
    theirs: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceCheck:
    """What came of it.

    Attributes:
        catalogue: Ours, with its version.
        newest_change: Day of the newest price change that it has a date for.
        other: The other table.
        compared: Models that both have.
        alike: Of these, the ones that both price alike.
        theirs_alone: Models of vendors that the catalogue has, which only the other table has.
        disagreements: By vendor and model.
    """

    catalogue: str
    newest_change: str | None
    other: str
    compared: int
    alike: int
    theirs_alone: int
    disagreements: tuple[Disagreement, ...]
