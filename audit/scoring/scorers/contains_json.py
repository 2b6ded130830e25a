"""The completion contains a JSON object or list; with a JSON Schema in `value`, one that is valid by it."""

from audit.core.outcome import Outcome
from audit.scoring.context import Context
from audit.scoring.expected.schema import schema_of
from audit.scoring.scorer import Check, Options, Scorer, verdict
from audit.scoring.texts.json_values import json_values


def build(options: Options) -> Check:
    """Look at every JSON value in the text; code fences and prose around them are allowed."""
    validate = options.constant(schema_of)

    def check(context: Context) -> Outcome:
        problem = "contains no JSON"
        for value in json_values(context.text):
            if not isinstance(value, dict | list):
                continue
            if validate is None or (failed := validate(value)) is None:
                return verdict(True)
            problem = failed
        return verdict(False, problem)

    return check


SCORER = Scorer(name="contains-json", version=2, summary=__doc__, needs_reference=False, calls_model=False, build=build)
