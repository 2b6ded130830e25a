"""Levers: what a log alone shows to be avoidable. One lever a file."""

from __future__ import annotations

from audit.core.catalog import Catalog
from audit.levers.lever import Lever

LEVERS: Catalog[Lever] = Catalog(
    kind="lever",
    group="audit.levers",
    package=__name__,
    constant="LEVER",
    names=("unused-answers", "repeats", "same-model", "batch", "prompt-cache", "prompt-trimming"),
    expects=Lever,
)
"""In the order in which the ledger takes them."""
