"""A path in a template is walked and gives what the compiled template gives: the value, its type, or the error."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.exchange import Completion, Request
from audit.scoring.context import Context
from audit.scoring.expected import templates
from audit.scoring.expected.templates import Absent, UnusableTemplate, compile_value

PATHS = [
    "incumbent.text", "incumbent.json", "incumbent.json.total", "incumbent.json['total']", "incumbent.json.lines[0]",
    "incumbent.json.lines[-1].sku", "incumbent.json.lines[9]", "incumbent.json.none", "incumbent.json.absent",
    "incumbent.json.absent.deeper", "incumbent.json.items", "incumbent.json['items']", "incumbent.json.keys",
    "incumbent.json.lines.append", "incumbent.json.lines['append']", "incumbent.json.total.real",
    "incumbent.tool_calls", "incumbent.tool_calls[0]", "incumbent.finish_reason", "incumbent.nothing",
    "incumbent._completion", "incumbent['_completion']", "incumbent.__class__", "incumbent.text.__class__.__mro__",
    "incumbent.text.upper", "incumbent.text[0]", "incumbent.text.format",
    "reference", "reference.total", "reference['total']", "reference.none", "reference.absent", "reference[0]",
    "metadata.team", "metadata['the team']", "metadata.absent", "metadata.items", "metadata.get", "metadata['get']",
    "request.messages", "request.messages[0].content", "request.params.temperature", "request.request_fp",
    "request.absent", "request.params['__class__']",
]  # fmt: skip
JSON = '{"total": 5, "lines": [{"sku": "a"}, {"sku": "b"}], "none": null, "items": "three"}'
CONTEXTS = [
    Context(
        request=Request(request_fp="f", messages=[{"role": "user", "content": "hi"}], params={"temperature": 0}),
        completion=Completion(text="x"),
        reference=reference,
        incumbent=incumbent,
        metadata=metadata,
    )
    for reference, incumbent, metadata in [
        (JSON, Completion(text=JSON, finish_reason="stop"), {"team": "one", "the team": "two", "get": "three"}),
        ({"total": 5, "none": None}, Completion(text="no JSON"), {}),
        ([1, 2], Completion(text=None), {"team": ""}),
        ("plain", Completion(text='{"total": 1, "total": 2}'), {"items": "a"}),
        (None, None, {}),
        (0, Completion(text=""), {}),
    ]
]


def outcome(value: str, context: Context) -> tuple[str, Any]:
    """The value with its type, or the error with its words."""
    template = compile_value(value)
    assert template is not None
    try:
        found = template.fill(context)
    except (Absent, UnusableTemplate) as error:
        return type(error).__name__, str(error)
    return type(found).__name__, repr(found).partition(" at 0x")[0]


@pytest.mark.parametrize("path", PATHS)
def test_a_walked_path_is_the_compiled_one(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """For every context: whatever the log lacks, and whatever a path tries to reach."""
    for text in (f"{{{{{path}}}}}", f"  {{{{ {path} }}}}\n", f"{{{{-{path}-}}}}"):
        walked = [outcome(text, context) for context in CONTEXTS]
        with monkeypatch.context() as compiled:
            compiled.setattr(templates, "_walk", lambda _: None)
            assert [outcome(text, context) for context in CONTEXTS] == walked


@pytest.mark.parametrize("path", [path for path in PATHS if "__" not in path])
def test_paths_are_walked(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """None of them makes a template's context for every answer, which takes ten times as long."""

    def compiled(*_: Any, **__: Any) -> Any:
        raise AssertionError("was compiled")

    monkeypatch.setattr(templates._ENVIRONMENT, "compile_expression", compiled)
    compile_value(f"{{{{{path}}}}}")


@pytest.mark.parametrize(
    "value",
    ["{{incumbent.text|upper}}", "{{reference.total + 1}}", "{{incumbent.json.lines[0:1]}}", "{{metadata[reference]}}"],
)
def test_what_is_no_path_is_compiled(value: str) -> None:
    """Filters, arithmetic, slices and computed keys work as they did."""
    assert outcome(value, CONTEXTS[0])[0] in ("str", "int", "list", "Absent")
