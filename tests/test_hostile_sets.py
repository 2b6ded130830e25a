"""Patterns, schemas, XML and YAML that were made to hold a program up: each is dealt with at once, or refused.

What counts is the processor time of this process, so that a busy machine changes nothing.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from audit.core.errors import AuditError
from audit.core.exchange import Completion, Request
from audit.core.settings import CriterionSettings
from audit.documents import read_document
from audit.jsonschemas import compile_schema
from audit.patterns import TooSlow, compile_pattern
from audit.scoring.context import Context
from audit.scoring.criteria import build_criterion

AT_ONCE_S = 1.0
AT_LEAST = 40
EVERY = 8
"""Of a set, each so many are tried in the quick run; the others in the slow one."""

PATTERNS = [
    *(form.format(x) for form, x in product(
        ["({0}+)+$", "({0}*)*!", "({0}|{0})+$", "^({0}?){{25}}{0}{{25}}$", "(?:{0}+){{2,}}!", "^({0}+,?)+;$"],
        ["a", r"\w", "[ab]", "(?:a|ab)", ".", "(?:a|a?)", r"[^\d]"],
    )),
    r"(?=(a+)+$)b", r"(?!(a|aa)+$)^a", r"(a+)+\1$", r"^(?:(?=a)a+)+$", r"(?<=(a))(a|aa)+$",
]  # fmt: skip
LONG = ["a" * 4_000 + "!x", "ab" * 2_000 + "\n", "a," * 2_000]


def schemas() -> Iterator[tuple[Any, Any]]:
    """Schemas, and an instance that each is hard on."""
    for pattern in PATTERNS[:20]:
        yield {"type": "string", "pattern": pattern}, "a" * 4_000 + "!"
    deep: Any = {"type": "object"}
    for _ in range(3_000):
        deep = {"allOf": [deep]}
    yield deep, {}
    yield {"$ref": "#"}, 1
    yield {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}, 1
    yield {"$ref": "https://tier.example/schema.json"}, 1
    yield {"$ref": "file:///etc/passwd"}, 1
    yield {"$schema": "https://tier.example/meta", "type": "object"}, {}
    yield {"uniqueItems": True}, [{"a": i} for i in range(20_000)]
    yield {"enum": list(range(50_000))}, -1
    yield {"patternProperties": {"^(a+)+$": {"type": "string"}}}, {"a" * 3_000 + "!": 1}
    yield {"properties": {f"p{i}": {"type": "string"} for i in range(5_000)}}, {f"p{i}": 1 for i in range(5_000)}
    yield {"anyOf": [{"const": i} for i in range(5_000)]}, "x"
    yield {"oneOf": [{"type": "string"}] * 500}, "x"
    yield {"items": {"$ref": "#"}, "type": "array"}, [[[[[]]]]] * 2_000
    yield {"multipleOf": 1e-300}, 1e300
    yield {"minLength": 2**70}, "x"
    yield {"maxItems": -1}, []
    yield {"type": ["string"] * 5_000}, 1
    yield {"dependentRequired": {f"p{i}": [f"p{i + 1}"] for i in range(3_000)}}, {"p0": 1}
    yield {"if": {"$ref": "#"}, "then": {"$ref": "#"}}, {}
    yield {"contains": {"pattern": "(a+)+$"}}, ["a" * 3_000 + "!"] * 20


def documents() -> Iterator[str]:
    """XML and HTML."""
    for letters, levels in product(["lol", "a" * 100], [3, 9, 20]):
        entities = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else letters}">' for i in range(levels))
        yield f"<!DOCTYPE r [{entities}]><r>&e{levels - 1};</r>"
    yield f'<!DOCTYPE r [<!ENTITY a "{"a" * 50_000}">]><r>{"&a;" * 5_000}</r>'
    for where in ("file:///etc/passwd", "file:///dev/random", "http://tier.example/x", "jar:file:///x!/y"):
        yield f'<!DOCTYPE r [<!ENTITY x SYSTEM "{where}">]><r>&x;</r>'
        yield f'<!DOCTYPE r SYSTEM "{where}"><r/>'
        yield f'<!DOCTYPE r [<!ENTITY % p SYSTEM "{where}"> %p;]><r/>'
    for deep in (100, 5_000, 100_000):
        yield "<a>" * deep + "</a>" * deep
        yield "<a>" * deep
        yield "<" * deep
    yield "<r " + " ".join(f'a{i}="1"' for i in range(20_000)) + "/>"
    yield "<r " + 'a="1" ' * 5_000 + "/>"
    yield f"<{'n' * 200_000}/>"
    yield f"<r>{'<![CDATA[' * 5_000}"
    yield f"<r>{'<!--' * 20_000}"
    yield f"<r>{'<?p ' * 20_000}"
    yield f"<r>{'&amp;' * 50_000}</r>"
    yield f"<r>{'&' * 50_000}</r>"
    yield f"<r>{'&#x41;' * 20_000}</r>"
    yield "".join(f"<n{i} xmlns:p{i}='u{i}'>" for i in range(3_000))
    yield "<?xml version='1.0' encoding='utf-7'?><r>+ADw-</r>"
    yield "<?xml version='1.0' encoding='" + "x" * 10_000 + "'?><r/>"
    yield "\x00<r/>"
    yield "<r>" + "]]>" * 20_000 + "</r>"


def files() -> Iterator[str]:
    """YAML."""
    for width, levels in product([2, 9], [5, 9, 30]):
        lines = [f"a0: &a0 [{', '.join(['x'] * width)}]"]
        lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
        yield "\n".join(lines)
        merges = ["m0: &m0 {k0: 1}"]
        merges += [f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * width)}], k{n}: 1}}" for n in range(1, levels)]
        yield "\n".join(merges)
    yield "a: &a [*a]"
    yield "a: &a {b: *a}"
    yield "a: &a {<<: *a}"
    for opening, closing in (("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", "")):
        yield opening * 4_000 + closing * 4_000
        yield opening * 300 + "x" + closing * 300
    for tag in ("python/object/apply:os.system [id]", "python/name:os.system", "python/module:os", "binary |\n  AAAA"):
        yield f"a: !!{tag}"
    yield "a: !!int " + "9" * 20_000
    yield "a: 0x" + "f" * 20_000
    yield "a: " + ":".join(["59"] * 2_000)
    yield "a: 1" + "_0" * 20_000
    yield "a: 1e" + "9" * 5_000
    yield "a: .inf\nb: .nan"
    yield "a: 2026-99-99T99:99:99Z"
    yield "\n".join(f"k{i}: 1" for i in range(2_000))
    yield "\n".join(["k: 1"] * 2_000)
    yield "a: " + '"' + "\\u0041" * 20_000 + '"'
    yield "a: |\n" + "  x\n" * 50_000
    yield "---\n" * 2_000
    yield "%TAG ! tag:x,2026:\n" * 2_000
    yield "a: " + "!" * 20_000
    yield "a: &" + "x" * 20_000 + " 1"
    yield "\t" * 5_000 + "a: 1"
    yield "a: 'x" * 2_000
    yield "? " + "x" * 5_000


def costs(work: Callable[[], object]) -> float:
    """Processor seconds; a refusal is an answer too."""
    began = time.process_time()
    with contextlib.suppress(AuditError, ValueError, TooSlow):
        work()
    return time.process_time() - began


def check(works: list[Callable[[], object]], every: int) -> None:
    """Each of a set, or some, at once."""
    assert len(works) >= AT_LEAST
    slow = [number for number, work in enumerate(works) if number % every == 0 and costs(work) > AT_ONCE_S]
    # A machine that is busy makes processor time dearer too.
    assert [number for number in slow if min(costs(works[number]) for _ in range(3)) > AT_ONCE_S] == []


def searching() -> list[Callable[[], object]]:
    """Each of the set, to be done."""
    return [lambda p=p, t=t: compile_pattern(p).search(t) for p in PATTERNS for t in LONG]


def validating() -> list[Callable[[], object]]:
    """Each of the set, to be done."""
    return [lambda s=schema, v=value: compile_schema(s)(v) for schema, value in schemas()]


def parsing() -> list[Callable[[], object]]:
    """Each of the set, to be done."""
    kinds = [build_criterion(CriterionSettings(type=kind), Path()) for kind in ("is-xml", "is-html")]
    request = Request(request_fp="x", messages=())
    seen = [Context(request=request, completion=Completion(text=text)) for text in documents()]
    return [lambda k=kind, c=context: k.score([c]) for context in seen for kind in kinds]


def reading(folder: Path) -> list[Callable[[], object]]:
    """Each of the set, to be done."""
    made = []
    for number, text in enumerate(files()):
        file = folder / f"{number}.yaml"
        file.write_text(text, "utf-8")
        made.append(lambda file=file: read_document(file).values)
    return made


SETS = ("patterns", "schemas", "XML and HTML", "YAML")


def of(name: str, folder: Path) -> list[Callable[[], object]]:
    """A set by its name."""
    return [searching, validating, parsing, lambda: reading(folder)][SETS.index(name)]()


@pytest.mark.parametrize("name", SETS)
def test_some_of_each_set_are_dealt_with_at_once(name: str, tmp_path: Path) -> None:
    """One in eight."""
    check(of(name, tmp_path), EVERY)


@pytest.mark.slow
@pytest.mark.parametrize("name", SETS)
def test_each_of_a_set_is_dealt_with_at_once(name: str, tmp_path: Path) -> None:
    """All of them."""
    check(of(name, tmp_path), 1)
