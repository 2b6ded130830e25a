"""The grammar of a gate rule: `metric [ "{" tag ":" glob ("," tag ":" glob)* "}" ] op number unit`.

A rule is a claim on a true value, so there is no `==`. A unit is obligatory and has to be the metric's. Around the
metric and its tags may stand `change(...)`: the same since another run. Of money and counts that is a relative change,
in `%`; of a rate it is a difference, in `pt`, because a change in `%` of something in `%` could be read both ways.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from audit.core.errors import AuditError, Place, nearest
from audit.core.units import number


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What a rule can be about.

    Attributes:
        unit: The one unit that its thresholds have: `pt`, `%`, `$` or `n`.
        example: A threshold, for messages.
        tags: What may stand in braces.
        interval: Whether the value has an interval; one without cannot be inconclusive.
        needs: Of these tags one has to be there.
    """

    unit: str
    example: str
    tags: tuple[str, ...]
    interval: bool = False
    needs: tuple[str, ...] = ()


_TRAFFIC = ("route", "tenant", "model", "tier")

METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        "quality_delta": Metric(unit="pt", example="-2pt", tags=("route", "tier"), interval=True),
        "accept_rate": Metric(unit="%", example="90%", tags=("route", "tier"), interval=True),
        "avoidable_usd": Metric(unit="$", example="$500", tags=("route",), interval=True),
        "avoidable_share": Metric(unit="%", example="20%", tags=("route",), interval=True),
        "spend_usd": Metric(unit="$", example="$500", tags=_TRAFFIC),
        "cost_per_1k": Metric(unit="$", example="$15.00", tags=_TRAFFIC),
        "requests": Metric(unit="n", example="1000n", tags=_TRAFFIC),
        "mix": Metric(unit="%", example="80%", tags=_TRAFFIC, needs=("tier", "model")),
        "skipped_share": Metric(unit="%", example="1%", tags=()),
    }
)
"""Every metric. `quality_delta` and `accept_rate` are about what the report recommends: the certified policy of a route
that moves, over all its traffic, and today's answers of one that stays; `mix` is a share of requests; `skipped_share`
is the share of the logs' records that were rejected."""

RULES = "the gate's rules"
"""Where a rule is, in messages, as long as nobody knows a file and a line."""

OPERATORS: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
)

_SCALE = {"pt": 0.01, "%": 0.01, "$": 1.0, "n": 1.0}
_MEANING = {
    "pt": "pt is a difference of rates in percentage points",
    "%": "% is a share of a whole",
    "$": "$ is US dollars in the log's window",
    "n": "n is a count of requests",
}
_OUTLINE = re.compile(
    r"\s*(?P<change>change\s*\()?\s*(?P<metric>\w[\w-]*)\s*(?:\{(?P<tags>[^}]*)\}\s*)?(?P<close>\)\s*)?"
    r"(?P<op>[<>=!~≤≥]+)\s*(?P<threshold>.*?)\s*",
    re.DOTALL,
)
_THRESHOLD = re.compile(r"(?P<sign>[+\-−]?)(?P<dollar>\$?)\s*(?P<number>[+\-−]?[\d.][\d.,_eE]*)\s*(?P<unit>\S*)")


class RuleProblem(AuditError):
    """A rule that cannot be read. `start` and `width` say which characters of it are at fault."""

    default_code = "gate.rule"

    def __init__(self, what: str, *, start: int, width: int, **rest: object) -> None:
        super().__init__(what, **rest)  # type: ignore[arg-type]
        self.start = start
        self.width = max(width, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule that was read.

    Attributes:
        text: As written.
        metric: A key of `METRICS`.
        op: A key of `OPERATORS`.
        threshold: In the metric's base unit: a rate in [-1, 1] for `pt` and `%`, USD, or a count.
        tags: Globs by tag.
        places: Start of each glob in `text`, for messages.
        change: It is about the change since another run.
    """

    text: str
    metric: str
    op: str
    threshold: float
    tags: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, int] = field(default_factory=dict)
    change: bool = False

    @property
    def unit(self) -> str:
        """The metric's unit, or that of its change."""
        return _wanted(self.metric, self.change)[0]

    def holds(self, value: float) -> bool:
        """Whether a value satisfies the rule. Differences below 1e-9 are rounding and count as equal."""
        gap = value - self.threshold
        return OPERATORS[self.op](0.0 if abs(gap) < 1e-9 * max(1.0, abs(self.threshold)) else gap, 0.0)


def parse_rule(text: str) -> Rule:
    """Read a rule.

    Raises:
        RuleProblem: It is not of the grammar, or names what does not exist, with the place in the text.
    """
    try:
        return _parsed(text)
    except RuleProblem as problem:
        problem.place = Place(file=RULES, column=problem.start + 1, excerpt=text, width=problem.width)
        raise


def _parsed(text: str) -> Rule:
    outline = _OUTLINE.fullmatch(text)
    if outline is None:
        raise RuleProblem(
            "the rule is not of the form `metric{tag:glob} op number unit`",
            start=0,
            width=len(text),
            hint="write it like `quality_delta{route:*} >= -2pt`",
        )
    if bool(outline["change"]) != bool(outline["close"]):
        raise RuleProblem(
            "`change(` and `)` belong together",
            start=outline.start("change") if outline["change"] else outline.start("close"),
            width=len(outline["change"] or ")"),
            hint="write it like `change(cost_per_1k{route:*}) <= 5%`",
        )
    metric, change = _metric(outline), bool(outline["change"])
    tags, places = _tags(outline, metric)
    op = outline["op"]
    if op not in OPERATORS:
        raise RuleProblem(
            f"`{op}` is not one of < <= > >=",
            code="gate.operator",
            start=outline.start("op"),
            width=len(op),
            notes=["an estimate is never exactly equal to a number, so a rule is about a side of it"],
        )
    threshold = _threshold(outline, metric, change)
    return Rule(text=text, metric=metric, op=op, threshold=threshold, tags=tags, places=places, change=change)


def _wanted(metric: str, change: bool) -> tuple[str, str]:
    """Unit of a metric or of its change, and a threshold of it for messages."""
    unit = METRICS[metric].unit
    if not change:
        return unit, METRICS[metric].example
    return ("%", "5%") if unit in ("$", "n") else ("pt", "-2pt")


def _metric(outline: re.Match[str]) -> str:
    name = outline["metric"]
    if name not in METRICS:
        near = nearest(name, METRICS)
        raise RuleProblem(
            f"unknown metric: `{name}`",
            code="gate.unknown-metric",
            start=outline.start("metric"),
            width=len(name),
            notes=[f"known: {', '.join(METRICS)}"],
            hint=f"did you mean `{near}`?" if near else None,
        )
    return name


def _tags(outline: re.Match[str], metric: str) -> tuple[dict[str, str], dict[str, int]]:
    tags: dict[str, str] = {}
    places: dict[str, int] = {}
    offset = outline.start("tags")
    for part in [] if outline["tags"] is None else outline["tags"].split(","):
        tag, colon, glob = part.partition(":")
        start = offset + len(part) - len(part.lstrip())
        if not colon or not glob.strip():
            raise RuleProblem(
                f"`{part.strip()}` is not of the form `tag:glob`",
                code="gate.tag",
                start=start,
                width=len(part.strip()),
                hint=f"write it like `{metric}{{{(METRICS[metric].tags or ('route',))[0]}:*}}`",
            )
        _check_tag(tag.strip(), metric, start, seen=tags)
        tags[tag.strip()] = glob.strip()
        places[tag.strip()] = offset + len(tag) + 1 + len(glob) - len(glob.lstrip())
        offset += len(part) + 1
    needs = METRICS[metric].needs
    if needs and not tags.keys() & set(needs):
        raise RuleProblem(
            f"`{metric}` needs one of the tags {', '.join(needs)}: a share of what?",
            code="gate.tag",
            start=outline.start("metric"),
            width=len(metric),
            hint=f"write it like `{metric}{{{needs[0]}:large}} < {METRICS[metric].example}`",
        )
    for one, other in (("route", "tenant"), ("tier", "model")):
        if one in tags and other in tags:
            raise RuleProblem(
                f"a rule has either `{one}` or `{other}`, not both",
                code="gate.tag",
                start=places[other],
                width=len(tags[other]),
            )
    return tags, places


def _check_tag(tag: str, metric: str, start: int, seen: Mapping[str, str]) -> None:
    allowed = METRICS[metric].tags
    if tag in allowed and tag not in seen:
        return
    near = nearest(tag, allowed)
    raise RuleProblem(
        f"the tag `{tag}` is there twice" if tag in seen else f"`{metric}` has no tag `{tag}`",
        code="gate.tag",
        start=start,
        width=len(tag),
        notes=[f"it has: {', '.join(allowed)}" if allowed else f"`{metric}` is about the whole log and has no tags"],
        hint=f"did you mean `{near}`?" if near and tag not in seen else None,
    )


def _threshold(outline: re.Match[str], metric: str, change: bool) -> float:
    text, start = outline["threshold"], outline.start("threshold")
    wanted, example = _wanted(metric, change)
    match = _THRESHOLD.fullmatch(text)
    try:
        value = number(match["sign"] + match["number"]) if match else None
    except ValueError:
        value = None
    if match is None or value is None:
        raise RuleProblem(
            f"`{text}` is not a number with a unit" if text else "the rule has no number",
            code="gate.number",
            start=start,
            width=len(text),
            hint=f"write it like `{example}`",
        )
    if not math.isfinite(value):
        raise RuleProblem(
            f"`{text}` is too large for a number, so the rule would be one that nothing fails or nothing passes",
            code="gate.number",
            start=start,
            width=len(text),
            hint=f"write it like `{example}`",
        )
    unit = match["dollar"] or {"pts": "pt", "pp": "pt"}.get(match["unit"], match["unit"])
    stray = match["unit"] if match["dollar"] else ""
    if unit != wanted or stray:
        raise _unit_problem(text, start, f"change({metric})" if change else metric, wanted, match)
    return value * _SCALE[unit]


def _unit_problem(text: str, start: int, metric: str, wanted: str, match: re.Match[str]) -> RuleProblem:
    figure = match["sign"] + match["number"]
    right = f"{match['sign']}${match['number']}" if wanted == "$" else f"{figure}{wanted}"
    relative = metric.startswith("change(") and wanted == "%"
    note = f"`{metric}` is in {wanted}: {'% is relative to the other run' if relative else _MEANING[wanted]}"
    if wanted == "pt":
        note = f"{figure}pt means {figure} percentage points; {figure}% would be relative to today's rate"
    has = match["dollar"] + match["unit"]
    return RuleProblem(
        f"`{text}` has the unit `{has}`, and `{metric}` is in `{wanted}`" if has else f"`{text}` has no unit",
        code="gate.unit",
        start=start,
        width=len(text),
        notes=[note],
        hint=f"write {right}",
    )
