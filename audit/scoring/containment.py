"""What the six `contains` types share: looking for texts in a completion."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from audit.core.outcome import Outcome
from audit.scoring.context import Context
from audit.scoring.scorer import Check, Constant, Options, shown, verdict
from audit.scoring.text import as_texts, as_words, fold


def contains_one(options: Options, *, ignore_case: bool) -> Check:
    """A check for one text."""
    expected = options.expected(as_words)
    folded = fold if ignore_case else str

    def check(context: Context) -> Outcome:
        wanted = expected(context)
        return verdict(folded(wanted) in folded(context.text), "does not contain the value", expected=shown(wanted))

    return check


def contains_many(options: Options, rule: Callable[[Iterable[object]], bool], *, ignore_case: bool) -> Check:
    """A check for a list of texts: `rule` is `all` or `any`."""
    expected = options.expected(as_texts, constant=Constant.DEMAND if rule is all else Constant.CHOICE)
    folded = fold if ignore_case else str

    def check(context: Context) -> Outcome:
        wanted, text = expected(context), folded(context.text)
        missing = [item for item in wanted if folded(item) not in text]
        holds = rule(item not in missing for item in wanted)
        reason = f"{len(missing)} of {len(wanted)} values are missing"
        return verdict(holds, reason, expected=[shown(item) for item in wanted], missing=[shown(m) for m in missing])

    return check
