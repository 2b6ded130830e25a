"""The names of the tools called are the expected ones, by F1 over the two sets; arguments do not count."""

from typing import Any

from audit.core.outcome import Outcome
from audit.scoring.comparisons.tool_calls import expects_calls, read_calls
from audit.scoring.context import Context
from audit.scoring.expected.templates import Absent
from audit.scoring.scorer import Check, Options, Scorer, graded
from audit.scoring.texts.words import as_texts


def build(options: Options) -> Check:
    """Compare with the names in `value`, by default those that the incumbent called; threshold 1 unless given."""
    expected = options.expected(as_texts, default=_incumbents_names)
    options.reads.update(("incumbent",) if options.value is None else ())
    limit = options.limit(1.0, high=1.0)

    def check(context: Context) -> Outcome:
        wanted = set(expected(context))
        called = {call.name for call in read_calls(context.completion.tool_calls) if call.name}
        value = 2 * len(wanted & called) / (len(wanted) + len(called))
        return graded(value, limit, "F1", expected=sorted(wanted), called=sorted(called)[:20])

    return check


def _incumbents_names(context: Context) -> Any:
    calls = read_calls(context.incumbent.tool_calls) if context.incumbent is not None else []
    if not calls:
        raise Absent("the incumbent called no tool")
    return [call.name for call in calls]


SCORER = Scorer(
    name="tool-call-f1",
    version=1,
    summary=__doc__,
    needs_reference=False,
    calls_model=False,
    expects_calls=expects_calls,
    build=build,
    accepts=("value", "threshold"),
)
