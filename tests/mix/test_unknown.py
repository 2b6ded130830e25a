"""Dollars that nobody knows are null in every document, never 0."""

import json
from pathlib import Path
from typing import Any

import pytest

from audit.cli.main import run
from audit.core.mixture import Mix
from audit.core.plain import from_plain, to_plain
from tests.e2e.tiny import record


def log(folder: Path, unpriced: int, n: int = 40) -> Path:
    """Requests of which every `unpriced`-th has neither a cost nor a model with a price; 1 for all."""
    path = folder / "log.jsonl"
    rows = [record(i, response_cost=None, model="acme-secret-1") if i % unpriced == 0 else record(i) for i in range(n)]
    for row in rows:
        row["response"]["model"] = row["model"]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def zeros(value: Any, path: str = "") -> list[str]:
    """Places where dollars are 0 beside requests that are all without a price."""
    if isinstance(value, list):
        return [found for index, item in enumerate(value) for found in zeros(item, f"{path}[{index}]")]
    if not isinstance(value, dict):
        return []
    found = [place for key, item in value.items() for place in zeros(item, f"{path}.{key}")]
    requests = value.get("requests")
    if requests and value.get("unpriced_requests") == requests:
        found += [f"{path}.{key}" for key, item in value.items() if key.endswith("_usd") and item == 0]
    return found


@pytest.mark.parametrize("unpriced", [1, 2, 7])
def test_unknown_dollars_are_null(unpriced: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the whole log, of a model, of a route, of a day; and the document is read back as it was."""
    assert run(["mix", str(log(tmp_path, unpriced)), "--no-store", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert not zeros(document)
    assert (document["spend_usd"] is None) == (unpriced == 1)
    secret = next(one for one in document["by_model"] if one["name"] == "acme-secret-1")
    assert secret["spend_usd"] is None
    assert to_plain(from_plain(Mix, document)) == document
