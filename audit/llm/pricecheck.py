"""Two public price tables side by side: the bundled catalogue and LiteLLM's, model by model.

LiteLLM's table is a JSON object by model: USD a token, the provider in `litellm_provider`. It comes with the package
`litellm`, whose file is read without importing it, or is named.
Source: github.com/BerriAI/litellm, model_prices_and_context_window.json, entry `sample_spec`; read 2026-11-28.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import date
from fnmatch import fnmatchcase
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from audit.core.errors import InputError, MissingPackage
from audit.core.pricecheck import Disagreement, PriceCheck
from audit.core.tier import PER_MILLION
from audit.llm.pricing import catalogue_version, newest_change, price_of, vendor_of

PACKAGE = "litellm"
FILE = "model_prices_and_context_window_backup.json"
SAME = 0.01
"""Prices that differ by no more than this part are alike."""
_MODES = frozenset({"chat", "completion", "responses", "embedding"})
_CLASSES = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cached_input": "cache_read_input_token_cost",
}
"""Our names of the classes of tokens, to LiteLLM's. What a cache write costs depends on how long it is kept."""

_REGIONAL = re.compile(r"(us|eu|global|global-standard|[a-z]{2}(-[a-z]+)+-\d|[\w-]*commitment)/")
"""A price of one region, or of a commitment, as `azure/eu/gpt-4o`; the catalogue has a vendor's general one."""


def check_prices(pattern: str = "*", *, on: date | None = None, table: Path | None = None) -> PriceCheck:
    """Compare the tables' list prices.

    Args:
        pattern: Glob over models, with or without the vendor before a slash.
        on: Day on which the catalogue's prices must be true; default: today (UTC).
        table: LiteLLM's file; default: that of the installed package.

    Raises:
        InputError: The file is none, or no model of both tables fits the pattern.
        MissingPackage: No file is named and the package is not installed.
    """
    entries, other = _other_table(table)
    compared: set[tuple[str, str]] = set()
    alone: set[tuple[str, str]] = set()
    found: dict[tuple[str, str, str], Disagreement] = {}
    for name, entry in entries.items():
        vendor, model = vendor_of(str(entry.get("litellm_provider") or "")), _model_of(name)
        if vendor is None or _REGIONAL.match(model) or entry.get("mode") not in _MODES:
            continue
        if not _fits(pattern, vendor, model):
            continue
        ours = price_of(model, vendor, on=on)
        if ours is None:
            alone.add((vendor, model))
            continue
        compared.add((vendor, model))
        for kind, field in _CLASSES.items():
            mine, theirs = getattr(ours, kind), _per_million(entry.get(field))
            if not _alike(mine, theirs, kind):
                found[vendor, model, kind] = Disagreement(
                    model=model, vendor=vendor, kind=kind, ours=mine, theirs=theirs
                )
    if not compared:
        raise InputError(
            f"no model of both price tables fits `{pattern}`",
            code="prices.none-compared",
            notes=[f"{catalogue_version()}; {other}; models that only the second has: {len(alone):,}"],
            hint="a glob over models or vendor/model, for example  audit prices 'deepseek/*' --check",
        )
    differing = {(vendor, model) for vendor, model, _ in found}
    newest = newest_change(on)
    return PriceCheck(
        catalogue=catalogue_version(),
        newest_change=newest.isoformat() if newest else None,
        other=other,
        compared=len(compared),
        alike=len(compared - differing),
        theirs_alone=len(alone),
        disagreements=tuple(one for _, one in sorted(found.items())),
    )


def _model_of(name: str) -> str:
    """The model in `provider/model`; models of open weights have slashes of their own."""
    prefix, slash, rest = name.partition("/")
    return rest if slash and vendor_of(prefix) is not None else name


def _fits(pattern: str, vendor: str, model: str) -> bool:
    return fnmatchcase(model, pattern) or fnmatchcase(f"{vendor}/{model}", pattern)


def _alike(mine: float | None, theirs: float | None, kind: str) -> bool:
    """Whether two prices say the same; one that a table leaves out says nothing, but for input and output."""
    if mine is None or theirs is None:
        return mine is theirs or kind not in ("input", "output")
    return math.isclose(mine, theirs, rel_tol=SAME, abs_tol=1e-9)


def _per_million(value: Any) -> float | None:
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    return None if number is None or not math.isfinite(number) else float(f"{number * PER_MILLION:.12g}")


def _other_table(path: Path | None) -> tuple[Mapping[str, Mapping[str, Any]], str]:
    """The entries of LiteLLM's table and its name."""
    if path is None:
        spec = find_spec(PACKAGE)
        if spec is None or spec.origin is None:
            why = "it holds the second price table; or name its file: --against model_prices_and_context_window.json"
            raise MissingPackage(PACKAGE, why=why)
        path, name = Path(spec.origin).parent / FILE, _package()
    else:
        name = path.name
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        value = None
    entries = dict(_entries(value))
    if not entries:
        raise InputError(
            f"{path} is not LiteLLM's price table",
            code="prices.table",
            notes=["a JSON object by model, with `litellm_provider` and `input_cost_per_token`"],
            hint="it is model_prices_and_context_window.json of LiteLLM's repository",
        )
    return entries, name


def _entries(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(value, dict):
        for name, entry in value.items():
            if isinstance(entry, dict) and "litellm_provider" in entry and name != "sample_spec":
                yield name, entry


def _package() -> str:
    try:
        return f"{PACKAGE} {version(PACKAGE)}"
    except PackageNotFoundError:
        return PACKAGE
