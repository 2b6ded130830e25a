"""The completion is JSON and nothing else; with a JSON Schema in `value`, valid by it."""

from audit.core.outcome import Outcome
from audit.scoring.context import Context
from audit.scoring.expected.schema import schema_of
from audit.scoring.scorer import Check, Options, Scorer, verdict
from audit.scoring.texts.json_values import parse_json, unfenced


def build(options: Options) -> Check:
    """Parse strictly; `fences: true` allows one code block that is the whole answer."""
    validate = options.constant(schema_of)
    fences = options.flag("fences")

    def check(context: Context) -> Outcome:
        try:
            value = parse_json(unfenced(context.text) if fences else context.text)
        except ValueError:
            return verdict(False, "is not JSON")
        problem = validate(value) if validate is not None else None
        return verdict(problem is None, problem or "")

    return check


SCORER = Scorer(
    name="is-json",
    version=2,
    summary=__doc__,
    needs_reference=False,
    calls_model=False,
    build=build,
    accepts=("value", "extract", "fences"),
)
