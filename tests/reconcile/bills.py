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
    "cur_discounts.csv": (
        "aws-cur",
        [
            (HOURS[0], HOURS[1], 1.25, "Claude3Sonnet-input-tokens", "usage", False),
            (HOURS[0], HOURS[1], -0.25, "Claude3Sonnet-input-tokens", "credit", False),
            (HOURS[1], HOURS[2], 0.5, "Claude3Sonnet-output-tokens", "usage", False),
            (HOURS[0], HOURS[1], 0.0, "Claude3Sonnet-input-tokens", "credit", False),
        ],
    ),
    "focus_commitment.csv": (
        "focus",
        [
            (*DAY_1, 1.25, "gpt 4o 0806 Inp glbl Tokens", "usage", False),
            (*DAY_1, -1.25, "gpt 4o 0806 Inp glbl Tokens", "covered", False),
            (*DAY_1, 0.0, "gpt 4o 0806 Inp glbl Tokens", "usage", False),
            (*DAY_1, 0.5, "gpt 4o 0806 Outp glbl Tokens", "usage", False),
            (*MONTH, 2.0, "Commitment", "other", False),
            (*DAY_1, -0.1, "gpt 4o 0806 Outp glbl Tokens", "credit", False),
        ],
    ),
    "focus.csv": (
        "focus",
        [
            (*DAY_1, 1.25, "gpt 4o 0806 Inp glbl Tokens", "usage", False),
            (*DAY_1, -0.25, "Promotional credit", "credit", False),
        ],
    ),
    "azure_mca.csv": (
        "azure-costs",
        [
            (*DAY_1, 1.25, "gpt 5.4 inp Gl 1M Tokens", "usage", False),
            (*DAY_1, 0.5, "GPT 5 Mini cchd Inpt Glbl 1M Tokens", "usage", True),
            (*DAY_1, 24.0, "Provisioned Managed Global Unit", "capacity", False),
            (*DAY_1, -1.0, "gpt 4.1 Inp glbl Tokens", "credit", False),
        ],
    ),
    "azure_ea.csv": (
        "azure-costs",
        [(*DAY_2, 3.25, "gpt-4o-mini-0718-Outp-glbl Tokens", "usage", False)],
    ),
    "google_export.jsonl": (
        "google-billing",
        [
            (HOURS[0], HOURS[1], 1.25, "Gemini 2.5 Flash GA  Input - Predictions", "usage", False),
            (HOURS[0], HOURS[1], -0.25, "Gemini 2.5 Flash GA  Input - Predictions", "credit", False),
            (
                *(HOURS[1], HOURS[2], 0.5),
                *("Generate content cached input token count gemini 2.5 flash input", "usage", True),
            ),
        ],
    ),
    "google_report.csv": (
        "google-billing",
        [
            (
                *(*DAY_1, 1.55599),
                *("Generate content output token count gemini 2.5 flash short input", "usage", False),
            ),
            (*DAY_1, 0.25, "Gemini 3 Flash  Input Caching Storage", "capacity", False),
        ],
    ),
    "google_cost_table.csv": (
        "google-billing",
        [
            (*MONTH, 2.5, "Claude Sonnet 4.5 Output Tokens", "usage", False),
            (*MONTH, -0.5, "Claude Sonnet 4.5 Output Tokens", "credit", False),
        ],
    ),
    "openrouter_activity.json": (
        "openrouter-activity",
        [(*DAY_1, 0.015, "openai/gpt-4.1-2025-04-14", "usage", False)],
    ),
    "openrouter_activity.csv": (
        "openrouter-activity",
        [
            (
                *("2026-09-01T10:30:00+00:00", "2026-09-02T10:30:00+00:00", 0.12),
                *("openai/gpt-4o-mini", "usage", False),
            )
        ],
    ),
    "cur_marketplace.csv": (
        "aws-cur",
        [
            (HOURS[0], HOURS[1], 0.5, "Claude 4.6 Sonnet (Amazon Bedrock Edition)", "usage", True),
            (HOURS[0], HOURS[1], 21.0, "NovaLite-ProvisionedThroughput-ModelUnits", "capacity", False),
        ],
    ),
    "focus_aws.csv": (
        "focus",
        [(*DAY_1, 2.5, "Claude 4.6 Sonnet (Amazon Bedrock Edition)", "usage", True)],
    ),
    "focus_azure.csv": (
        "focus",
        [(*DAY_1, 1.0, "gpt 4.1 cached Inp glbl Tokens", "usage", True)],
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
