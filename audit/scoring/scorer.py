"""The contract between a criterion and the scorer that measures it.

A scorer is built once from its options and then called for each completion; what it needs to know is in the `Context`,
what it says is an `Outcome`. It is a pure function: no clock, no chance, no network. What a judge has to be asked is
asked by others before; its replies are among the options.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Any, TypeVar

from audit.core.errors import ConfigError, nearest
from audit.core.outcome import Errored, NotApplicable, Outcome, Scored
from audit.embeddings import Embedder
from audit.patterns import TooSlow
from audit.scoring.context import Context
from audit.scoring.expected.templates import Absent, UnusableTemplate, compile_value, constants_beside
from audit.scoring.judges.check import NO_REPLIES, Ask, JudgedCheck, Read, Replies, Settles
from audit.scoring.texts.json_values import json_text, nfc

T = TypeVar("T")

SHOWN_CHARS = 300

Check = Callable[[Context], Outcome]
"""Scores one completion."""

Expected = Callable[[Context], T]
"""What a completion is compared with. Raises `Absent` or `UnusableTemplate` where there is no such value."""


@dataclass(frozen=True, slots=True)
class BatchCheck:
    """A check that is cheaper for many completions at once. The outcomes do not depend on who else is in the batch."""

    score_many: Callable[[Sequence[Context]], Sequence[Outcome]]

    def __call__(self, context: Context) -> Outcome:
        """Score one completion alone."""
        return self.score_many([context])[0]


def no_embedder() -> Embedder:
    """Stands where no embedder was given: a criterion that needs one errors."""
    raise UnusableTemplate("no embedding model was opened")


class Constant(Enum):
    """What a `value` that is the same for every request asks of an answer."""

    DEMAND = auto()
    """To say it: one text, or all of several."""

    CHOICE = auto()
    """To say one of several; which of them is right is not asked. Of one, it is a demand."""

    PROPERTY = auto()
    """Nothing that it says: a length, the way it ended."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A constant that a criterion accepts beside other values, whatever was asked.

    Attributes:
        value: The constant.
        argument: Of a tool call, where it is no whole answer.
    """

    value: Any
    argument: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a criterion says beside its type, with readers that refuse what the scorer cannot use.

    Attributes:
        where: How the criterion is called in an error message.
        value: As written, with `file://` read.
        notes: Filled by scorers with sentences for the report.
        reads: Filled with the parts of the context that the templates use.
        demands: Filled with the constant texts that every acceptable answer must say.
        alternatives: Filled with constants that are accepted beside other values.
        leaves_open: Filled with what the criterion lets differ between an answer and its value, in words.
        judges: Names of the tiers that judge.
        replies: What judges have replied so far.
    """

    where: str
    value: Any = None
    threshold: float | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    directory: Path = Path()
    embedder: Callable[[], Embedder] = no_embedder
    extract: Callable[[str], str | None] | None = None
    notes: list[str] = field(default_factory=list)
    reads: set[str] = field(default_factory=set)
    demands: list[str] = field(default_factory=list)
    alternatives: list[Alternative] = field(default_factory=list)
    leaves_open: list[str] = field(default_factory=list)
    judges: tuple[str, ...] = ()
    replies: Replies = field(default_factory=lambda: NO_REPLIES)

    def judged(
        self,
        ask: Ask,
        read: Read,
        *,
        each: int = 1,
        usual: float | None = None,
        shown: int = 1,
        settles: Settles | None = None,
    ) -> JudgedCheck:
        """A check by the criterion's judges; arguments as of `JudgedCheck`.

        Raises:
            ConfigError: It names none, or a panel that can be split in half.
        """
        if not self.judges:
            raise self.wrong("`judge` is missing", hint="judge: NAME, the name of a tier that judges")
        if len(self.judges) % 2 == 0 or len(set(self.judges)) < len(self.judges):
            raise self.wrong("`judge` must be one tier, or an odd number of different ones")
        return JudgedCheck(
            judges=self.judges,
            ask=ask,
            read=read,
            replies=self.replies,
            each=each,
            usual=usual or each,
            shown=shown,
            settles=settles,
        )

    def wrong(self, what: str, *, hint: str | None = None) -> ConfigError:
        """The error for an option of this criterion."""
        return ConfigError(f"{self.where}: {what}", code="criterion.option", hint=hint)

    def expected(
        self,
        convert: Callable[[Any], T],
        *,
        default: Expected[Any] | None = None,
        constant: Constant = Constant.DEMAND,
    ) -> Expected[T]:
        """What `value` says, filled per exchange and converted; a constant is converted here and now.

        Args:
            convert: Turns a JSON value into what the scorer compares; raises ValueError saying what it wants.
            default: What to compare with where there is no `value`; without it a `value` is obligatory.
            constant: What a constant asks of an answer.

        Raises:
            ConfigError: The value is absent, of another type, or a template that cannot work.
        """
        if self.value is None and default is not None:
            source: Expected[Any] = default
        elif self.value is None:
            raise self.wrong("`value` is missing")
        else:
            try:
                template = compile_value(self.value)
            except ValueError as error:
                raise self.wrong(f"`value` {error}") from None
            if template is None:
                same = self.constant(convert)
                self._demand(same, constant)
                return lambda context: same
            self.reads.update(template.roots)
            self.alternatives.extend(map(Alternative, constants_beside(self.value)))
            source = template.fill

        def converted(context: Context) -> T:
            try:
                return convert(source(context))
            except ValueError as error:
                raise UnusableTemplate(f"the value to compare with {error}") from None

        return converted

    def _demand(self, value: Any, constant: Constant) -> None:
        texts = value if isinstance(value, tuple) else (value,)
        if constant is Constant.DEMAND or (constant is Constant.CHOICE and len(set(texts)) == 1):
            # What is no list of texts, such as an expected call, is one demand, as it was written.
            plain = all(isinstance(text, str) for text in texts)
            self.demand(texts if plain else [json_text(self.value)])
        elif constant is Constant.CHOICE:
            self.alternatives.extend(Alternative(text) for text in texts if isinstance(text, str))

    def by_likeness(self) -> None:
        """Note that answers are compared by likeness: whoever drafted that has to be asked whether it is enough."""
        self.leaves_open.append("answers by likeness, which cannot tell a statement from its denial")

    def demand(self, texts: Iterable[str]) -> None:
        """Note constant texts that every acceptable answer must say; punctuation alone says nothing."""
        self.demands.extend(text for text in texts if any(char.isalnum() for char in text))

    def constant(self, convert: Callable[[Any], T]) -> T:
        """`value` as it stands, no template, converted."""
        try:
            return convert(self.value)
        except ValueError as error:
            raise self.wrong(f"`value` {error}") from None

    def incumbent_text(self) -> Expected[str]:
        """The incumbent's completion, as a default for `value`; what `extract` takes from it where there is one."""
        self.reads.add("incumbent")

        def text_of(context: Context) -> str:
            if context.incumbent is None or context.incumbent.text is None:
                raise Absent("the incumbent's completion has no text")
            text = nfc(context.incumbent.text)
            if self.extract is None:
                return text
            if (extracted := self.extract(text)) is None:
                raise Absent("nothing extracted from the incumbent's completion")
            return extracted

        return text_of

    def limit(self, default: float | None = None, *, low: float = 0.0, high: float = math.inf) -> float:
        """`threshold`, within bounds.

        Raises:
            ConfigError: It is out of range, or absent without a default.
        """
        limit = self.threshold if self.threshold is not None else default
        if limit is None:
            raise self.wrong("`threshold` is missing")
        if not low <= limit <= high:
            raise self.wrong(f"`threshold` must be between {low:g} and {high:g}")
        return limit

    def number(self, name: str, default: float, *, low: float = 0.0) -> float:
        """A numeric option that is at least `low`."""
        value = self.extra.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value < math.inf:
            raise self.wrong(f"`{name}` must be a number, at least {low:g}")
        return float(value)

    def flag(self, name: str) -> bool:
        """An option that is true or false, false when absent."""
        value = self.extra.get(name, False)
        if not isinstance(value, bool):
            raise self.wrong(f"`{name}` must be true or false")
        return value

    def choice(self, name: str, default: str, among: Iterable[str]) -> str:
        """An option that is one of a few words."""
        value, known = self.extra.get(name, default), sorted(among)
        if value not in known:
            near = nearest(str(value), known)
            raise self.wrong(
                f"`{name}` must be one of: {', '.join(known)}", hint=f"did you mean `{near}`?" if near else None
            )
        return str(value)


class Takes(Enum):
    """What a scorer takes for the value that it is given."""

    WHOLE = "the value and nothing else, but for what it says that it leaves open, or what people wrote"
    PART = "a text with the value in it; the rest of the answer is left alone"
    LIKE = "what is like the value, by a measure of its own"


ExpectsCalls = Callable[[Context, Collection[str]], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorer:
    """One measure.

    Attributes:
        name: The `type` of a criterion.
        version: Raised with every change that can alter a score; part of the score's key.
        summary: One sentence for the documentation.
        needs_reference: It makes sense only with a reference or another value to compare with.
        calls_model: It asks a tier, which costs money and is never done while merely scoring again.
        build: Options to check. Raises `ConfigError` for options that it cannot use.
        accepts: Which of `value`, `threshold`, `extract` and its own options it understands; others are errors.
        reads: Parts of the context that decide the score beside the completion's text and calls: `request`,
            `reference`, `incumbent`, `call` (cost, tokens, latency), `metadata`. What templates use is added.
        embeds: It needs an embedding model.
        expects_calls: Of a scorer that compares tool calls, and says nothing of the text of an answer without one:
            whether a context expects any, given the parts that it reads. None for a scorer of texts.
        takes: What it takes for the value; the controls look where it looks, and a draft that takes what is like the
            value certifies nothing until somebody confirms it.
    """

    name: str
    version: int
    summary: str
    needs_reference: bool
    calls_model: bool
    build: Callable[[Options], Check]
    accepts: tuple[str, ...] = ("value", "extract")
    reads: tuple[str, ...] = ()
    embeds: bool = False
    expects_calls: ExpectsCalls | None = None
    takes: Takes = Takes.LIKE


def guarded(call: Callable[[Context], T], context: Context) -> T | NotApplicable | Errored:
    """What `call` returns, or the outcome for an exchange on which it cannot say anything.

    This is the adapter boundary: a scorer's bug, or a user's, becomes `Errored`. The message is left out, because it
    may quote the completion.
    """
    try:
        return call(context)
    except RAISED as error:
        return outcome_of(error)


RAISED = (Exception, SystemExit)
"""What a scorer may raise: a user's `sys.exit()` must not end the audit as if it were done."""


def outcome_of(error: BaseException) -> NotApplicable | Errored:
    """What an exception of `RAISED` says of the exchange on which it was raised."""
    if isinstance(error, Absent):
        return NotApplicable(reason=str(error))
    if isinstance(error, UnusableTemplate | TooSlow):
        return Errored(error=str(error))
    return Errored(error=f"{type(error).__name__} while scoring")


def verdict(holds: bool, reason: str = "", **evidence: Any) -> Scored:
    """A yes or no as an outcome; the reason is kept where the criterion does not hold."""
    return Scored(value=1.0 if holds else 0.0, passed=holds, reason="" if holds else reason, evidence=evidence)


def graded(value: float, threshold: float, what: str, **evidence: Any) -> Scored:
    """A similarity in [0, 1] that must reach a threshold."""
    value = min(max(value, 0.0), 1.0)
    holds = value >= threshold
    reason = "" if holds else f"{what} {value:.3f} is below {threshold:g}"
    return Scored(value=value, passed=holds, reason=reason, evidence=evidence)


def shown(value: Any) -> Any:
    """A value for the evidence: long texts cut, everything else as it is."""
    if isinstance(value, str) and len(value) > SHOWN_CHARS:
        return value[:SHOWN_CHARS] + "…"
    return value


def shown_json(value: Any) -> Any:
    """A JSON value for the evidence: numbers, true, false and null as such, so that 10 and "10" are told apart."""
    return value if value is None or isinstance(value, bool | int | float) else shown(json_text(value))
