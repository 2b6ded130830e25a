"""Templates in a criterion's `value`: `{{reference.total}}`, `{{incumbent.json.id}}`, `{{metadata.team}}`.

Jinja2's sandbox, every undefined name an error. A value that is one expression and nothing else keeps its type, so that
`"{{reference}}"` can be a list. The template is the user's; untrusted text is only ever its data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jinja2 import StrictUndefined, TemplateError, Undefined, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from audit.core.errors import nearest
from audit.scoring.texts.json_values import first_json, json_text, parse_json, says_two_things

if TYPE_CHECKING:
    from audit.core.exchange import Completion
    from audit.scoring.context import Context

ROOTS = ("reference", "incumbent", "request", "metadata")

WHOLE = {
    "incumbent": "`{{incumbent.text}}`, `{{incumbent.json.FIELD}}` or `{{incumbent.tool_calls}}`",
    "request": "`{{request.FIELD}}`",
    "metadata": "`{{metadata.KEY}}`",
}
"""Roots that hold values and are none, with what to write instead."""

_ONE_EXPRESSION = re.compile(r"\s*\{\{[-+]?((?:(?!\{\{|\}\}|\{%).)*?)-?\}\}\s*", re.DOTALL)
"""The signs at its ends are Jinja's for the white space around it."""
_ENVIRONMENT = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
_PLAIN_NODES = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Const)
_EXACT_INTEGER = 2**53
"""Beyond it JavaScript has no integer of its own."""
_LEAST = 1e-4
"""Below it Python and JavaScript write numbers differently."""


class Absent(Exception):
    """The exchange lacks what the criterion compares with: the criterion does not apply to it."""


class UnusableTemplate(Exception):
    """What the criterion compares with is there and cannot be used: the measurement failed."""


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled value: the names that it uses, and a function that fills it for one exchange."""

    roots: frozenset[str]
    fill: Callable[[Context], Any]


class _Metadata(dict[str, str]):
    """Metadata whose missing keys make the criterion inapplicable: logs carry them for some calls only."""

    def __missing__(self, key: str) -> str:
        raise Absent(f"the log has no metadata `{key}` for this call")


class _Incumbent:
    """The incumbent's completion as templates see it."""

    def __init__(self, completion: Completion) -> None:
        self._completion = completion

    @property
    def tool_calls(self) -> list[Any]:
        return list(self._completion.tool_calls)

    @property
    def finish_reason(self) -> Any:
        return self._completion.finish_reason

    @property
    def text(self) -> str:
        if self._completion.text is None:
            raise Absent("the incumbent's completion has no text")
        return self._completion.text

    @property
    def json(self) -> Any:
        if says_two_things(self.text):
            raise UnusableTemplate("the incumbent's completion gives two values to one key of its JSON")
        found = first_json(self.text)
        if found is None:
            raise Absent("the incumbent's completion holds no JSON")
        return found.value


def compile_value(value: Any) -> Template | None:
    """Compile what stands in `value`; None when there is no template in it.

    Raises:
        ValueError: It is not a template that can work; the message says why.
    """
    if isinstance(value, str):
        return _compile_text(value) if "{{" in value or "{%" in value else None
    if isinstance(value, Mapping):
        parts = {key: compile_value(item) for key, item in value.items()}
        if not any(parts.values()):
            return None
        return Template(_roots(parts.values()), lambda context: {k: _part(parts[k], value[k], context) for k in value})
    if isinstance(value, list | tuple):
        items = [compile_value(item) for item in value]
        if not any(items):
            return None
        pairs = list(zip(items, value, strict=True))
        return Template(_roots(items), lambda context: [_part(part, item, context) for part, item in pairs])
    return None


def filled_text(text: str, variables: Mapping[str, Any]) -> str:
    """A text with the variables of somebody else's templates filled in, as Nunjucks does: `true` for a boolean, nothing
    for null and for what is not given, `1` for 1.0.

    Raises:
        ValueError: It is no template, one that cannot be filled, or one that does more with what is no text than
            write it, in which the two languages differ.
    """
    try:
        tree = _FOREIGN.parse(text)
        simple = all(isinstance(node, _PLAIN_NODES) for node in (tree, *tree.find_all(nodes.Node)))
        used = meta.find_undeclared_variables(tree)
        if not simple and not all(isinstance(variables.get(name, ""), str) for name in used):
            raise ValueError("is a template that works on values that are no text")
        return _FOREIGN.from_string(text).render(**variables)
    except TemplateError as error:
        raise ValueError(f"is not a template: {error.message}") from None


def _as_nunjucks(value: Any) -> Any:
    """What Nunjucks writes for a value.

    Raises:
        ValueError: A mapping, which it would write as `[object Object]`, or a number that JavaScript cannot hold or
            writes otherwise.
    """
    if isinstance(value, list | tuple):
        return ",".join(str(_as_nunjucks(item)) for item in value)
    odd = isinstance(value, int | float) and not (value == 0 or _LEAST <= abs(value) < _EXACT_INTEGER)
    if odd or isinstance(value, Mapping):
        raise ValueError("writes a value that is no text")
    if value is None:
        return ""
    return json_text(value) if isinstance(value, bool | int | float) else value


_FOREIGN = ImmutableSandboxedEnvironment(autoescape=False, keep_trailing_newline=True, finalize=_as_nunjucks)


def constants_beside(value: Any) -> list[str]:
    """The constant texts of a list in which other texts are templates, in YAML or between commas."""
    items = value.split(",") if isinstance(value, str) else value if isinstance(value, list | tuple) else []
    texts = [str(item).strip() for item in items if isinstance(item, str | int | float)]
    return [text for text in texts if text and not any(mark in text for mark in ("{{", "{%", "}}", "%}"))]


def _roots(parts: Any) -> frozenset[str]:
    return frozenset().union(*(part.roots for part in parts if part is not None))


def _part(template: Template | None, value: Any, context: Context) -> Any:
    return value if template is None else template.fill(context)


def _compile_text(text: str) -> Template:
    try:
        tree = _ENVIRONMENT.parse(text)
    except TemplateError as error:
        raise ValueError(f"is not a template: {error.message}") from None
    roots = meta.find_undeclared_variables(tree)
    for name in sorted(roots - set(ROOTS)):
        near = nearest(name, ROOTS)
        raise ValueError(
            f"uses `{name}`, which is not one of {', '.join(ROOTS)}" + (f"; did you mean `{near}`?" if near else "")
        )
    for node in tree.find_all(nodes.Output):
        for part in node.nodes:
            if isinstance(part, nodes.Name) and part.name in WHOLE:
                raise ValueError(f"`{{{{{part.name}}}}}` is no value; write {WHOLE[part.name]}")
    inner = _ONE_EXPRESSION.fullmatch(text)
    if inner is not None and (read := READ_DIRECTLY.get(inner.group(1).strip())) is not None:
        return Template(frozenset(roots), read)
    render = _expression(inner.group(1)) if inner is not None else _ENVIRONMENT.from_string(text).render
    return Template(frozenset(roots), _filler(render, roots, structured=_reaches_into_reference(tree)))


def reference_of(context: Context) -> Any:
    """The reference as it is.

    Raises:
        Absent: This exchange has none.
    """
    if context.reference is None:
        raise Absent("there is no reference for this prompt")
    return context.reference


def _incumbent_text(context: Context) -> str:
    return _incumbent_of(context).text


def _incumbent_of(context: Context) -> _Incumbent:
    if context.incumbent is None:
        raise Absent("there is no completion of the incumbent")
    return _Incumbent(context.incumbent)


READ_DIRECTLY: Mapping[str, Callable[[Context], Any]] = {"reference": reference_of, "incumbent.text": _incumbent_text}
"""The expressions that nearly all criteria use, without a template: the sandbox asks of every name that an answer is
read by whether it is safe, and takes several times as long as to compare the answer."""


def _expression(source: str) -> Callable[..., Any]:
    evaluate = _walk(source) or _ENVIRONMENT.compile_expression(source, undefined_to_none=False)

    def value_of(**names: Any) -> Any:
        value = evaluate(**names)
        if isinstance(value, Undefined):
            str(value)  # StrictUndefined raises UndefinedError, which names what is missing
        if value is None and "reference" in names:
            raise Absent("the reference of this prompt leaves it open")
        return value

    return value_of


def _walk(source: str) -> Callable[..., Any] | None:
    """A path into one root, such as `incumbent.json.lines[0]`, walked by the environment's own steps; None for anything
    else. What a compiled template would do, without making it a context for every answer: a tenth of the time.
    """
    found = _ENVIRONMENT.parse(f"{{{{{source}}}}}").find(nodes.Output)
    if found is None or len(found.nodes) != 1:
        return None
    node = found.nodes[0]
    steps: list[tuple[Callable[[Any, Any], Any], Any]] = []
    while not isinstance(node, nodes.Name):
        if isinstance(node, nodes.Getattr):
            steps.append((_ENVIRONMENT.getattr, node.attr))
        elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const | nodes.Neg):
            try:
                steps.append((_ENVIRONMENT.getitem, node.arg.as_const()))
            except nodes.Impossible:
                return None
        else:
            return None
        node = node.node
    root = node.name
    steps.reverse()

    def walked(**names: Any) -> Any:
        value = names[root]
        for step, key in steps:
            value = step(value, key)
        return value

    return walked


def _reaches_into_reference(tree: nodes.Template) -> bool:
    """Whether the template reads a field of the reference, so that a reference in JSON text must be parsed."""
    reached: list[nodes.Getattr | nodes.Getitem] = [*tree.find_all(nodes.Getattr), *tree.find_all(nodes.Getitem)]
    return any(
        isinstance(owner, nodes.Name) and owner.name == "reference" for owner in (found.node for found in reached)
    )


def _filler(render: Callable[..., Any], roots: set[str], *, structured: bool) -> Callable[[Context], Any]:
    def names_of(context: Context) -> dict[str, Any]:
        names: dict[str, Any] = {}
        if "reference" in roots:
            reference = reference_of(context)
            names["reference"] = parsed_reference(reference) if structured else reference
        if "incumbent" in roots:
            names["incumbent"] = _incumbent_of(context)
        if "request" in roots:
            names["request"] = context.request
        if "metadata" in roots:
            names["metadata"] = _Metadata(context.metadata)
        return names

    def fill(context: Context) -> Any:
        try:
            return render(**names_of(context))
        except TemplateError as error:
            # Jinja's messages name attributes and types, never values.
            raise UnusableTemplate(f"the template in `value` cannot be filled: {error.message}") from None

    return fill


def parsed_reference(reference: Any) -> Any:
    """A reference that is the JSON text of an object or a list as that value; any other as it is."""
    if isinstance(reference, str) and reference.lstrip()[:1] in ("{", "["):
        try:
            return parse_json(reference, comparing=True)
        except ValueError:
            return reference
    return reference
