"""What a scan finds, and what the code around a literal says about it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

SCHEMA = "audit-scan/1"


class FileKind(StrEnum):
    """How the literal stands in the code."""

    ARGUMENT = "argument"
    DEFAULT = "default"
    ASSIGNMENT = "assignment"
    VALUE = "value"
    RETURN = "return"
    ITEM = "item"
    OPTION = "option"
    EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """A string of the source where a value stands, before anybody knows whether it names a model.

    Attributes:
        text: Its value; of a composed one the constant beginning.
        line: From 1.
        column: From 1, in characters; where the literal begins.
        kind: How it stands; None where no value goes on: a key, a comparison, an annotation, a log line.
        composed: The value goes on at run time: an f-string, a template.
        function: Qualified name of what encloses it: `Triage.answer`; "" at the top of a file.
        callee: What is called with it, as written: `client.chat.completions.create`.
        keyword: Argument, variable or key that gets it; in data the whole key path.
        group: Number of the list that it is an item of, or None.
    """

    text: str
    line: int
    column: int
    kind: FileKind | None
    composed: bool = False
    function: str = ""
    callee: str = ""
    keyword: str = ""
    group: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelyRoute:
    """A route that a call site probably serves, and why that is thought."""

    route: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A hard-coded model name.

    Attributes:
        file: As a person would name it from where the scan was started.
        line: From 1.
        column: From 1, in characters.
        literal: As written.
        model: Without provider, region and snapshot.
        known: The price catalogue or the log has the model; else only its family is known.
        kind: How the literal stands.
        language: Of the file.
        function: Qualified name of what encloses it; "" at the top of a file.
        callee: What is called with it; "" outside a call.
        keyword: Argument, variable, key or key path that gets it; "" where there is none.
        in_test: The file is a test or a fixture.
        route: The route that it likely serves; None without a run or without a reason.
        spend_usd: Billed for the model in the run, on every route; hits of one model share it. None without a run.
        route_spend_usd: The part of it on the likely route; None without one.
        suggestion: What could stand there instead.
    """

    file: str
    line: int
    column: int
    literal: str
    model: str
    known: bool
    kind: FileKind
    language: str
    function: str
    callee: str
    keyword: str
    in_test: bool
    route: LikelyRoute | None = None
    spend_usd: float | None = None
    route_spend_usd: float | None = None
    suggestion: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUse:
    """A model that the code names.

    Attributes:
        model: Its name.
        hits: Outside tests.
        test_hits: In tests.
        files: With a hit.
        spend_usd: Billed for it in the run, once for all hits; None without a run, 0 when the run does not have it.
        requests: In the run; None without one.
        routes: Of the run, largest spend first.
    """

    model: str
    hits: int
    test_hits: int
    files: int
    spend_usd: float | None
    requests: int | None
    routes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueFile:
    """A file that lists models, a price table for example; no call is made there, so its names are no hits."""

    file: str
    models: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What a scan found, as `audit scan --json` prints it.

    Attributes:
        files: Looked at.
        read_bytes: Of them.
        hits: By file and line; outside tests.
        test_hits: The same in tests and fixtures.
        models: Largest spend first, then most hits.
        mentions: Known names where no value is passed on: keys, comparisons, annotations, lists of many models.
        catalogues: Files that list models.
        muted: Hits that an `audit: ignore` comment takes out.
        skipped: Files not looked at, by reason; folders that are vendored, ignored or a link count as one.
        irregular: Files that were looked at all the same: not UTF-8, or Python that does not parse.
        demo: The run is the demo's; its dollars are nobody's.
        run_id: Of the run behind the dollars; None without one.
        spend_usd: Billed in the run for the models that hits name, each once; None without a run.
        run_spend_usd: Billed in the run.
    """

    files: int
    read_bytes: int
    hits: tuple[Hit, ...]
    test_hits: tuple[Hit, ...]
    models: tuple[ModelUse, ...]
    mentions: int
    catalogues: tuple[CatalogueFile, ...]
    muted: int
    skipped: dict[str, int]
    irregular: dict[str, int]
    demo: bool = False
    run_id: str | None = None
    spend_usd: float | None = None
    run_spend_usd: float | None = None
    schema: str = SCHEMA


_MODEL = frozenset({"model", "models", "engine", "deployment", "deployments", "llm", "llms"})
_ABOUT = frozenset("alias default fallback fallbacks id ids key name names primary ref slug string".split())  # noqa: SIM905
_OTHER = frozenset("car data database db domain game orm phone search template theme view".split())  # noqa: SIM905
_VENDORS = frozenset(
    "anthropic azure azureopenai bedrock cohere google groq mistral ollama openai openrouter vertex xai".split()  # noqa: SIM905
)
_PROSE = frozenset(
    """
    architecture arch caption class comment content css description doc docs enum example examples expected families
    family heading help href icon label message msg note path pattern patterns placeholder prefix prefixes prompt regex
    suffix suffixes summary tag tags test text title tokenizer tooltip type types url
    """.split()  # noqa: SIM905
)
"""Last words of what holds text for people, a part of a name to compare with, or a kind of model."""
_ASKS = frozenset(
    """
    add compile contains containskey delete endswith ends_with equal equals equalsignorecase find format frozenset
    frozensetof getlogger has hasattr hashset hashsetof hasprefix has_prefix hassuffix include includes index indexof
    join lstrip match matches remove replace replaceall require removeprefix removesuffix rstrip search set setof skip
    split sprintf start_with startswith starts_with strip sub typevar
    """.split()  # noqa: SIM905
)
"""Calls that compare with what they are given, or look it up; no model is asked through them."""
_NEVER = frozenset(
    """
    assert assertequal assert_eq critical debug describe discard echo encoding_for_model error exception expect fail
    fatal fatalf info it log panic parametrize print printf println raise ratio test tobe toequal tohaveproperty trace
    warn warning write
    """.split()  # noqa: SIM905
)
"""Calls that log, test or count; nor through an argument that is called `model`."""
_COUNTS = frozenset("cost docstring encoding price supports tokenizer tokens".split())  # noqa: SIM905
_PROPERTY = frozenset(
    "families known markers prefixes rejecting supported supporting unsupported with without".split()  # noqa: SIM905
)
"""Words of a list that models are looked up in; none of them is asked through it."""
_LOOKUPS = frozenset("get getattr getenv getordefault fetch pop setdefault".split())  # noqa: SIM905


@lru_cache(maxsize=16384)
def words(identifier: str) -> tuple[str, ...]:
    """Lower-case words of an identifier or a path: `defaultModelName` is default, model, name."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", identifier)
    return tuple(word.casefold() for word in re.findall(r"[^\W_]+", spaced))


@lru_cache(maxsize=16384)
def says_model(identifier: str) -> bool:
    """Whether a variable, a key, a flag or an argument is one that holds a model's name."""
    parts = words(identifier)
    if not parts or _OTHER & set(parts):
        return False
    if parts[-1] in _MODEL or (parts[0] == "model" and parts[-1] in _ABOUT | {"fast", "small", "large", "cheap"}):
        return True
    return len(parts) > 1 and parts[-1] in _ABOUT and parts[-2] in _MODEL


def calls_model(callee: str) -> bool:
    """Whether a call takes a model's name by position: `getGenerativeModel(...)`, `openai(...)`."""
    last = re.split(r"\.|::|->", callee)[-1]
    return says_model(last) or last.casefold() in _VENDORS


def only_asks(callee: str, *, position: int | None = None) -> bool:
    """Whether a call compares, looks up, counts, logs or tests what it is given.

    Args:
        position: Of the argument, from 0; a look-up's second one is a default, which is passed on. None: by name.
    """
    last = re.split(r"\.|::|->", callee)[-1].rstrip("!")
    name = last.casefold()
    if name in _NEVER or _COUNTS & set(words(last)) or name == "token_counter":
        return True
    if position is None:
        return False
    return name in _ASKS or (name in _LOOKUPS and position == 0)


def is_prose(identifier: str) -> bool:
    """Whether what is called so is text for people, or no model's place."""
    parts = words(identifier)
    return bool(parts) and parts[-1] in _PROSE


@lru_cache(maxsize=16384)
def is_property(identifier: str) -> bool:
    """Whether a list that is called so says something of the models in it: `UNSUPPORTED_MODELS`, `SERIES_MARKERS`."""
    return not _PROPERTY.isdisjoint(words(identifier))


def in_context(literal: Literal, enclosing: Sequence[str] = ()) -> bool:
    """Whether the code around a literal says that it names a model."""
    names = [literal.keyword.rsplit(".", 1)[-1].split("[")[0], *literal.keyword.split(".")[-2:-1], *enclosing]
    return any(map(says_model, filter(None, names))) or (not literal.keyword and calls_model(literal.callee))
