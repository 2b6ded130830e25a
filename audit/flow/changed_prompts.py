"""Which routes of a log send a text: what a change of a prompt in the code is about."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from audit.core.artifacts import RunFolder
from audit.sampling.rows import billed_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptChange:
    """A route whose logged requests hold a text that the code no longer has so.

    Attributes:
        route: Name.
        requests: Billable ones with one of the texts.
        spend_usd: Billed for them.
        texts: Positions of the texts among those asked about.
    """

    route: str
    requests: int
    spend_usd: float
    texts: tuple[int, ...]


def changed_prompts(folder: RunFolder, texts: Sequence[str]) -> tuple[PromptChange, ...]:
    """The routes that send any of some texts, largest spend first.

    Args:
        folder: With traffic and bodies.
        texts: Lines of code, long enough to be told in a prompt.
    """
    files = [str(path) for path in folder.body_files()]
    if not texts or not files:
        return ()
    # Conversations are JSON, in which quotes and the like are escaped.
    escaped = [json.dumps(text, ensure_ascii=False)[1:-1] for text in texts]
    body = pl.concat_str("messages", "system_text", ignore_nulls=True, separator="\n")
    found = (
        pl.scan_parquet(files)
        .select("row_id", body=body)
        .filter(pl.col("body").str.contains_any(escaped))
        .join(
            billed_rows(folder.traffic_files()).select("row_id", pl.col("route").fill_null(""), "cost_usd"), on="row_id"
        )
        .collect()
    )
    changes = []
    for (route,), part in found.partition_by("route", as_dict=True).items():
        holds = [index for index, text in enumerate(escaped) if part["body"].str.contains(text, literal=True).any()]
        spent = float(part["cost_usd"].fill_null(0).sum())
        changes.append(PromptChange(route=str(route), requests=part.height, spend_usd=spent, texts=tuple(holds)))
    return tuple(sorted(changes, key=lambda one: (-one.spend_usd, one.route)))
