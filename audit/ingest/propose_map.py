"""A map for a log of no known format, guessed from the names of its fields and from what stands in them.

A guess is shown to a person before anything rests on it. A field is proposed where its name says what it is and most of
its values are of that kind; what is ambiguous is left out, and what is left out is named. A name is one of a list, or,
of a count of tokens, any that has the words of one: `tokens_in_cached`, `nCachedPromptTokens`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import median
from typing import Any

from audit.core.settings import FieldMap
from audit.ingest.calls.mapping import AMOUNTS, BODIES
from audit.ingest.files.source import Source, pieces
from audit.ingest.row import Unusable
from audit.ingest.values import boolean, integer, microseconds, number, obj, parse, unpacked, walk, written_amount
from audit.protocols.count_words import kind_of

RECORDS = 200
"""Records of a log that are looked at."""
DEPTH = 4
"""Steps of a path at most."""
FIELDS = 400
"""Paths of a log at most: more are no log of one shape."""
MOSTLY = 0.9
"""Part of a field's values that must be of the kind that its name promises."""
SELDOM = 0.05
"""Part of the records in which a field must stand to be proposed; errors are seldom."""
FEW = 12
"""Values of a field of states at most."""
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_TOKENS = re.compile("token|usage")
"""In a name that counts tokens."""
_SECONDS = 60.0
"""A median duration below this, with fractions, is in seconds; one without a unit in its name is left out else."""

Values = Sequence[Any]


@dataclass(frozen=True, slots=True)
class WantedField:
    """A value of `ingest.map`: which fields may hold it.

    Attributes:
        names: Of such fields, the most telling first.
        fits: What a value is.
        counted: Kind of a count (`count_words.kind_of`) that the words of any other name may say; "" for no count.
    """

    names: tuple[str, ...]
    fits: Callable[[Any], bool]
    counted: str = ""


def _wanted(names: str, fits: Callable[[Any], bool]) -> WantedField:
    return WantedField(tuple(names.split()), fits)


def _counted(kind: str, names: str) -> WantedField:
    return WantedField(tuple(names.split()), _is_count, kind)


def _is_messages(value: Any) -> bool:
    """A list of objects with a role."""
    found = unpacked(value)
    return isinstance(found, list) and bool(found) and all("role" in obj(item) for item in found)


def _is_words(value: Any) -> bool:
    return isinstance(value, str) and value.strip() != ""


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 120 and " " not in value


def _is_answer(value: Any) -> bool:
    return isinstance(value, str) or bool(obj(unpacked(value)))


def _is_id(value: Any) -> bool:
    return _is_name(value) or (isinstance(value, int) and not isinstance(value, bool))


def _is_time(value: Any) -> bool:
    return microseconds(value)[0] is not None


def _is_count(value: Any) -> bool:
    return integer(value) is not None


def _is_length(value: Any) -> bool:
    found = number(value)
    return found is not None and found >= 0


def _is_money(value: Any) -> bool:
    return written_amount(value) is not None


def _is_state(value: Any) -> bool:
    return isinstance(value, str | int | bool)


def _is_object(value: Any) -> bool:
    return bool(obj(unpacked(value)))


def _is_list(value: Any) -> bool:
    return isinstance(unpacked(value), list)


def _is_flag(value: Any) -> bool:
    return boolean(value) is not None


WANTED: Mapping[str, WantedField] = {
    "messages": _wanted("messages chat conversation history turns prompt input request", _is_messages),
    "prompt": _wanted("prompt prompt_text user_prompt input question query user_message user_input request", _is_words),
    "system": _wanted("system system_prompt instructions system_message", _is_words),
    "response": _wanted(
        "response completion answer output reply response_text output_text completion_text generation out result "
        "text_out",
        _is_answer,
    ),
    "tool_calls": _wanted("tool_calls", _is_list),
    "tools": _wanted("tools functions tool_definitions", _is_list),
    "response_format": _wanted("response_format", _is_object),
    "params": _wanted("params parameters model_parameters request_params settings model_params options", _is_object),
    "model": _wanted("model model_name model_id engine deployment llm model_requested m", _is_name),
    "provider": _wanted("provider vendor llm_provider model_provider", _is_name),
    "request_id": _wanted("request_id call_id id uuid call req_id trace_id call_no request_no", _is_id),
    "started_at": _wanted(
        "started_at start_time start request_time created_at created timestamp time ts when date event_time", _is_time
    ),
    "ended_at": _wanted("ended_at end_time end finished_at completed_at", _is_time),
    "latency_ms": _wanted(
        "latency_ms duration_ms took_ms elapsed_ms response_time_ms latency duration took elapsed latency_s duration_s "
        "latency_seconds duration_seconds elapsed_s",
        _is_length,
    ),
    "prompt_tokens": _counted(
        "prompt",
        "prompt_tokens input_tokens tokens_in in_tokens prompt_token_count input_token_count tokens_prompt "
        "tokens_input n_prompt_tokens usage.in usage.input usage.prompt tokens.in tokens.input tokens.prompt pt",
    ),
    "completion_tokens": _counted(
        "completion",
        "completion_tokens output_tokens tokens_out out_tokens completion_token_count output_token_count "
        "tokens_completion tokens_output n_completion_tokens usage.out usage.output usage.completion tokens.out "
        "tokens.output tokens.completion ct",
    ),
    "cached_tokens": _counted("read", "cached_tokens cache_read_input_tokens cache_read_tokens"),
    "cache_write_tokens": _counted("written", "cache_write_tokens cache_creation_input_tokens cache_creation_tokens"),
    "reasoning_tokens": _counted("reasoning", "reasoning_tokens thinking_tokens thoughts_token_count"),
    "cost_usd": _wanted(
        "cost_usd usd total_cost_usd price_usd cost total_cost spend billed cost_cents price", _is_money
    ),
    "status": _wanted("status outcome state status_code http_status success ok", _is_state),
    "error": _wanted("error error_message exception failure", lambda value: value not in (None, "")),
    "finish_reason": _wanted("finish_reason stop_reason", _is_name),
    "cache_hit": _wanted("cache_hit from_cache served_from_cache", _is_flag),
}
"""In the order of `ingest.map`."""
_UNITS = {"_ms": "ms", "_s": "s", "_seconds": "s", "_us": "us", "_ns": "ns"}


def propose_map(source: Source) -> dict[str, Any] | None:
    """A map for a source, as `ingest.map` takes it; None where no field holds prompts, and none models and amounts.

    Raises:
        InputError: As `pieces`.
    """
    records = list(islice(_records(source), RECORDS))
    proposed = _proposed(records)
    if proposed is not None:
        return proposed
    for name in sorted({str(key) for record in records for key, value in record.items() if _is_list(value)}):
        calls = [call for record in records for call in unpacked(record.get(name)) or () if isinstance(call, dict)]
        if (inner := _proposed(calls)) is not None:
            return {"each": name, **inner}
    return None


def unused_fields(source: Source, guessed: Mapping[str, Any]) -> tuple[str, ...]:
    """Fields of a source that a map says nothing of, as paths, in the order of the log.

    An object is named by its fields, and one of which the map takes a part by those that it does not take.
    """
    records: list[Mapping[str, Any]] = list(islice(_records(source), RECORDS))
    if each := guessed.get("each"):
        calls = [call for record in records for call in unpacked(record.get(each)) or () if isinstance(call, dict)]
        records = [*({key: item for key, item in record.items() if key != each} for record in records), *calls]
    used = {path for name in FieldMap.model_fields if isinstance(path := guessed.get(name), str)}
    used |= set(guessed.get("where", {}))
    fields = _fields(records)
    inner = {path.rpartition(".")[0] for path in fields}
    return tuple(path for path in fields if path not in inner and not any(_within(path, one) for one in used))


def _within(path: str, taken: str) -> bool:
    return path == taken or path.startswith(f"{taken}.")


def _records(source: Source) -> Iterator[dict[str, Any]]:
    for piece in pieces(source):
        for _, record in piece.records():
            try:
                value = parse(record)
            except Unusable:
                continue
            if isinstance(value, dict):
                yield value


def _proposed(records: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    fields = _fields(records)
    found = {name: path for name, wanted in WANTED.items() if (path := _best(wanted, fields, len(records)))}
    if "messages" in found:
        found.pop("prompt", None)
    amounts = "cost_usd" in found or {"prompt_tokens", "completion_tokens"} <= found.keys()
    if not any(name in found for name in BODIES) and not ("model" in found and amounts):
        return None
    taken: dict[str, str] = {}
    for name, path in found.items():
        if path not in taken.values():
            taken[name] = path
    if "request_id" in taken and len(set(map(str, fields[taken["request_id"]]))) < MOSTLY * len(records):
        taken.pop("request_id")  # the id of a conversation names many calls
    if "status" in taken and len(set(map(str, fields[taken["status"]]))) > FEW:
        taken.pop("status")
    units = _units(taken, fields, records)
    return {**_where(records, taken), **taken, **units}


def _fields(records: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Values by path, of paths that a map can name."""
    fields: dict[str, list[Any]] = defaultdict(list)

    def collect(value: Mapping[str, Any], prefix: str, depth: int) -> None:
        for key, item in value.items():
            path = f"{prefix}{key}"
            if "|" in path or item is None or (path not in fields and len(fields) >= FIELDS):
                continue
            fields[path].append(item)
            inner = obj(unpacked(item))
            if inner and depth < DEPTH and "." not in key:
                collect(inner, f"{path}.", depth + 1)

    for record in records:
        collect(record, "", 1)
    return fields


def _best(wanted: WantedField, fields: Mapping[str, Values], records: int) -> str | None:
    """The path whose name is the most telling; of equal names, the one in more records, then the shorter one.

    Where no field has one of the names, the words decide; of several fields that say the same by their words, none.
    """
    found, worded = [], []
    for path, values in fields.items():
        rank = next((at for at, name in enumerate(wanted.names) if _ends_in(path, name)), None)
        told = wanted.counted != "" and _count_of(path) == wanted.counted
        if (rank is None and not told) or len(values) < SELDOM * records:
            continue
        if sum(map(wanted.fits, values)) < MOSTLY * len(values):
            continue
        if rank is None:
            worded.append(path)
        else:
            found.append((rank, -len(values), path.count("."), path))
    if found:
        return min(found)[-1]
    return worded[0] if len(worded) == 1 else None


def _count_of(path: str) -> str | None:
    """The kind of count that the last two steps of a path mean; None where they do not speak of tokens."""
    name = ".".join(_plain(path).split(".")[-2:])
    return kind_of(name) if _TOKENS.search(name) else None


def _plain(path: str) -> str:
    return _HUMP.sub("_", path).lower().replace("-", "_")


def _ends_in(path: str, name: str) -> bool:
    """Whether a path ends in a name, however it is spelt: `usage.promptTokens` ends in `prompt_tokens`."""
    plain = _plain(path)
    return plain == name or plain.endswith(f".{name}")


def _where(records: Sequence[Mapping[str, Any]], taken: Mapping[str, str]) -> dict[str, Any]:
    """Which records are calls, where others stand between them: a field that tells them apart by its value."""
    asked = next(taken[name] for name in (*BODIES, *AMOUNTS) if name in taken)
    calls = [walk(record, asked) is not None for record in records]
    if all(calls):
        return {}
    for name in ("type", "kind", "event", "event_type", "name", "operation", "span_kind"):
        of_calls = {
            record.get(name) for record, call in zip(records, calls, strict=True) if call and _flat(record, name)
        }
        others = {
            record.get(name) for record, call in zip(records, calls, strict=True) if not call and _flat(record, name)
        }
        if of_calls and len(of_calls) <= FEW and not of_calls & others and None not in of_calls:
            values = sorted(map(str, of_calls))
            return {"where": {name: values[0] if len(values) == 1 else values}}
    return {}


def _flat(record: Mapping[str, Any], name: str) -> bool:
    return isinstance(record.get(name), str | int | None)


def _units(taken: dict[str, str], fields: Mapping[str, Values], records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Units and conventions that the names or the figures tell; a duration without a unit is left out."""
    said: dict[str, Any] = {}
    if (path := taken.get("latency_ms")) is not None:
        named = next((unit for end, unit in _UNITS.items() if _HUMP.sub("_", path).lower().endswith(end)), None)
        lengths = [float(found) for value in fields[path] if (found := number(value)) is not None]
        fractions = any(length != int(length) for length in lengths)
        unit = named or (
            "s" if fractions and median(lengths) < _SECONDS else "ms" if median(lengths) > _SECONDS else None
        )
        if unit is None:
            taken.pop("latency_ms")
        elif unit != "ms":
            said["duration_unit"] = unit
    if (path := taken.get("cost_usd")) is not None and path.lower().endswith("cents"):
        said["cost_unit"] = "cents"
    if {"prompt_tokens", "cached_tokens"} <= taken.keys():
        pairs = [
            [integer(walk(record, taken[name])) for name in ("prompt_tokens", "cached_tokens")] for record in records
        ]
        if any(prompt is not None and cached is not None and cached > prompt for prompt, cached in pairs):
            said["counts"] = "exclusive"
    return said
