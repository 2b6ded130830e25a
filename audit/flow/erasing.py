"""What a run folder holds of one person leaves it: texts, names and labels. Figures, once computed, stay.

The order is such that a run that was cut can be asked again: who the requests are of is forgotten last.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from audit.config.load import bare_settings, load_settings
from audit.core.artifacts import (
    ERASED,
    RunFolder,
    publish,
    read_cases,
    read_findings,
    read_labels,
    read_renewal,
    write_cases,
    write_findings,
    write_renewal,
    write_table,
)
from audit.core.display import plural
from audit.core.errors import InputError
from audit.core.fingerprint import pseudonym
from audit.core.settings import Settings
from audit.flow.keeping.sharing import forget_answers
from audit.flow.places import store_folder
from audit.flow.reporting import report
from audit.llm.cassette import Cassette
from audit.replay.journal import forget_texts, judge_requests
from audit.store.readings import ReadingStore

LABELS = "labels.jsonl"
NAMES = (
    *("request_id", "logical_request_id", "trace_id", "span_id", "parent_span_id", "session_id", "params", "usage_raw"),
    *("error_message", "routing", "feedback", "tags", "metadata"),
    *("prompt_hash", "prefix_hash", "system_hash", "tools_hash", "end_user_hash"),
)
"""Columns of the traffic that name a person or a text, or are digests of one."""
ANSWERS = ("text", "tool_calls", "error")
NOTES = ("reason", "evidence_json")
SHORTEST = 12
"""Characters of a text that is looked for in what else the folder holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whose requests are meant: one of the three.

    Attributes:
        subject: The stand-in of an end user, as the traffic has it.
        user: An end user, as the log names it.
        session: A session, as the log names it.
    """

    subject: str | None = None
    user: str | None = None
    session: str | None = None

    @property
    def rows(self) -> pl.Expr:
        """The rows of the traffic that are meant.

        Raises:
            InputError: Not one of the three was named.
        """
        if sum(one is not None for one in (self.subject, self.user, self.session)) != 1:
            raise InputError("name one of --subject, --user and --session", code="usage")
        if self.session is not None:
            return pl.col("session_id") == self.session
        return pl.col("end_user_hash") == (self.subject if self.user is None else pseudonym(self.user))


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What a run holds of somebody, or held.

    Attributes:
        requests: In the log's traffic.
        routes: Of these.
        counts: What is erased, by what it is.
        shared: Requests that somebody else sent word for word: their answers of tiers stay.
        done: It was erased.
    """

    requests: int
    routes: tuple[str, ...]
    counts: Mapping[str, int] = field(default_factory=dict)
    shared: int = 0
    done: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """Ids of what is to go: rows of the traffic, the log's names of them, and requests that are nobody else's."""

    rows: frozenset[str]
    names: frozenset[str]
    requests: frozenset[str]


def erase(folder: RunFolder, person: Person, *, sure: bool, store: Mapping[str, Any] | None = None) -> Erasure:
    """Erase what a run folder, and the store, cassette and labels that its configuration names, hold of somebody.

    Args:
        folder: A run with findings.
        person: Whose.
        sure: Do it; False counts alone.
        store: Where the run's store is, as overrides of its configuration; None for where that says.

    Raises:
        InputError: The folder is no run, or holds nothing of this person; or a shared store cannot be reached.
        JournalLocked: Another audit writes this folder.
    """
    folder.open_existing()
    traffic = pl.scan_parquet([str(path) for path in folder.traffic_files()])
    columns = ("row_id", "request_id", "request_fp", "route")
    own = traffic.filter(person.rows).select(columns).collect()
    if own.is_empty():
        raise InputError(f"{folder.path} holds no request of this person", code="erase.nobody")
    fps = own["request_fp"].drop_nulls().unique()
    others = traffic.filter(~person.rows.fill_null(False) & pl.col("request_fp").is_in(fps.implode()))
    shared = frozenset(others.select("request_fp").collect()["request_fp"])
    held = _Held(
        rows=frozenset(own["row_id"]),
        names=frozenset(own["request_id"].drop_nulls()) | frozenset(own["row_id"]),
        requests=frozenset(fps) - shared,
    )
    texts = _texts(folder, held)
    if sure:
        folder.note_traffic(sizes=False)
    counts = _erased(folder, person, held, texts, sure=sure, store=store or {})
    found = Erasure(
        requests=own.height,
        routes=tuple(sorted({route or "" for route in own["route"]})),
        counts={name: count for name, count in counts.items() if count},
        shared=len(shared),
        done=sure,
    )
    if sure:
        _conclude(folder, held)
        for path in folder.traffic_files():
            _blank(path, "row_id", held.rows, NAMES, sure=True)
        folder.note_traffic()
    return found


def _erased(
    folder: RunFolder, person: Person, held: _Held, texts: frozenset[str], *, sure: bool, store: Mapping[str, Any]
) -> dict[str, int]:
    """Erase everything but who the requests are of; how much of each kind that is."""
    bodies = sum(_blank(path, "row_id", held.rows, None, sure=sure) for path in folder.body_files())
    cases = read_cases(folder.cases)
    kept = [case for case in cases if case.exchange_id not in held.rows]
    if sure:
        write_cases(folder.cases, kept)
    counts = {
        "requests and answers of the log": bodies,
        **_answers(folder, held, sure=sure),
        "cases": len(cases) - len(kept),
    }
    counts |= _learned(folder, held, sure=sure)
    counts |= _elsewhere(folder, person, held, sure=sure, named=store)
    for path in (folder.policies, *_handed_out(folder)):
        if path.exists() and any(text in said for said in _as_json(path) for text in texts):
            counts["policies with a prompt of this person"] = counts.get("policies with a prompt of this person", 0) + 1
            if sure:
                path.unlink()
    return counts


def _handed_out(folder: RunFolder) -> list[Path]:
    """The run's policy, and what was written of it for gateways beside it."""
    return sorted(path for path in folder.policy.parent.rglob("*") if path.is_file())


def _as_json(path: Path) -> Iterator[str]:
    """What a file of JSON or YAML says, as JSON has it: YAML folds a text, and writes some signs in its own way."""
    text = path.read_text("utf-8", "replace")
    yield text
    if path.suffix in (".yaml", ".yml"):
        with suppress(yaml.YAMLError, TypeError):  # a key that JSON has not is none that this program wrote
            yield json.dumps(list(yaml.safe_load_all(text)), ensure_ascii=False, default=str)


def _learned(folder: RunFolder, held: _Held, *, sure: bool) -> dict[str, int]:
    """Rules that were learned from a request of theirs hold its words: they go, with what serves by them."""
    copies = [path for path in _handed_out(folder) if path.name == folder.served.name]
    paths = [path for path in (folder.learned, *copies) if path.exists()]
    said = folder.learned.read_text("utf-8", "replace") if folder.learned.exists() else ""
    if not any(request in said for request in held.requests):
        return {}
    return {"files of rules learned from their requests, to be learned again": _drop(paths, sure=sure)}


def _answers(folder: RunFolder, held: _Held, *, sure: bool) -> dict[str, int]:
    """What tiers answered and what was said of it, in the run and in its rechecks."""
    found: dict[str, int] = {}
    for one in (folder, *folder.all_rechecks()):
        counts = {
            "answers of tiers": sum(
                forget_texts(each.journal, held.requests, sure=sure) for each in (one, *one.all_shards())
            ),
            "rows of the table of replays": _blank(one.replay_table, "request_fp", held.requests, ANSWERS, sure=sure),
            "what judges said": _blank(one.judge_replies, "request_fp", None, ANSWERS, sure=sure),
            "what criteria said of answers": _blank(one.scores, "exchange_id", held.rows, NOTES, sure=sure),
            "files of vectors of texts, to be made again": _drop(sorted(one.vectors.glob("*.npz")), sure=sure),
        }
        found = {name: found.get(name, 0) + count for name, count in counts.items()}
    return found


def _drop(paths: Sequence[Path], *, sure: bool) -> int:
    """Delete files that do not say whom a row is of: a vector tells what its text was about."""
    for path in paths if sure else ():
        path.unlink()
    return len(paths)


def _elsewhere(
    folder: RunFolder, person: Person, held: _Held, *, sure: bool, named: Mapping[str, Any]
) -> dict[str, int]:
    """What store, cassette and labels hold that the run's configuration names; where it is gone, a named store's."""
    file = folder.config_file()
    if file is None and not named:
        return {}
    settings = bare_settings(named) if file is None else load_settings(file, overrides=named)
    counts = {"recordings of the cassette": 0, "labels": 0}
    if (store := store_folder(settings, folder)) is not None:
        judged = (judge_requests(one.journal) for one in (folder, *folder.all_rechecks()))
        both = held.requests.union(*judged)
        counts["answers in the store"] = forget_answers(settings, folder, held.requests, both, sure=sure)
        counts |= _in_readings(store, person, sure=sure)
    if file is None:
        return counts
    if settings.replay.cassette is not None and (settings.directory / settings.replay.cassette).is_dir():
        with Cassette(settings.directory / settings.replay.cassette) as cassette:
            counts["recordings of the cassette"] = cassette.forget(held.requests, sure=sure)
    for path in _label_files(settings):
        lines = read_labels(path)
        kept = [one.line for one in lines if one.id not in held.names]
        counts["labels"] += len(lines) - len(kept)
        if sure and len(kept) < len(lines):
            publish(path, "".join(f"{line}\n" for line in kept).encode("utf-8", "backslashreplace"))
    return counts


def _in_readings(store: Path, person: Person, *, sure: bool) -> dict[str, int]:
    """Every reading of a log that has a row of this person."""
    readings = ReadingStore(store)
    held = 0
    for reading in readings.all():
        files = [str(path) for path in reading.traffic_files()]
        if files and not pl.scan_parquet(files).filter(person.rows).select("row_id").head(1).collect().is_empty():
            held += 1
            if sure:
                readings.drop(reading)
    return {"readings of logs in the store, to be read again": held}


def _label_files(settings: Settings) -> list[Path]:
    named = {settings.directory / str(route.labels) for route in settings.routes if route.labels}
    return sorted(path for path in {*named, settings.directory / LABELS} if path.is_file())


def _blank(path: Path, key: str, ids: frozenset[str] | None, columns: Iterable[str] | None, *, sure: bool) -> int:
    """Null columns of the rows of a table, where these hold anything; the number of such rows.

    Args:
        ids: By the key; None for all rows.
        columns: None for all but the key.
    """
    if not path.exists():
        return 0
    table = pq.read_table(path)
    names = [name for name in (table.schema.names if columns is None else columns) if name != key]
    meant = [ids is None or one in ids for one in table[key].to_pylist()]
    held = [False] * len(meant)
    for name in names:
        values, field_ = table[name].to_pylist(), table.schema.field(name)
        held = [already or bool(value) for already, value in zip(held, values, strict=True)]
        if sure:
            empty: Any = None if field_.nullable else ("" if pa.types.is_string(field_.type) else [])
            kept = [empty if gone else value for gone, value in zip(meant, values, strict=True)]
            at = table.schema.get_field_index(name)
            table = table.set_column(at, field_, pa.array(kept, type=field_.type))
    changed = sum(gone and full for gone, full in zip(meant, held, strict=True))
    if changed and sure:
        write_table(path, table)
    return changed


def _texts(folder: RunFolder, held: _Held) -> frozenset[str]:
    """What this person wrote and was answered, as JSON has it, but for what somebody else wrote word for word too."""
    found: set[str] = set()
    columns = ["row_id", "messages", "response_text"]
    for path in folder.body_files():
        rows = pl.scan_parquet(str(path)).filter(pl.col("row_id").is_in(list(held.rows))).select(columns).collect()
        for _, messages, answer in rows.iter_rows():
            found |= {answer} if answer else set()
            for message in json.loads(messages) if messages else ():
                if isinstance(message, dict) and message.get("role") == "user":
                    found |= _strings(message.get("content"))
    return frozenset(json.dumps(text, ensure_ascii=False)[1:-1] for text in found if len(text) >= SHORTEST)


def _strings(value: Any) -> set[str]:
    if isinstance(value, str):
        return {value}
    if isinstance(value, dict):
        return {text for item in value.values() for text in _strings(item)}
    return {text for item in value for text in _strings(item)} if isinstance(value, list) else set()


def _conclude(folder: RunFolder, held: _Held) -> None:
    """Say it in the findings, and draw what is made from them again."""
    rows = sorted({*(folder.facts(ERASED) or {}).get("rows", ()), *held.rows})
    if folder.findings.exists():
        findings, renewal = read_findings(folder.findings), read_renewal(folder)
        said = [one for one in findings.caveats if not one.startswith(SAID)]
        word = f"{SAID}: {plural(len(rows), 'request')}. The figures are as they were computed before."
        write_findings(folder.findings, replace(findings, caveats=(*said, word)))
        noted = folder.facts("findings")
        if noted is not None:
            folder.record_findings(noted["made_from"], findings.run_id)
        if renewal is not None:
            write_renewal(folder, renewal)
        report(folder)
        report(folder, format="md")
    folder.record(ERASED, {}, rows=rows)


SAID = "Texts and names were erased after this audit"
"""How the word in the findings begins."""
