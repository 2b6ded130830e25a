"""Rules that people write: `prompt_chars < 4000 and messages <= 2 and not tools and last_user !~ 'refund'`.

A rule is a chain of conditions on the features of `features.py`, all of which must hold. A bare name asks for more
than 0, `not` before it for 0; `last_user ~ 'pattern'` asks for a match of a regular expression. There is no `or`: two
rules are two policies, and each is tested by itself.
"""

from __future__ import annotations

import re
from typing import Any

from audit.core.errors import AuditError, nearest
from audit.core.policy import SignalSpec
from audit.patterns import compile_pattern
from audit.signals.features import FEATURES, FORMER, TEXT
from audit.signals.rules import MATCHES, NAME, OPERATORS, VERSION

_TOKEN = re.compile(
    r"\s*(?:(?P<quoted>'[^']*'|\"[^\"]*\")|(?P<op><=|>=|==|!=|!~|[<>~=])"
    r"|(?P<number>\d[\d_]*(?:\.\d+)?|\.\d+)|(?P<word>[A-Za-z_]\w*))"
)
EXAMPLE = "messages <= 2 and prompt_chars < 4000 and not tools"


class ConditionProblem(AuditError):
    """A rule that cannot be read. `start` and `width` say which characters of it are at fault."""

    default_code = "rule.unreadable"

    def __init__(self, what: str, *, start: int, width: int, **rest: Any) -> None:
        super().__init__(what, **{"hint": f"write it like `{EXAMPLE}`", **rest})
        self.start, self.width = start, max(width, 1)


def written_rule(text: str) -> SignalSpec:
    """A rule as the signal that computes it; its text stays with it, so that `policy.json` can be read.

    Raises:
        ConditionProblem: It is not of the grammar, or names what is no feature, with the place in the text.
    """
    return SignalSpec(name=NAME, version=VERSION, params={"conditions": read_conditions(text), "when": text})


def read_conditions(text: str) -> list[dict[str, Any]]:
    """The conditions of a rule, in order.

    Raises:
        ConditionProblem: See `written_rule`.
    """
    tokens = _tokens(text)
    conditions: list[dict[str, Any]] = []
    while True:
        conditions.append(_condition(tokens, text))
        if not tokens:
            return conditions
        kind, value, start = tokens.pop(0)
        if (kind, value) != ("word", "and"):
            what = "`or` is not understood: write two rules" if value == "or" else f"`and` is expected, not `{value}`"
            raise ConditionProblem(what, start=start, width=len(value))


def _tokens(text: str) -> list[tuple[str, str, int]]:
    """Kind, text and start of each part."""
    found, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            start = at + len(text[at:]) - len(text[at:].lstrip())
            raise ConditionProblem(f"`{text[start]}` is not understood", start=start, width=1)
        kind = match.lastgroup
        found.append((kind, match[kind], match.start(kind)))
        at = match.end()
    return found


def _condition(tokens: list[tuple[str, str, int]], text: str) -> dict[str, Any]:
    negated = bool(tokens) and tokens[0][:2] == ("word", "not")
    if negated:
        tokens.pop(0)
    if not tokens:
        raise ConditionProblem("a condition is missing", start=max(len(text) - 1, 0), width=1)
    kind, feature, start = tokens.pop(0)
    if kind != "word" or feature in ("and", "or", "not"):
        raise ConditionProblem(
            f"the name of a feature is expected, not `{feature}`", start=start, width=len(feature), code="rule.feature"
        )
    if feature != TEXT and feature not in FEATURES:
        raise _unknown(feature, start)
    if not tokens or tokens[0][0] != "op":
        if feature == TEXT:
            raise ConditionProblem(f"`{TEXT}` needs a pattern: `{TEXT} ~ 'refund'`", start=start, width=len(feature))
        # What is counted has no values between 0 and 1, and a share above 0 is above 0.
        return {"feature": feature, "op": "<=" if negated else ">", "value": 0}
    if negated:
        raise ConditionProblem("`not` stands before a bare name only: turn the comparison", start=start, width=1)
    return _compared(feature, tokens, text)


def _compared(feature: str, tokens: list[tuple[str, str, int]], text: str) -> dict[str, Any]:
    _, op, start = tokens.pop(0)
    if not tokens:
        raise ConditionProblem(f"nothing follows `{op}`", start=len(text) - 1, width=1)
    kind, value, at = tokens.pop(0)
    if (op in MATCHES) != (feature == TEXT) or (op not in MATCHES and op not in OPERATORS):
        known = MATCHES if feature == TEXT else OPERATORS
        raise ConditionProblem(
            f"`{feature}` cannot be compared by `{op}`",
            start=start,
            width=len(op),
            code="rule.operator",
            notes=[f"known: {' '.join(known)}"],
        )
    if feature == TEXT:
        return {"feature": feature, "op": op, "value": _pattern(kind, value, at)}
    if kind != "number":
        raise ConditionProblem(f"`{value}` is not a number", start=at, width=len(value), code="rule.number")
    number = float(value)
    return {"feature": feature, "op": op, "value": int(number) if number.is_integer() else number}


def _pattern(kind: str, value: str, at: int) -> str:
    if kind != "quoted":
        raise ConditionProblem("a pattern stands in quotes", start=at, width=len(value), code="rule.pattern")
    try:
        compile_pattern(value[1:-1])
    except ValueError as error:
        what = f"the pattern {error}"
        raise ConditionProblem(what, start=at, width=len(value), code="rule.pattern") from None
    return value[1:-1]


def _unknown(feature: str, start: int) -> ConditionProblem:
    near = FORMER.get(feature) or nearest(feature, [*FEATURES, TEXT])
    notes = [f"known: {', '.join([*FEATURES, TEXT])}"]
    if feature in FORMER:
        notes = [f"`{feature}` was the name of `{near}`: {FEATURES[FORMER[feature]]}"]
    if "token" in feature:
        near, notes = (
            "prompt_chars",
            ["tokens are each model's own: a rule that is about one request counts characters"],
        )
    return ConditionProblem(
        f"unknown feature: `{feature}`",
        start=start,
        width=len(feature),
        code="rule.unknown-feature",
        notes=notes,
        hint=f"did you mean `{near}`?" if near else f"write it like `{EXAMPLE}`",
    )
