"""Right answers from a file of the user's, by prompt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from audit.core.artifacts import RunFolder
from audit.core.criteria import LEAST_ANSWERS
from audit.core.display import plural
from audit.core.errors import InputError, nearest
from audit.core.settings import References
from audit.scoring.expected.evaluations import (
    LeftOut,
    archived_samples,
    is_archive,
    left_out,
    results_in,
    right_answers,
)
from audit.scoring.texts.json_values import parse_json, same_json
from audit.stats.subsample import shown_unlike

NOT_CHANCE = 1e-3
"""Below this probability, over all comparisons together, requests with a right answer are no random sample."""

ORDERS = {"started_at": "time", "prompt_chars": "length of the prompt", "completion_tokens": "length of the answer"}
PARTS = {"tenant": "tenant", "system_hash": "system prompt", "tools_hash": "list of tools", "model": "model"}
"""Columns of the traffic by which requests with a right answer may differ from the others, as people call them."""

_SUFFIXES = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedReferences:
    """References by prompt hash.

    Attributes:
        values: The right answer per prompt: text, number, list or mapping.
        ambiguous: Prompts left out because the file has two different answers for them.
        left: Results of an evaluation whose expectation is no right answer to their prompt, by why.
    """

    values: dict[str, Any]
    ambiguous: int = 0
    left: Mapping[LeftOut, int] = field(default_factory=dict)


def load_references(references: References | None, directory: Path) -> LoadedReferences:
    """Read `references:`. Rows without an answer are left out.

    Args:
        references: The section, or None for no references.
        directory: Where its path starts.

    Raises:
        InputError: The file is absent, unreadable, or lacks a column.
    """
    if references is None:
        return LoadedReferences(values={})
    path = directory / references.path
    if not path.is_file():
        raise InputError(f"the references {path} do not exist", code="references.missing")
    values: dict[str, Any] = {}
    ambiguous: set[str] = set()
    left: Counter[LeftOut] = Counter()
    for key, value in _pairs(path, references, left):
        if value is None or key is None:
            continue
        value = _plain(value)
        if str(key) in values and not same_json(values[str(key)], value):
            ambiguous.add(str(key))
        values.setdefault(str(key), value)
    for key in ambiguous:
        del values[key]
    return LoadedReferences(values=values, ambiguous=len(ambiguous), left=left)


def _pairs(path: Path, references: References, left: Counter[LeftOut]) -> Iterator[tuple[Any, Any]]:
    if is_archive(path):
        yield from _graded(path, archived_samples(path), references, left)
        return
    kind = _SUFFIXES.get(path.suffix.lower()) or _sniff(path)
    try:
        if kind in ("jsonl", "json"):
            yield from _json_pairs(path, kind, references, left)
            return
        table = _read_table(path, kind)
        _check_columns(path, table.columns, references)
        yield from zip(table[references.key], table[references.value], strict=True)
    except (pl.exceptions.PolarsError, UnicodeDecodeError, OSError) as error:
        raise InputError(
            f"the references {path} cannot be read as {kind}: {type(error).__name__}", code="references.unreadable"
        ) from None


def _plain(value: Any) -> Any:
    """A value of a table as JSON knows it: dates and decimals as text."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, str | int | float) else str(value)


def _read_table(path: Path, kind: str) -> pl.DataFrame:
    if kind == "parquet":
        return pl.read_parquet(path)
    # Everything as text: `007` and `1e3` are answers, not numbers, until a criterion says so.
    return pl.read_csv(path, separator="\t" if kind == "tsv" else ",", infer_schema=False)


def _json_pairs(path: Path, kind: str, references: References, left: Counter[LeftOut]) -> Iterator[tuple[Any, Any]]:
    text = path.read_text("utf-8")
    lines = [(0, text)] if kind == "json" else [*enumerate(text.split("\n"), 1)]
    values = [_parsed(path, number, line) for number, line in lines if not number or line.strip()]
    records = values[0] if kind == "json" else values
    if (results := results_in(records)) is not None:
        yield from _graded(path, results, references, left)
        return
    if isinstance(records, dict):
        yield from records.items()
        return
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise InputError(f"the references {path} must be JSON objects", code="references.unreadable")
    _check_columns(path, {name: None for record in records for name in record}, references)
    for record in records:
        yield record.get(references.key), record.get(references.value)


def _parsed(path: Path, number: int, text: str) -> Any:
    """A line's value; of the whole file where the number is 0."""
    try:
        return parse_json(text)
    except ValueError as error:
        what = f"line {number} of the references {path} is" if number else f"the references {path} are"
        raise InputError(f"{what} not JSON: {error}", code="references.unreadable") from None


def _graded(
    path: Path, results: Sequence[Any], references: References, left: Counter[LeftOut]
) -> list[tuple[str, Any]]:
    """The right answers in an evaluation's results; `left` counts those that are none."""
    read = results_in(list(results)) or []
    found = list(right_answers(read, references.value))
    left.update(left_out(read, references.value))
    if not found:
        raise InputError(
            f"the results {path} name no right answer",
            code="references.none",
            notes=["what was answered and how it was graded is none", *left_words(left)],
            hint="name the variable that holds it as `references.value`, or assert `equals`",
        )
    return found


def left_words(left: Mapping[LeftOut, int]) -> list[str]:
    """What was left out of an evaluation's results, for people."""
    return [f"{plural(count, 'result')} left out that {why.value}" for why, count in left.items()]


def _check_columns(path: Path, columns: Iterable[str], references: References) -> None:
    known = list(columns)
    for setting, name in (("key", references.key), ("value", references.value)):
        if name not in known:
            near = nearest(name, known)
            raise InputError(
                f"the references {path} have no column `{name}`",
                code="references.column",
                notes=[f"columns: {', '.join(known)}"],
                hint=f"did you mean `{setting}: {near}`?" if near else f"set `references.{setting}`",
            )


def _sniff(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"["):
        return "json"
    return "jsonl" if head.startswith(b"{") else "csv"


def no_random_sample(folder: RunFolder, has_reference: Mapping[str, bool]) -> str | None:
    """By what the requests that have a right answer differ from the others more than chance lets a random sample.

    Args:
        folder: With traffic.
        has_reference: By exchange id. Of equal prompts one is looked at, because they share their right answer. A
            prompt that was sent more often is more often drawn, so each is compared with those sent as often: in a
            random sample of requests, and in one of prompts, all of these are equally likely to be there.

    Returns:
        `by their length of the prompt (p = 2e-14)`; None where they may be a random sample, as far as the log shows.
    """
    traffic = pl.scan_parquet([str(path) for path in folder.traffic_files()])
    rows = (
        traffic.filter(pl.col("row_id").is_in(pl.Series(list(has_reference), dtype=pl.String).implode()))
        .select(
            *("row_id", "prompt_hash", "tenant", "system_hash", "tools_hash"),
            *(pl.col(name).cast(pl.Int64).fill_null(0) for name in ORDERS),
            model=pl.coalesce("model_called", "model_responded", "model_requested"),
        )
        .with_columns(pl.col(list(PARTS)).cast(pl.String).fill_null(""))
        .collect()
    )
    # Of a long log the prompts of these rows alone are counted, and as they go by.
    same = pl.col("prompt_hash").is_in(rows["prompt_hash"].unique().implode(), nulls_equal=True)
    times = traffic.filter(same).group_by("prompt_hash").agg(times=pl.len()).collect(engine="streaming")
    table = (
        rows.join(times, on="prompt_hash", how="left", nulls_equal=True)
        .sort("row_id")
        .unique("prompt_hash", keep="first", maintain_order=True)
    )
    found = shown_unlike(
        {words: table[name].to_list() for name, words in ORDERS.items()},
        {words: table[name].to_list() for name, words in PARTS.items()},
        [has_reference[name] for name in table["row_id"]],
        least=LEAST_ANSWERS,
        within=table["times"].to_list(),
    )
    return None if found is None or found[1] >= NOT_CHANCE else f"by {found[0]} (p = {found[1]:.1g})"
