"""Answers that are not in the form that their request demands: no JSON, or JSON without the keys that must be there."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import polars as pl

from audit.levers.log_files import LogFiles

_FENCED = re.compile(r"\A\s*(?:```|~~~)[A-Za-z]*\s*\n(.*)\n\s*(?:```|~~~)\s*\Z", re.DOTALL)
_CUT = "truncated"
"""What loggers write where they shorten a text: what was answered is not known then."""


def misshapen(files: LogFiles, number: int, rows: pl.DataFrame) -> pl.Series:
    """The rows whose request demands JSON (`response_format`, whatever the protocol) and whose answer, a whole one, is
    none, or lacks a key that the schema of the request requires at its top.

    JSON in a fence of Markdown counts as JSON, because whoever asks is used to that. Answers that call a tool, that
    refuse, that were cut short or that the log shortened are none of these.

    Args:
        files: Of the log; without bodies nothing is found.
        number: Of the part.
        rows: Of the part's bill, in the order of the log.

    Returns:
        Their `at`.
    """
    whole = rows.filter((pl.col("status") == "ok") & (pl.col("finish_reason") == "stop"))["at"]
    found: list[int] = []
    for bodies in files.bodies_of(number, whole, ("response_format", "response_text", "tool_calls")):
        told = bodies.filter(pl.col("tool_calls").is_null()).drop_nulls(["response_format", "response_text"])
        answers = told.select("at", "response_format", "response_text").iter_rows()
        found += [at for at, form, text in answers if not keeps_form(form, text)]
    return pl.Series("at", found, dtype=pl.UInt32)


def keeps_form(response_format: str, text: str) -> bool:
    """Whether an answer is what a logged `response_format` demands, as far as its keys tell.

    Special cases:
        It demands no JSON, or is none that is known: any answer keeps to it.
    """
    form = _json(response_format)
    kind = form.get("type") if isinstance(form, dict) else None
    if kind not in ("json_object", "json_schema") or _CUT in text:
        return True
    fenced = _FENCED.match(text)
    value = _json(fenced[1] if fenced else text)
    if value is _NONE:
        return False
    required = _required(form)
    return not required or (isinstance(value, dict) and required <= value.keys())


_NONE = object()


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text.encode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        return _NONE


def _required(form: dict[str, Any]) -> set[str]:
    """Keys that the schema of a demand requires of an object; a schema of anything else requires none."""
    inner = form.get("json_schema", form)
    schema = inner.get("schema") if isinstance(inner, dict) else None
    if not isinstance(schema, dict) or schema.get("type", "object") != "object":
        return set()
    keys = schema.get("required")
    return {key for key in keys if isinstance(key, str)} if isinstance(keys, list) else set()
