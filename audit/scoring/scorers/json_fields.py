"""Named fields of the completion's JSON equal those of the value, each with a comparison of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rapidfuzz import fuzz

from audit.core.errors import nearest
from audit.core.outcome import Outcome
from audit.scoring.jsontext import MISSING, at_path, first_json, json_text, parse_json, same_json, steps
from audit.scoring.numbers import first_number, near
from audit.scoring.scorer import Check, Context, Options, Scorer, graded, shown, verdict
from audit.scoring.templates import Absent, reference_of

_FUZZY = 0.9


@dataclass(frozen=True, slots=True)
class Field:
    """One field: where it is, and how two values of it are compared."""

    name: str
    path: list[str | int]
    same: Callable[[Any, Any], bool]


def build(options: Options) -> Check:
    """Compare `fields`: a list of paths, or a mapping of path to `exact`, `numeric`, `fuzzy`, `set`, or to a mapping
    of `compare`, `tolerance` and `threshold`. `value` is the reference by default, else the incumbent's JSON.
    """
    fields = _read_fields(options)
    expected = options.expected(_as_object, default=_reference_or_incumbent)
    options.reads.update(("reference", "incumbent") if options.value is None else ())
    limit = options.limit(1.0, high=1.0)

    def check(context: Context) -> Outcome:
        wanted = expected(context)
        asked = [field for field in fields if at_path(wanted, field.path) is not MISSING]
        if not asked:
            raise Absent("the value has none of the fields")
        found = first_json(context.text)
        if found is None:
            return verdict(False, "holds no JSON")
        wrong = [f.name for f in asked if not _holds(f, at_path(wanted, f.path), at_path(found.value, f.path))]
        return graded(
            1 - len(wrong) / len(asked),
            limit,
            "share of equal fields",
            expected={f.name: shown(json_text(at_path(wanted, f.path))) for f in asked},
            differ=wrong,
        )

    return check


def _holds(field: Field, wanted: Any, found: Any) -> bool:
    return found is not MISSING and field.same(wanted, found)


def _reference_or_incumbent(context: Context) -> Any:
    if context.reference is not None:
        return reference_of(context)
    found = first_json(context.incumbent.text or "") if context.incumbent is not None else None
    if found is None:
        raise Absent("there is neither a reference nor JSON from the incumbent")
    return found.value


def _as_object(value: Any) -> Any:
    value = parse_json(value) if isinstance(value, str) else value
    if not isinstance(value, dict | list):
        raise ValueError("must be a JSON object")
    return value


def _read_fields(options: Options) -> list[Field]:
    entry = options.extra.get("fields")
    if isinstance(entry, list | tuple) and all(isinstance(name, str) for name in entry):
        entry = dict.fromkeys(entry, "exact")
    if not isinstance(entry, Mapping) or not entry:
        raise options.wrong("`fields` must be a list of paths, or a mapping of path to comparison")
    found = []
    for name, how in entry.items():
        try:
            path = steps(str(name))
        except ValueError as error:
            raise options.wrong(f"`fields` {error}") from None
        found.append(Field(str(name), path, _comparison(options, str(name), how)))
    return found


def _comparison(options: Options, name: str, how: Any) -> Callable[[Any, Any], bool]:
    entry = {"compare": how} if isinstance(how, str) else how
    if not isinstance(entry, Mapping) or entry.keys() - {"compare", "tolerance", "threshold"}:
        raise options.wrong(f"`fields.{name}` must be a comparison, or a mapping of compare, tolerance, threshold")
    compare = entry.get("compare", "exact")
    limits: dict[str, Any] = {
        key: entry.get(key, default) for key, default in (("tolerance", 0.0), ("threshold", _FUZZY))
    }
    for key, limit in limits.items():
        if isinstance(limit, bool) or not isinstance(limit, int | float) or limit < 0:
            raise options.wrong(f"`fields.{name}.{key}` must be a number, at least 0")
    known: dict[str, Callable[[Any, Any], bool]] = {
        "exact": same_json,
        "numeric": lambda wanted, found: _same_number(wanted, found, limits["tolerance"]),
        "fuzzy": lambda wanted, found: fuzz.ratio(json_text(wanted), json_text(found)) >= 100 * limits["threshold"],
        "set": _same_set,
    }
    if compare not in known:
        near_name = nearest(str(compare), known)
        raise options.wrong(
            f"`fields.{name}` must compare by one of: {', '.join(sorted(known))}",
            hint=f"did you mean `{near_name}`?" if near_name else None,
        )
    return known[compare]


def _same_number(wanted: Any, found: Any, tolerance: float) -> bool:
    if isinstance(wanted, bool) or isinstance(found, bool):
        return wanted is found
    left, right = first_number(json_text(wanted)), first_number(json_text(found))
    return left is not None and right is not None and near(left, right, absolute=tolerance)


def _same_set(wanted: Any, found: Any) -> bool:
    """Lists with the same items in any order; a single value counts as a list of one."""
    left, right = (value if isinstance(value, list) else [value] for value in (wanted, found))
    return all(any(same_json(a, b) for b in right) for a in left) and all(
        any(same_json(a, b) for a in left) for b in right
    )


SCORER = Scorer(
    name="json-fields",
    version=1,
    summary=__doc__,
    needs_reference=True,
    calls_model=False,
    build=build,
    accepts=("value", "extract", "fields", "threshold"),
)
