"""Scores of a pack worked out again from the answers in it, as far as they follow from those alone.

Of a stranger's configuration nothing runs and no file is opened: criteria that are functions of the user's own, that
read a file, that ask a judge or an embedding model, or that look at the request are left as they are.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from audit.config.stated import stated_routes
from audit.core.artifacts import RunFolder
from audit.core.errors import AuditError
from audit.core.exchange import Completion, Request, recorded_completion, recording_of
from audit.core.finding import Findings
from audit.core.outcome import Errored, NotApplicable, Outcome, Scored
from audit.core.settings import RouteSettings, Settings
from audit.pairing.evidence import Tables
from audit.scoring.context import Context
from audit.scoring.criteria import Criterion, build_criterion
from audit.scoring.expected.references import load_references
from audit.scoring.inputs import INCUMBENT, logged_items

COMPARED = "cassette/compared.jsonl"
"""Member of a pack: the log's own answer to each sampled request, and the right one where there is one."""

FROM_ANSWERS = frozenset({"incumbent", "reference"})
"""What a criterion may read beside the answer to be worked out again."""

Answers = Mapping[tuple[str, str, int], Completion]


def compared_answers(folder: RunFolder, settings: Settings, redact: Callable[[Any], Any]) -> bytes:
    """What the answers of a run were compared with, as lines of JSON, redacted."""
    slice_ = pl.read_parquet(folder.slice, columns=["exchange_id", "route", "request_fp", "cost_usd"])
    part = slice_.with_columns(pl.col(pl.Categorical).cast(pl.String)).unique("exchange_id").sort("exchange_id")
    references = load_references(settings.references, settings.directory)
    lines = []
    for item in logged_items(folder, part, references.values, ()):
        line = {"answer": recording_of(item.context.completion), "reference": item.context.reference}
        line = json.loads(json.dumps(line))
        # A right answer that had to be redacted is no longer what answers were compared with.
        if redact(line) == line:
            line["exchange_id"] = item.exchange_id
            lines.append(json.dumps(line, sort_keys=True, separators=(",", ":")) + "\n")
    return "".join(lines).encode("ascii")


def rescored(tables: Tables, findings: Findings, config: bytes, cassette: bytes, compared: bytes) -> Iterator[str]:
    """Which scores of the tables do not follow from the answers, by criterion and route.

    Args:
        config: `audit.yaml` of the pack.
        cassette: Its recorded completions.
        compared: `COMPARED`.

    Raises:
        ValueError, KeyError, TypeError: A member cannot be read.
    """
    models = {name: str(tier.get("model", name)) for name, tier in findings.provenance.tiers.items()}
    said = _said(tables, models, cassette)
    logged = {line["exchange_id"]: line for line in map(json.loads, compared.splitlines())}
    fps = dict(tables.slice.select("exchange_id", "request_fp").unique().iter_rows())
    lacking = _lacking(tables, models, said)
    yield from (f"{n} answers of {tier} are not in the cassette" for tier, n in sorted(lacking.items()))
    if unfit := _unfit(tables):
        yield f"{unfit} answers that were no whole ones"
    routes = stated_routes(config)
    for (route, position), rows in tables.scores.group_by("route", "position", maintain_order=True):
        entry = next((one for one in routes if one.fits(str(route))), None)
        criterion = None if entry is None else _standalone(entry, int(str(position)))
        if criterion is not None:
            wrong = _wrong(rows, criterion, _contexts(rows, models, said, logged, fps))
            if wrong:
                yield f"{wrong} of `{rows['criterion'][0]}` on {route}"


def _said(tables: Tables, models: Mapping[str, str], cassette: bytes) -> Answers:
    """The recorded answers that are whole, by model, request and repeat; none that two calls may have given."""
    calls = tables.replays.filter(pl.col("finish_reason").is_not_null())
    given = Counter(
        (models.get(tier, tier), fp, repeat)
        for tier, fp, repeat in calls.select("tier", "request_fp", "repeat").iter_rows()
    )
    whole = {
        (models.get(tier, tier), fp, repeat)
        for tier, fp, repeat in calls.filter(pl.col("status") == "ok")
        .select("tier", "request_fp", "repeat")
        .iter_rows()
    }
    found = {}
    for line in map(json.loads, cassette.splitlines()):
        place = (str(line["model"]), str(line["request_fp"]), int(line["repeat"]))
        if given[place] == 1 and place in whole:
            found[place] = recorded_completion(line["completion"])
    return found


def _lacking(tables: Tables, models: Mapping[str, str], said: Answers) -> Counter[str]:
    """Whole answers that calls are said to have had, and that nobody can read; by tier."""
    whole = tables.replays.filter(pl.col("status") == "ok").select("tier", "request_fp", "repeat")
    places = Counter((models.get(tier, tier), fp, repeat) for tier, fp, repeat in whole.iter_rows())
    return Counter(model for (model, fp, repeat), n in places.items() if n == 1 and (model, fp, repeat) not in said)


def _unfit(tables: Tables) -> int:
    """Replays that count as whole answers although their calls had none."""
    own = ["tier", "arm", "request_fp", "repeat"]
    draws = tables.slice.select("exchange_id", "request_fp").unique()
    passed = tables.scores.filter((pl.col("position") < 0) & pl.col("passed") & (pl.col("arm") != INCUMBENT))
    calls = tables.replays.filter(pl.col("status") == "ok").select(own).unique()
    return passed.join(draws, on="exchange_id").join(calls, on=own, how="anti").height


def _standalone(entry: RouteSettings, position: int) -> Criterion | None:
    """The criterion at a place of a route, if its scores follow from answers alone."""
    if not 0 <= position < len(entry.criteria):
        return None
    one = entry.criteria[position]
    if one.type.removeprefix("not-") == "python" or one.judges or "file://" in json.dumps(one.model_dump(mode="json")):
        return None
    try:
        made = build_criterion(one, Path("/nonexistent"), position=position)
    except AuditError:
        return None
    return None if made.embeds or made.judges or not made.reads <= FROM_ANSWERS else made


def _contexts(
    rows: pl.DataFrame,
    models: Mapping[str, str],
    said: Answers,
    logged: Mapping[str, Mapping[str, Any]],
    fps: Mapping[str, str],
) -> list[Context | None]:
    """What each row's criterion saw; None where the pack does not hold it."""
    contexts: list[Context | None] = []
    own: dict[str, tuple[Completion, Any]] = {}
    for exchange, arm, tier, repeat in rows.select("exchange_id", "arm", "tier", "repeat").iter_rows():
        if exchange not in own and exchange in logged:
            own[exchange] = recorded_completion(logged[exchange]["answer"]), logged[exchange]["reference"]
        fp = fps.get(exchange, "")
        today, reference = own.get(exchange, (None, None))
        answer = today if arm == INCUMBENT else said.get((models.get(tier, tier), fp, repeat))
        if answer is None or today is None:
            contexts.append(None)
            continue
        request = Request(request_fp=fp, messages=())
        contexts.append(Context(request=request, completion=answer, reference=reference, incumbent=today))
    return contexts


def _wrong(rows: pl.DataFrame, criterion: Criterion, contexts: Sequence[Context | None]) -> int:
    """Rows whose score is another than the one worked out."""
    seen = [(index, context) for index, context in enumerate(contexts) if context is not None]
    outcomes = criterion.score([context for _, context in seen])
    told = list(rows.select("status", "passed").iter_rows())
    return sum(told[index] != _told(outcome) for (index, _), outcome in zip(seen, outcomes, strict=True))


def _told(outcome: Outcome) -> tuple[str, bool | None]:
    match outcome:
        case Scored():
            return "scored", outcome.passed
        case NotApplicable():
            return "not_applicable", None
        case Errored():
            return "errored", None
