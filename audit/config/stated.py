"""What a configuration's own text says, where it cannot be loaded: the files that it names are elsewhere."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from audit.core.settings import RouteSettings
from audit.documents import read_document


def stated_prices(text: bytes) -> dict[str, dict[str, Any]]:
    """The prices that stand in the text of a configuration, by tier.

    Raises:
        ConfigError: It is no document that may be read.
    """
    entries = [tier for tier in _listed(_values(text), "tiers") if isinstance(tier, dict)]
    return {str(tier.get("name")): tier["price"] for tier in entries if isinstance(tier.get("price"), dict)}


def stated_routes(text: bytes) -> tuple[RouteSettings, ...]:
    """The routes that stand in the text of a configuration, in its order.

    Raises:
        ConfigError: It is no document that may be read.
        ValueError: A route is none.
    """
    return tuple(RouteSettings.model_validate(entry) for entry in _listed(_values(text), "routes"))


def _values(text: bytes) -> Any:
    with TemporaryDirectory() as place:
        file = Path(place) / "audit.yaml"
        file.write_bytes(text)
        return read_document(file).values


def _listed(values: Any, section: str) -> list[Any]:
    found = values.get(section) if isinstance(values, dict) else None
    return found if isinstance(found, list) else []
