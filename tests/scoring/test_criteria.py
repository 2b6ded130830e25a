"""A route's list: what is refused, and what its criteria are called."""

from pathlib import Path

import pytest

from audit.core.errors import AuditError, ConfigError, UnknownName
from audit.core.outcome import Errored, Scored
from audit.scoring.criteria import build_criteria, unsupported
from audit.scoring.scorers import NOT_SUPPORTED
from tests.scoring.cases import Case, context_of, entry_of


def build(*entries: dict[str, object], directory: Path = Path()):
    """Compile entries as they stand in `audit.yaml`."""
    return build_criteria([entry_of(dict(entry)) for entry in entries], directory)


def passed(criterion, **case: object) -> bool:
    """Whether a criterion holds for a case."""
    outcome = criterion.score([context_of(Case(case))])[0]
    assert isinstance(outcome, Scored), outcome
    return outcome.passed


@pytest.mark.parametrize(
    ("entry", "what", "hint"),
    [
        ({"type": "regexp", "value": "a"}, "unknown assertion type: `regexp`", "`regex`"),
        ({"type": "not-equal", "value": "a"}, "unknown assertion type: `not-equal`", "`not-equals`"),
        ({"type": "not-not-equals", "value": "a"}, "unknown assertion type", "`not-equals`"),
        ({"type": "numeric", "value": 1, "tolerence": 1}, "`numeric` has no option `tolerence`", "`tolerance`"),
        ({"type": "numeric", "value": 1, "tolerance": "a"}, "`tolerance` must be a number", None),
        ({"type": "numeric"}, "`value` is missing", None),
        ({"type": "numeric", "value": "many"}, "`value` must be a number", None),
        ({"type": "equals", "value": 1, "threshold": 1}, "`equals` has no option `threshold`", None),
        ({"type": "equals", "value": 1, "judge": "j"}, "`equals` has no option `judge`", None),
        ({"type": "contains", "value": ["a"]}, "`value` must be text or a number", None),
        ({"type": "contains", "value": ""}, "`value` must not be empty", None),
        ({"type": "contains-all", "value": 7}, "`value` must be a list of texts", None),
        ({"type": "is-json", "value": {"type": "objekt"}}, "is not a usable JSON Schema", None),
        ({"type": "is-json", "value": {"$ref": "http://127.0.0.1:9/x"}}, "is not a usable JSON Schema", None),
        ({"type": "is-json", "fences": "yes"}, "`fences` must be true or false", None),
        ({"type": "fuzzy", "method": "ration"}, "`method` must be one of", "`ratio`"),
        ({"type": "fuzzy", "threshold": 80}, "`threshold` must be between 0 and 1", None),
        ({"type": "latency"}, "`threshold` is missing", None),
        ({"type": "json-fields"}, "`fields` must be", None),
        ({"type": "json-fields", "fields": {"a": "numerical"}}, "did you mean `numeric`?", None),
        ({"type": "tool-call", "value": [3]}, "`value` must be accepted values", None),
        ({"type": "word-count", "value": {"min": 3, "max": 2}}, "`min` above its `max`", None),
        ({"type": "is-xml", "value": ["a"]}, "requiredElements", None),
        ({"type": "equals", "value": "{{refrence}}"}, "did you mean `reference`", None),
        ({"type": "equals", "value": "{{reference"}, "is not a template", None),
        ({"type": "equals", "value": "file://absent.txt"}, "cannot be read", None),
        ({"type": "python", "value": "scorers.py"}, "must be like", None),
        ({"type": "python", "value": "file://absent.py:f"}, "is not a Python file", None),
    ],
)
def test_wrong_entries(entry: dict[str, object], what: str, hint: str | None) -> None:
    """Each mistake is an error that names the option and, where one is near, the right word."""
    with pytest.raises(AuditError) as caught:
        build(entry)
    assert isinstance(caught.value, ConfigError | UnknownName)
    assert what in caught.value.what
    assert hint is None or hint in (caught.value.hint or "")


def test_all_mistakes_are_reported() -> None:
    """Two wrong entries are two problems."""
    with pytest.raises(ConfigError) as caught:
        build({"type": "nonsense"}, {"type": "numeric"}, {"type": "equals", "value": 1})
    assert len(caught.value.problems) == 2


def test_names_are_unique_and_say_what_differs() -> None:
    """A metric names a criterion; two of one type are told apart by their values, equal ones by number."""
    names = [
        criterion.name
        for criterion in build(
            {"type": "contains", "value": "a"},
            {"type": "contains", "value": "b"},
            {"type": "contains", "value": "b"},
            {"type": "equals", "value": "x", "metric": "total"},
            {"type": "is-json"},
        )
    ]
    assert names == ["contains a", "contains b", "contains b (2)", "total", "is-json"]


def test_key_changes_with_everything_that_matters(tmp_path: Path) -> None:
    """The digest of the options changes with value, threshold, extraction, option and file, not with name or weight."""
    (tmp_path / "schema.json").write_text('{"type": "object"}')
    (tmp_path / "own.py").write_text("def f(exchange, completion): return True\n")
    base = {"type": "fuzzy", "value": "a", "threshold": 0.5}

    def key(**change: object) -> str:
        return build({**base, **change}, directory=tmp_path)[0].options_fp

    changes = [{"value": "b"}, {"threshold": 0.6}, {"extract": {"lines": "last"}}, {"method": "partial"}]
    assert len({key(), *(key(**change) for change in changes), key(type="not-fuzzy")}) == len(changes) + 2
    assert key() == key(metric="m", weight=2)
    for name, entry in (
        ("schema.json", {"type": "is-json", "value": "file://schema.json"}),
        ("own.py", {"type": "python", "value": "file://own.py:f"}),
    ):
        before = build(entry, directory=tmp_path)[0].options_fp
        (tmp_path / name).write_text((tmp_path / name).read_text() + " \n" if name == "own.py" else '{"type": "array"}')
        assert build(entry, directory=tmp_path)[0].options_fp != before


def test_files_stand_for_their_content(tmp_path: Path) -> None:
    """`file://` is relative to the configuration; JSON and YAML are parsed, text is text and may be a template."""
    (tmp_path / "a.json").write_text('{"type": "array"}')
    (tmp_path / "b.yaml").write_text("type: array\n")
    (tmp_path / "c.txt").write_text("Hello {{reference}}")
    for name in ("a.json", "b.yaml"):
        (criterion,) = build({"type": "is-json", "value": f"file://{name}"}, directory=tmp_path)
        assert passed(criterion, completion="[1]")
        assert not passed(criterion, completion="{}")
    (criterion,) = build({"type": "equals", "value": "file://c.txt"}, directory=tmp_path)
    assert passed(criterion, completion="Hello Ada", reference="Ada")


def test_templates_cannot_run_code() -> None:
    """The sandbox refuses what reaches into Python, and untrusted text is never a template."""
    (criterion,) = build({"type": "equals", "value": "{{reference.__class__.__mro__}}"})
    assert isinstance(criterion.score([context_of({"completion": "x", "reference": "r"})])[0], Errored)
    (criterion,) = build({"type": "equals", "value": "{{reference}}"})
    assert passed(criterion, completion="{{7*7}}", reference="{{7*7}}")


def test_unsupported_types_are_known() -> None:
    """They build, always error, and `unsupported` names them with the reason."""
    for name in NOT_SUPPORTED:
        (criterion,) = build({"type": name, "value": "x", "provider": "y"})
        assert isinstance(criterion.score([context_of({"completion": "x"})])[0], Errored)
    why = unsupported([entry_of({"type": "not-answer-relevance", "value": "x"}), entry_of({"type": "is-json"})])
    assert why is not None
    assert why.startswith("`answer-relevance` is not supported")
    assert unsupported([entry_of({"type": "is-json"})]) is None


def test_a_failing_batch_spoils_one_score_only(tmp_path: Path) -> None:
    """A user's function that raises for one completion errors for that one, and its message is not repeated."""
    source = "def f(exchange, completion):\n    assert completion.text != 'secret', completion.text\n    return True\n"
    (tmp_path / "own.py").write_text(source)
    (criterion,) = build({"type": "python", "value": "file://own.py:f"}, directory=tmp_path)
    one, two = criterion.score([context_of({"completion": text}) for text in ("secret", "fine")])
    assert isinstance(one, Errored)
    assert "secret" not in one.error
    assert isinstance(two, Scored)
