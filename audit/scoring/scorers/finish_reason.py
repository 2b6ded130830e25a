"""The model stopped for the expected reason: stop, length, tool_calls, content_filter, ..."""

from audit.core.outcome import Outcome
from audit.scoring.context import Context
from audit.scoring.expected.templates import Absent
from audit.scoring.scorer import Check, Constant, Options, Scorer, verdict
from audit.scoring.texts.words import as_texts


def build(options: Options) -> Check:
    """Compare with `value`, one reason or a list; a log that does not say makes it inapplicable."""
    expected = options.expected(as_texts, constant=Constant.PROPERTY)

    def check(context: Context) -> Outcome:
        wanted, reason = expected(context), context.completion.finish_reason
        if reason == "unknown":
            raise Absent("nobody said why the model stopped")
        return verdict(reason in wanted, f"stopped for the reason `{reason}`", expected=list(wanted))

    return check


SCORER = Scorer(
    name="finish-reason",
    version=1,
    summary="The model stopped for the expected reason: stop, length, tool_calls, content_filter.",
    needs_reference=False,
    calls_model=False,
    build=build,
    accepts=("value",),
)
