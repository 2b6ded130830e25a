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
from audit.flow.promptfoo.draft import FromPromptfoo, from_promptfoo
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
