"""The completion matches a regular expression somewhere."""

from audit.core.outcome import Outcome
from audit.patterns import alternatives_in, compile_pattern, plain_text
from audit.scoring.context import Context
from audit.scoring.scorer import Alternative, Check, Options, Scorer, Takes, shown, verdict
from audit.scoring.texts.extract import note_engine
from audit.scoring.texts.json_values import nfc


def build(options: Options) -> Check:
    """Search for the pattern in `value`, which is not a template. One that is a plain text demands that text."""
    pattern = options.constant(lambda value: compile_pattern(nfc(value) if isinstance(value, str) else value))
    options.demand([text] if (text := plain_text(str(options.value))) else [])
    options.alternatives.extend(map(Alternative, alternatives_in(str(options.value))))
    note_engine(pattern.engine, f"{options.where}: the pattern", options.notes)

    def check(context: Context) -> Outcome:
        found = pattern.search(context.text)
        return verdict(found is not None, "does not match", matched=None if found is None else shown(found.whole))

    return check


SCORER = Scorer(
    name="regex", version=2, summary=__doc__, needs_reference=False, calls_model=False, build=build, takes=Takes.PART
)
