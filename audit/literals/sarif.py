"""A scan as SARIF 2.1.0, which code hosts show beside the lines of a pull request.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any
from urllib.parse import quote

from audit import __version__
from audit.core.display import terminal_safe, usd
from audit.core.fingerprint import fingerprint
from audit.literals.places import Hit, Scan

SCHEMA_URI = "https://json.schemastore.org/sarif-2.1.0.json"
RULES = (
    ("hard-coded-model", "A model's name is hard-coded where a router call should stand", "warning"),
    ("hard-coded-model-in-test", "A model's name is hard-coded in a test", "note"),
)


def sarif_document(scan: Scan) -> dict[str, Any]:
    """The scan as one SARIF log with one run; hits in tests are notes."""
    return {
        "$schema": SCHEMA_URI,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "audit scan",
                        "semanticVersion": __version__,
                        "rules": [
                            {
                                "id": name,
                                "shortDescription": {"text": text},
                                "defaultConfiguration": {"level": level},
                            }
                            for name, text, level in RULES
                        ],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {"SRCROOT": {"description": {"text": "Where the scan was started"}}},
                "results": list(_results(scan)),
                "properties": {"mentions": scan.mentions, "muted": scan.muted, "demo": scan.demo},
            }
        ],
    }


def _results(scan: Scan) -> Iterator[dict[str, Any]]:
    seen: Counter[tuple[str, str, str]] = Counter()
    for hit in (*scan.hits, *scan.test_hits):
        index = int(hit.in_test)
        name, _, level = RULES[index]
        same = (hit.file, hit.function, hit.literal)
        seen[same] += 1
        yield {
            "ruleId": name,
            "ruleIndex": index,
            "level": level,
            "message": {"text": _message(hit)},
            "locations": [{"physicalLocation": _location(hit)}],
            # Not the line: an edit above must not make an old finding a new one.
            "partialFingerprints": {"modelInFunction/v1": fingerprint([*same, seen[same]])},
            "properties": {
                "model": hit.model,
                "kind": hit.kind.value,
                "route": None if hit.route is None else hit.route.route,
                "spendUsd": hit.spend_usd,
                "routeSpendUsd": hit.route_spend_usd,
            },
        }


def _location(hit: Hit) -> dict[str, Any]:
    region = {"startLine": hit.line, "startColumn": hit.column}
    path = PureWindowsPath(hit.file).as_posix() if "\\" in hit.file else hit.file
    if PurePosixPath(path).is_absolute() or path.startswith("../"):
        return {"artifactLocation": {"uri": quote(path)}, "region": region}
    return {"artifactLocation": {"uri": quote(path), "uriBaseId": "SRCROOT"}, "region": region}


def _message(hit: Hit) -> str:
    said = f"`{terminal_safe(hit.literal)}` is hard-coded"
    said += f" in {terminal_safe(hit.function)}" if hit.function else ""
    if hit.route is not None:
        said += f". It likely serves the route {terminal_safe(hit.route.route)}: {terminal_safe(hit.route.reason)}"
    if hit.spend_usd:
        said += f". {terminal_safe(hit.model)} cost {usd(hit.spend_usd)} in the run"
    return f"{said}. Instead: {terminal_safe(hit.suggestion)}"
