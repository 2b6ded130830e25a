"""What the planted worlds came to, kept for the documents: `AUDIT_FIGURES=write` with the slow tests writes it anew."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

PLACE = Path(__file__).parent / "figures.json"


def figures() -> dict[str, dict[str, float]]:
    """By world and way of replaying: audits, planted losers among them, draws of an audit, and shares of audits."""
    found: dict[str, dict[str, float]] = json.loads(PLACE.read_text("utf-8")) if PLACE.exists() else {}
    return found


def told(name: str, found: Mapping[str, float]) -> None:
    """Print the figures of a world, and keep them where that is asked for."""
    print(f"\n{name}: " + ", ".join(f"{what} {value:g}" for what, value in found.items()))
    if os.environ.get("AUDIT_FIGURES") == "write":
        kept = figures() | {name: dict(found)}
        PLACE.write_text(json.dumps(dict(sorted(kept.items())), indent=1, sort_keys=True) + "\n", "utf-8")
