"""The replayed draws of one route, each set of them put side by side once: candidates and claims ask for the same ones.

The key of a set is its rows, compared whole. Nothing is kept beyond the object that was asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from audit.core.exchange import Request
from audit.pairing.evidence import Tables
from audit.pairing.replayed import Replayed, replayed


class ReplayedSets:
    """Draws of one route joined with what is known of them, as `replayed` does it.

    Source:
        Artefacts that are computed once by what they depend on, compared deeply: Lighthouse,
        core/computed-artifact.js and core/lib/arbitrary-equality-map.js.
    """

    def __init__(self, tables: Tables, tiers: Sequence[str], requests: Mapping[str, Request]) -> None:
        """Arguments as of `replayed`."""
        self._tables, self._tiers, self._requests = tables, tiers, requests
        self._made: list[tuple[pl.DataFrame, Replayed]] = []

    def of(self, draws: pl.DataFrame) -> Replayed:
        """Rows of the slice side by side with their replays; equal rows are the same object."""
        for rows, made in self._made:
            if rows.equals(draws):
                return made
        made = replayed(self._tables, draws, self._tiers, self._requests)
        self._made.append((draws, made))
        return made
