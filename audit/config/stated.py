"""What a configuration's own text says, where it cannot be loaded: the files that it names are elsewhere."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from audit.documents import read_document


def stated_prices(text: bytes) -> dict[str, dict[str, Any]]:
    """The prices that stand in the text of a configuration, by tier.

    Raises:
        ConfigError: It is no document that may be read.
    """
    with TemporaryDirectory() as place:
        file = Path(place) / "audit.yaml"
        file.write_bytes(text)
        values = read_document(file).values
    tiers = values.get("tiers") if isinstance(values, dict) else None
    entries = [tier for tier in tiers if isinstance(tier, dict)] if isinstance(tiers, list) else []
    return {str(tier.get("name")): tier["price"] for tier in entries if isinstance(tier.get("price"), dict)}
