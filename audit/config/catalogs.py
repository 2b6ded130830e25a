"""The names that a configuration may use, of every kind of adapter; imported when a configuration uses one."""

from __future__ import annotations

from typing import Any

from audit.core.catalog import Catalog


def catalogs() -> dict[str, Catalog[Any]]:
    """Catalogs by the kind of name."""
    from audit.executors import EXECUTORS
    from audit.ingest.formats import FORMATS
    from audit.llm.providers import PROVIDERS

    return {"provider": PROVIDERS, "format": FORMATS, "executor": EXECUTORS}


def assertion_types() -> list[str]:
    """Every `type` that an assertion may have, those included that are refused with a reason."""
    from audit.scoring.scorers import ALIASES, NOT_SUPPORTED, SCORERS

    return sorted({*SCORERS.known(), *ALIASES, *NOT_SUPPORTED})
