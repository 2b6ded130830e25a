"""`audit init --from promptfooconfig.yaml`: what it takes over means the same, and what it leaves out is named.

The shapes are those of promptfoo's documentation, the texts our own:
<https://www.promptfoo.dev/docs/configuration/expected-outputs/model-graded/>.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from audit.cli.main import run
from audit.config.load import load_settings
from audit.core.artifacts import read_plan
from audit.core.errors import AuditError
from audit.core.exchange import Completion, Request
from audit.core.fingerprint import prompt_hash
from audit.core.outcome import NotApplicable, Outcome, Scored
from audit.flow.drafting.promptfoo.draft import FromPromptfoo, from_promptfoo
from audit.scoring.context import Context
from audit.scoring.criteria import build_criteria
from audit.scoring.judges.check import JudgeReply
from tests.documents import PAGES
from tests.e2e.tiny import record

ASKED = [{"role": "user", "content": "Parcel desk. Where is parcel 7?"}]
BASE: dict[str, Any] = {
    "prompts": ["Parcel desk. {{question}}"],
    "providers": ["openai:gpt-4.1-mini"],
    "tests": [{"vars": {"question": "Where is parcel 7?", "depot": "depot 4"}}],
}

SCORE, PASS, FAIL = '{{"reason": "r", "score": {}}}', '{"verdict": "pass"}', '{"verdict": "fail"}'
GRADED = '{{"verdict": "pass", "score": {}}}'
JUDGED: list[tuple[dict[str, Any], str, bool]] = [
    ({"type": "llm-rubric", "value": "Names a depot"}, PASS, True),
    ({"type": "llm-rubric", "value": "Names a depot"}, FAIL, False),
    ({"type": "llm-rubric", "value": "Names {{depot}}", "threshold": 0.8}, GRADED.format(0.8), True),
    ({"type": "llm-rubric", "value": "Names {{depot}}", "threshold": 0.8}, GRADED.format(0.7), False),
    ({"type": "not-llm-rubric", "value": "Apologises"}, PASS, False),
    ({"type": "llm-rubric", "value": "file://rubric.txt", "metric": "tone", "weight": 2}, PASS, True),
    ({"type": "model-graded-closedqa", "value": "Says where it is"}, PASS, True),
    ({"type": "model-graded-closedqa", "value": "Says where it is"}, FAIL, False),
    ({"type": "factuality", "value": "It is in {{depot}}"}, '{"verdict": "superset"}', True),
    ({"type": "factuality", "value": "It is in {{depot}}"}, '{"verdict": "contradiction"}', False),
    ({"type": "g-eval", "value": "Is coherent"}, SCORE.format(0.7), True),
    ({"type": "g-eval", "value": "Is coherent"}, SCORE.format(0.6), False),
    ({"type": "g-eval", "value": ["Is coherent", "Names {{depot}}"], "threshold": 0.6}, SCORE.format(0.6), True),
    ({"$ref": "#/assertionTemplates/kind"}, FAIL, False),
    ({"type": "assert-set", "assert": [{"type": "llm-rubric", "value": "Is kind"}]}, PASS, True),
]


def taken(folder: Path, **changes: Any) -> FromPromptfoo:
    """Take a configuration over."""
    path = folder / "promptfooconfig.yaml"
    path.write_text(yaml.safe_dump({**BASE, **changes}, sort_keys=False), "utf-8")
    return from_promptfoo(path)


def outcomes(folder: Path, made: FromPromptfoo, answer: str, reply: str, messages: Any = None) -> list[Outcome]:
    """What the criteria that were taken over say of an answer to a prompt, by a judge that always replies the same."""
    (folder / "audit.yaml").write_text(made.given.alone(), "utf-8")
    rows = {row["prompt_hash"]: row["reference"] for row in map(json.loads, made.gold.splitlines())}
    settings = load_settings(folder / "audit.yaml") if not made.gold else _with_gold(folder, made)
    messages = messages or ASKED
    context = Context(
        request=Request(request_fp="f", messages=tuple(messages)),
        completion=Completion(text=answer, finish_reason="stop"),
        reference=rows.get(prompt_hash(messages)),
    )
    (route,) = settings.routes
    asking = build_criteria(route.criteria, folder)
    replies = {one.key: JudgeReply(text=reply) for criterion in asking for one in criterion.questions(context)}
    return [c.score([context])[0] for c in build_criteria(route.criteria, folder, replies=replies)]


def _with_gold(folder: Path, made: FromPromptfoo) -> Any:
    (folder / "gold.jsonl").write_text(made.gold, "utf-8")
    return load_settings(folder / "audit.yaml")


@pytest.mark.parametrize("place", ["defaultTest", "tests"])
@pytest.mark.parametrize(("entry", "reply", "passes"), JUDGED, ids=range(len(JUDGED)))
def test_judge_types_mean_the_same(tmp_path: Path, entry: dict[str, Any], reply: str, passes: bool, place: str) -> None:
    """Of all tests, and of one: the judge's word makes it hold exactly where promptfoo's documentation says."""
    (tmp_path / "rubric.txt").write_text("Is kind", "utf-8")
    templates = {"kind": {"type": "llm-rubric", "value": "Is kind"}}
    own = {**BASE["tests"][0], **({"assert": [entry]} if place == "tests" else {})}
    default = {"assert": [entry]} if place == "defaultTest" else {}
    made = taken(tmp_path, tests=[own], defaultTest=default, assertionTemplates=templates)
    (outcome,) = outcomes(tmp_path, made, "It is in depot 4.", reply)
    assert isinstance(outcome, Scored)
    assert outcome.passed is passes
    assert not any("assert" in line or "test" in line for line in made.left)


def test_what_one_test_expects_is_asked_of_its_prompt_alone(tmp_path: Path) -> None:
    """Values follow the variables of each test; other requests of the log are not held against them."""
    tests = [
        {"vars": {"question": "Where is parcel 7?"}, "assert": [{"type": "contains", "value": "depot 4"}]},
        {
            "vars": {"question": ["When?", "Which day?"]},
            "assert": [{"type": "contains-any", "value": ["Monday", "today"]}],
        },
    ]
    made = taken(tmp_path, tests=tests)
    assert len(made.gold.splitlines()) == 3
    here = outcomes(tmp_path, made, "In depot 4.", PASS)
    assert [type(one) for one in here] == [Scored, NotApplicable]
    later = outcomes(tmp_path, made, "On Monday.", PASS, [{"role": "user", "content": "Parcel desk. Which day?"}])
    assert [type(one) for one in later] == [NotApplicable, Scored]
    elsewhere = outcomes(tmp_path, made, "Hello", PASS, [{"role": "user", "content": "Hello"}])
    assert [type(one) for one in elsewhere] == [NotApplicable, NotApplicable]


ONE_VALUE: list[dict[str, Any]] = [
    {"type": "equals", "value": "no"},
    {"type": "icontains", "value": "no"},
    {"type": "regex", "value": "^no$"},
    {"type": "contains-all", "value": ["no"]},
    {"type": "not-contains", "value": "yes"},
    {"type": "levenshtein", "value": "no", "threshold": 1},
    {"type": "llm-rubric", "value": "Says no"},
    {"type": "finish-reason", "value": "stop"},
    {"type": "is-json", "value": {"type": "object", "properties": {"a": {"const": "no"}}}},
    {"type": "is-json", "value": "file://enum.json"},
]
FORMS: list[dict[str, Any]] = [
    {"type": "is-json"},
    {"type": "not-is-json"},
    {"type": "is-html"},
    {"type": "is-refusal"},
    {"type": "is-json", "value": {"type": "object", "required": ["a"]}},
]


@pytest.mark.parametrize(
    ("entry", "promoted"),
    [*((one, False) for one in ONE_VALUE), *((one, True) for one in FORMS)],
    ids=range(len(ONE_VALUE) + len(FORMS)),
)
def test_what_tests_happen_to_expect_alike_is_no_rule(tmp_path: Path, entry: dict[str, Any], promoted: bool) -> None:
    """A value that all tests expect is asked of their prompts alone; a form that all ask for is one of the route.

    In `defaultTest` both are rules of the route.
    """
    (tmp_path / "enum.json").write_text('{"enum": ["no"]}', "utf-8")
    elsewhere = [{"role": "user", "content": "Hello"}]
    tests = [{"vars": {"question": one}, "assert": [entry]} for one in ("a?", "b?", "c?")]
    made = taken(tmp_path, tests=tests)
    found = outcomes(tmp_path, made, "yes", PASS, elsewhere)
    assert (len(found) == 1 or any(f"`{entry['type']}`" in line for line in made.left)) if not promoted else found
    assert all(isinstance(outcome, NotApplicable) is not promoted for outcome in found)
    shared = taken(tmp_path, tests=[{"vars": {"question": "a?"}}], defaultTest={"assert": [entry]})
    (outcome,) = outcomes(tmp_path, shared, "yes", PASS, elsewhere)
    assert not isinstance(outcome, NotApplicable)


def test_a_form_that_not_all_ask_for_is_no_rule(tmp_path: Path) -> None:
    """Neither where a test is left out, nor where the tests are asked of some of the prompts alone."""
    asking = [{"vars": {"question": one}, "assert": [{"type": "is-json"}]} for one in ("a?", "b?")]
    for tests in ([*asking, {"vars": "vars.csv"}], [{**one, "prompts": ["p*"]} for one in asking]):
        made = taken(tmp_path, prompts=PROMPTS, tests=tests)
        assert "is-json" not in str(yaml.safe_load(made.given.alone())["routes"])
        assert any("`is-json`" in line for line in made.left)


PROMPTS = [
    {"raw": "One: {{question}}", "label": "p1"},
    {"raw": "Two: {{question}}", "id": "p2"},
    "Three: {{question}}",
    "four.txt",
]
FILTERS: list[tuple[dict[str, Any], set[str]]] = [
    ({}, {"One", "Two", "Three", "Four"}),
    ({"prompts": ["p1"]}, {"One"}),
    ({"prompts": ["p*"]}, {"One", "Two"}),
    ({"prompts": ["p2", "unknown"]}, {"Two"}),
    ({"prompts": ["Three: {{question}}"]}, {"Three"}),
    ({"prompts": ["four.txt"]}, {"Four"}),
    ({"prompts": ["unknown"]}, set()),
    ({"prompts": []}, set()),
    ({"providers": ["openai:gpt-4.1-mini"]}, {"One", "Two", "Three", "Four"}),
    ({"providers": ["openai:*"]}, {"One", "Two", "Three", "Four"}),
    ({"providers": ["another"]}, set()),
    ({"provider": "openai:gpt-4.1"}, set()),
]


@pytest.mark.parametrize(
    ("filters", "meant", "inherited"),
    # In `defaultTest`, `provider` only says where all tests are asked.
    [(*one, inherited) for one in FILTERS for inherited in (False, True) if not (inherited and "provider" in one[0])],
    ids=range(2 * len(FILTERS) - 1),
)
def test_a_gold_answer_is_of_the_prompts_that_its_test_means(
    tmp_path: Path, filters: dict[str, Any], meant: set[str], inherited: bool
) -> None:
    """By label, id, text or file, with wildcards; a test of some providers alone is left out and named."""
    (tmp_path / "four.txt").write_text("Four: {{question}}\n", "utf-8")
    test = {"vars": {"question": "a?"}, "assert": [{"type": "equals", "value": "A"}]}
    if not inherited:
        test |= filters
    made = taken(tmp_path, prompts=PROMPTS, tests=[test], defaultTest=filters if inherited else {})
    hashes = {prompt_hash([{"role": "user", "content": f"{one}: a?"}]) for one in meant}
    assert {json.loads(line)["prompt_hash"] for line in made.gold.splitlines()} == hashes
    assert any(line.startswith("test 1: ") for line in made.left) is not meant


VALUES: list[tuple[Any, str | None]] = [
    (True, "true"),
    (False, "false"),
    (None, ""),
    (1.0, "1"),
    (2, "2"),
    (0.5, "0.5"),
    ('<b> & "c"', '<b> & "c"'),
    ("a\n", "a"),
    ("file://text.txt", "said"),
    ([1, True, None], "1,true,"),
    ({"a": 1}, None),
    ("{{question}}", None),
    ("file://code.js", None),
    (1e30, None),
]


@pytest.mark.parametrize(("value", "written"), VALUES, ids=range(len(VALUES)))
def test_variables_are_written_as_nunjucks_does(tmp_path: Path, value: Any, written: str | None) -> None:
    """In the prompt and in what is expected; what would be written otherwise is left out and named."""
    (tmp_path / "text.txt").write_text("\nsaid\n", "utf-8")
    test = {"vars": {"question": value}, "assert": [{"type": "equals", "value": "is {{question}}{{absent}}"}]}
    made = taken(tmp_path, tests=[test])
    if written is None:
        assert not made.gold
        assert any(line.startswith("test 1: it cannot be filled") for line in made.left)
        return
    (row,) = map(json.loads, made.gold.splitlines())
    assert row["prompt_hash"] == prompt_hash([{"role": "user", "content": f"Parcel desk. {written}"}])
    assert row["reference"] == {"equals": f"is {written}"}


def test_tests_that_contradict_each_other_are_no_gold(tmp_path: Path) -> None:
    """Neither answer is right; the prompt's other values stay, and so do other prompts."""
    pairs = [("a?", "yes"), ("a?", "no"), ("a?", "yes"), ("b?", "no"), ("b?", "no")]
    tests = [{"vars": {"question": q}, "assert": [{"type": "equals", "value": value}]} for q, value in pairs]
    made = taken(tmp_path, tests=tests)
    (row,) = map(json.loads, made.gold.splitlines())
    assert row["prompt_hash"] == prompt_hash([{"role": "user", "content": "Parcel desk. b?"}])
    assert any(line.startswith("test 2: another test") for line in made.left)


def test_files_of_expected_values_are_read(tmp_path: Path) -> None:
    """Text without the space around it, JSON parsed; an empty one is no right answer."""
    (tmp_path / "expected.txt").write_text("depot 4\n", "utf-8")
    (tmp_path / "expected.json").write_text('{"depot": 4}', "utf-8")
    (tmp_path / "empty.txt").write_text("\n", "utf-8")
    names = ("expected.txt", "expected.json", "empty.txt", "absent.txt")
    tests = [{"vars": {"question": n}, "assert": [{"type": "equals", "value": f"file://{n}"}]} for n in names]
    made = taken(tmp_path, tests=tests)
    found = [json.loads(line)["reference"]["equals"] for line in made.gold.splitlines()]
    assert sorted(found, key=str) == ["depot 4", {"depot": 4}]
    assert [line.partition(":")[0] for line in made.left] == ["test 3", "test 4"]
    shared = taken(tmp_path, defaultTest={"assert": [{"type": "equals", "value": "file://expected.txt"}]})
    (outcome,) = outcomes(tmp_path, shared, "depot 4", PASS)
    assert isinstance(outcome, Scored)
    assert outcome.passed


def test_options_of_tests_are_kept_or_named(tmp_path: Path) -> None:
    """Lists that stay lists, and a test without the assertions of `defaultTest`."""
    tests = [
        {"vars": {"question": ["a", "b"]}, "options": {"disableVarExpansion": True}},
        {"vars": {"question": "c"}, "options": {"disableDefaultAsserts": True}},
        {"vars": {"question": ["d", "e"]}},
    ]
    default = {"assert": [{"type": "contains", "value": "{{question}}"}, {"type": "contains", "value": "hi"}]}
    made = taken(tmp_path, tests=tests, defaultTest=default)
    rows = {row["prompt_hash"]: row["reference"]["contains"] for row in map(json.loads, made.gold.splitlines())}
    asked = {prompt_hash([{"role": "user", "content": f"Parcel desk. {one}"}]): one for one in ("a,b", "d", "e")}
    assert rows == asked
    (line,) = made.left
    assert line.startswith("test 2: its `options.disableDefaultAsserts`")


def test_thresholds_and_lists_of_a_table(tmp_path: Path) -> None:
    """A column that configures an assertion by its number, quoted texts with commas, and what promptfoo assumes."""
    (tmp_path / "tests.csv").write_text(
        "question,__expected,__config:__expected:threshold,__expected2,__config:__expected2:threshold,__expected3\n"
        'a,similar: greeting,0.95,"contains-all: a, ""b,c"", d",,levenshtein: x\n'
        "b,similar: greeting,,equals: y,0.5,\n"
        "c,similar: greeting,high,equals: z,,\n"
        'd,"contains-all: ""a, b",,equals: z,,\n'
        'e,"contains-any: a,,b",,,,\n'
    )
    made = taken(tmp_path, tests="file://tests.csv")
    kinds = [(one["type"], one.get("threshold")) for one in yaml.safe_load(made.given.alone())["routes"][0]["assert"]]
    assert kinds == [
        ("similar", 0.95),
        ("contains-all", None),
        ("levenshtein", 0.75),
        ("similar", 0.8),
        ("contains-any", None),
    ]
    values = [json.loads(line)["reference"]["contains_all"] for line in made.gold.splitlines()]
    assert ["a", "b,c", "d"] in values
    any_of = [json.loads(line)["reference"]["contains_any"] for line in made.gold.splitlines()]
    assert ["a", "b"] in any_of
    assert any("row 4" in line and "no list of texts" in line for line in made.left)
    assert any("`equals`" in line and line.startswith("test 2") for line in made.left)
    assert any("row 3" in line and "`__config:__expected:threshold`" in line for line in made.left)


def test_tables_chats_and_graders(tmp_path: Path) -> None:
    """A CSV of tests, a chat prompt in JSON, a grader with options, a key by its variable, a price a token."""
    (tmp_path / "tests.csv").write_text(
        'question,__expected,__expected2,__metric\nWhere?,"icontains: depot","grade: is kind",tone\nWhen?,today,,\n'
    )
    chat = '[{"role": "system", "content": "Be \\"brief\\"."}, {"role": "user", "content": "{{question}}"}]'
    provider = {
        "id": "openai:chat:acme-1",
        "label": "acme",
        "config": {
            "apiBaseUrl": "https://llm.example.com/v1",
            "apiKey": "{{env.ACME_KEY}}",
            "inputCost": 5e-7,
            "outputCost": 1.5e-6,
            "temperature": 0.3,
        },
    }
    default = {"options": {"provider": {"text": {"id": "anthropic:messages:claude-sonnet-4-20250514"}}}}
    made = taken(
        tmp_path,
        prompts=[chat],
        tests="file://tests.csv",
        providers=[provider, {"groq:llama-3": {}}],
        defaultTest=default,
    )
    values = yaml.safe_load(made.given.alone())
    acme, groq, judge = values["tiers"]
    assert acme == {
        "name": "acme",
        "model": "acme-1",
        "provider": "openai-compatible",
        "base_url": "https://llm.example.com/v1",
        "api_key_env": "ACME_KEY",
        "price": {"input": 0.5, "output": 1.5},
    }
    assert (groq["base_url"], groq["api_key_env"]) == ("https://api.groq.com/openai/v1", "GROQ_API_KEY")
    assert (judge["name"], judge["provider"], judge["model"]) == ("judge", "anthropic", "claude-sonnet-4-20250514")
    kinds = [one["type"] for one in values["routes"][0]["assert"]]
    assert kinds == ["icontains", "llm-rubric", "equals"]
    talk = [{"role": "system", "content": 'Be "brief".'}, {"role": "user", "content": "Where?"}]
    assert [type(one) for one in outcomes(tmp_path, made, "In the depot", PASS, talk)] == [
        Scored,
        Scored,
        NotApplicable,
    ]
    assert any("`temperature`" in line for line in made.left)


LEFT: list[tuple[dict[str, Any], str]] = [
    ({"providers": ["python:mine.py", "openai:gpt-4.1"]}, "`python:mine.py`"),
    ({"providers": ["openai:embedding:e", "openai:gpt-4.1"]}, "`openai:embedding:e`"),
    (
        {"providers": [{"id": "openai:gpt-4.1", "config": {"apiKey": "sk-" + "a1B2" * 12}}]},
        "its key stands in the file",
    ),
    ({"prompts": ["file://prompt.py", "{{question}}"]}, "`file://prompt.py`"),
    ({"tests": ["file://tests.js"]}, "`file://tests.js`"),
    ({"tests": ["https://docs.example.com/sheet"]}, "`file://https://docs.example.com/sheet`"),
    ({"scenarios": []}, "`scenarios`"),
    ({"extensions": ["file://x.py"]}, "`extensions`"),
    ({"defaultTest": {"assert": [{"type": "javascript", "value": "true"}]}}, "`javascript`"),
    ({"defaultTest": {"assert": [{"type": "select-best", "value": "x"}]}}, "`select-best`"),
    ({"defaultTest": {"assert": [{"type": "human"}]}}, "`human`"),
    ({"defaultTest": {"assert": [{"type": "equals", "value": "a", "transform": "output.trim()"}]}}, "`transform`"),
    ({"defaultTest": {"assert": [{"type": "llm-rubric", "value": "a", "rubricPrompt": "b"}]}}, "`rubricPrompt`"),
    ({"defaultTest": {"assert": [{"type": "regex", "value": "("}]}}, "`regex`"),
    ({"defaultTest": {"options": {"transform": "output"}}}, "`options.transform`"),
    ({"defaultTest": {"assert": [{"type": "assert-set", "threshold": 0.5, "assert": []}]}}, "`assert-set`"),
    ({"tests": [{"vars": {"question": "a"}, "threshold": 0.5}]}, "`threshold`"),
    ({"tests": [{"vars": {"question": "a"}, "assert": [{"type": "is-json"}]}]}, "`is-json`"),
    ({"tests": [{"vars": "vars.csv"}]}, "variables in a file"),
    ({"defaultTest": {"provider": "openai:gpt-4.1"}}, "`provider`"),
    ({"defaultTest": {"threshold": 2}}, "`threshold`"),
    ({"defaultTest": {"assertScoringFunction": "file://s.js"}}, "`assertScoringFunction`"),
    ({"defaultTest": {"assert": [{"type": "equals", "value": "file://x.js"}]}}, "`file://x.js`"),
    ({"defaultTest": {"assert": [{"type": "equals", "value": "package:x:y"}]}}, "`package:x:y`"),
    ({"defaultTest": {"assert": [{"type": "contains-all", "value": ["file://x.txt"]}]}}, "`file://x.txt`"),
    ({"defaultTest": {"assert": [{"type": "equals", "value": {"a": "{{b}}"}}]}}, "a mapping with templates"),
    ({"defaultTest": {"assert": [{"type": "python", "value": "file://x.py:f"}]}}, "`python`"),
    ({"tests": [{"vars": {"question": "a"}, "options": {"storeOutputAs": "b"}}]}, "`options.storeOutputAs`"),
    ({"tests": [{"vars": {"question": "a"}, "options": {"suffix": "b"}}]}, "`options.suffix`"),
    ({"tests": [{"vars": {"question": "a"}, "providerOutput": "b"}]}, "`providerOutput`"),
    ({"tests": [{"vars": {"question": "a"}, "novel": 1}]}, "`novel`"),
    ({"prompts": ["langfuse://x", "{{question}}"]}, "`langfuse://x`"),
]


@pytest.mark.parametrize(("changes", "named"), LEFT, ids=[named for _, named in LEFT])
def test_nothing_is_dropped_silently(tmp_path: Path, changes: dict[str, Any], named: str) -> None:
    """It is named in the draft too, and a key that stands in the file is never copied."""
    made = taken(tmp_path, **changes)
    assert any(named in line for line in made.left)
    assert named in made.given.alone()
    assert "sk-a1B2" not in made.given.alone() + "".join(made.left)


@pytest.mark.parametrize("text", ["tiers: []\n", "- a\n", "prompts: [a]\n"])
def test_what_is_no_configuration_of_promptfoo_is_refused(tmp_path: Path, text: str) -> None:
    """Another file, and one that says nothing of use."""
    path = tmp_path / "promptfooconfig.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(AuditError, match="promptfoo"):
        from_promptfoo(path)


def test_a_gold_set_has_its_own_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """With a log: the tests' prompts are found in it, and the plan counts what they know of its answers."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(record(i)) + "\n" for i in range(120)), "utf-8")
    rows = [{"vars": {"n": i}, "assert": [{"type": "equals", "value": str(2 * i + (i == 3))}]} for i in range(30)]
    config = {
        "prompts": ["What is {{n}} plus {{n}}?"],
        "providers": [{"id": "openai:chat:acme-1", "config": {"apiBaseUrl": "http://127.0.0.1:9/v1", "cost": 1e-7}}],
        "defaultTest": {"assert": [{"type": "regex", "value": r"^\d+$"}]},
        "tests": rows,
    }
    (tmp_path / "promptfooconfig.yaml").write_text(yaml.safe_dump(config), "utf-8")
    assert run(["init", "log.jsonl", "--from", "promptfooconfig.yaml"]) == 0
    assert "30 of 30 prompts of its tests are in this log" in (tmp_path / "audit.yaml").read_text("utf-8")
    assert run(["plan", "log.jsonl", "-o", "plan.json"]) == 0
    (design,) = read_plan(tmp_path / "plan.json").designs
    assert design.criteria is not None
    gold = design.criteria.gold
    assert gold is not None
    assert (gold.requests, gold.accepted) == (30, 29)
    assert gold.words in " ".join(capsys.readouterr().out.split())


def test_the_page_says_what_is_taken_over() -> None:
    """`docs/promptfoo.md` names the option."""
    (page,) = (path for path in PAGES if path.name == "promptfoo.md")
    assert "audit init --from promptfooconfig.yaml" in page.read_text("utf-8")
