"""A file of every kind of bill, written by hand from the page that its reader cites, and the lines that it holds."""

from __future__ import annotations

from pathlib import Path

FILES = Path(__file__).parent / "files"
DAY_1 = ("2026-09-01T00:00:00+00:00", "2026-09-02T00:00:00+00:00")
DAY_2 = ("2026-09-02T00:00:00+00:00", "2026-09-03T00:00:00+00:00")
DAY_30 = ("2026-09-30T00:00:00+00:00", "2026-10-01T00:00:00+00:00")
MONTH = ("2026-09-01T00:00:00+00:00", "2026-10-01T00:00:00+00:00")
HOURS = ["2026-09-01T00:00:00+00:00", "2026-09-01T01:00:00+00:00", "2026-09-01T02:00:00+00:00"]
Line = tuple[str, str, float, str, str, bool]

CASES: dict[str, tuple[str, list[Line]]] = {
    "openai_costs.json": (
        "openai-costs",
        [
            (*DAY_1, 3.25, "gpt-4o-2024-08-06, input", "usage", False),
            (*DAY_1, 0.5, "gpt-4o-2024-08-06, cached input", "usage", True),
            (*DAY_1, 0.125, "Web search tool calls", "usage", False),
            (*DAY_2, 0.0, "", "usage", False),
        ],
    ),
    "openai_costs.csv": (
        "openai-costs",
        [(*DAY_1, 3.25, "gpt-4o-2024-08-06, output", "usage", False), (*DAY_2, 0.0, "", "usage", False)],
    ),
    "anthropic_cost_report.json": (
        "anthropic-costs",
        [
            (*DAY_1, 3.255, "claude-sonnet-4-20250514", "usage", False),
            (*DAY_1, 0.5, "claude-sonnet-4-20250514", "usage", True),
            (*DAY_1, 0.1, "", "usage", False),
        ],
    ),
    "cur_2.csv": (
        "aws-cur",
        [
            (HOURS[0], HOURS[1], 1.25, "Claude3Sonnet-input-tokens", "usage", False),
            (HOURS[1], HOURS[2], 0.25, "Claude3Sonnet-cache-read-input-token-count", "usage", True),
            (*DAY_1, 2.0, "Claude 3.5 Sonnet (Amazon Bedrock Edition)", "usage", False),
            (*MONTH, -0.5, "Claude3Sonnet-input-tokens", "credit", False),
            (*MONTH, 0.1, "", "tax", False),
        ],
    ),
    "cur_classic.csv": (
        "aws-cur",
        [(*DAY_1, 1.5, "NovaLite-output-tokens", "usage", False)],
    ),
    "focus.csv": (
        "focus",
        [
            (*DAY_1, 1.25, "gpt 4o 0806 Inp glbl Tokens", "usage", False),
            (*DAY_1, -0.25, "Promotional credit", "credit", False),
        ],
    ),
    "invoice.csv": (
        "invoice",
        [
            (*DAY_1, 1200.5, "gpt-4o", "usage", False),
            (*DAY_1, -20.0, "", "credit", False),
            (*DAY_30, 228.1, "", "tax", False),
            (*DAY_30, 49.0, "", "other", False),
        ],
    ),
}
"""By file: its format, and its lines as (start, end, USD, item, kind, cached)."""
