"""Logs that slow down, nest, or are encoded oddly: all calls are in the books, in linear time."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from audit.core.errors import AuditError
from audit.masking.redact import Redactor
from tests.cases.frame import CASES, Family, Result
from tests.cases.logs import read_log

SOURCE = CASES / "hostile"
CALLS = {
    "1e400.jsonl": (15, 9), "cr.jsonl": (10, 9), "dupkeys.jsonl": (11, 9), "nest_meta_400.jsonl": (11, 10),
    "nest_resp_400.jsonl": (11, 10), "nest_str_secret_400.jsonl": (11, 10), "nest_tools_400.jsonl": (11, 10),
    "quadratic.jsonl": (4, 4), "surrogate.jsonl": (12, 11), "utf16.jsonl": (10, 9),
}  # fmt: skip
"""Records of each file, and billable requests in it: one that repeats id, time and prompt is none."""


def run() -> Iterator[Result]:
    """Every log of the folder, and how the time of the slow one grows with its length."""
    for name, (records, requests) in CALLS.items():
        expected = f"{records} records, none rejected; {requests} requests"
        try:
            got = read_log(SOURCE / name)
        except (AuditError, RecursionError) as error:
            yield Result(case=name, expected=expected, got=type(error).__name__, right=False)
            continue
        right = (got.report.read, got.report.rejected, got.report.requests) == (records, 0, requests)
        yield Result(case=name, expected=expected, got=str(got), right=right)
    yield _growth()


def _growth() -> Result:
    lines = (SOURCE / "quadratic.jsonl").read_text("utf-8").splitlines()
    texts = [json.loads(line)["messages"][0]["content"] for line in lines]
    factors = []
    for text in texts:
        took = []
        for copies in (1, 4):
            began = time.process_time()
            Redactor().text(text * copies)
            took.append(time.process_time() - began)
        factors.append(took[1] / max(took[0], 1e-3))
    said = ", ".join(f"{factor:.1f}" for factor in factors)
    return Result(
        case="quadratic.jsonl, four times as long",
        expected="about four times the time",
        got=f"times {said}",
        right=max(factors) < 9,
    )


FAMILY = Family(name="hostile", source=SOURCE, run=run)
