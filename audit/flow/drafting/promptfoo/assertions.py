"""Promptfoo's assertions as criteria of `audit.yaml`; the types have the same names and mean the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.core.errors import AuditError
from audit.core.settings import CriterionSettings
from audit.flow.drafting.promptfoo.filling import FILE, depends
from audit.flow.drafting.promptfoo.providers import Tiers
from audit.flow.drafting.promptfoo.reading import read_problem
from audit.scoring.criteria import build_criteria
from audit.scoring.scorers import ALIASES, NOT_SUPPORTED, SCORERS

CHANGES_ANSWER = ("transform", "contextTransform")
"""Keys that change what is judged, by code of promptfoo's own: without them the assertion would mean something else."""
DATA_FILES = (".txt", ".json", ".yaml", ".yml")
"""Ends of names of files that hold what is compared with; others are code."""
CHANGES_JUDGE = ("rubricPrompt", "config")

DEFAULT_GRADER = "openai:chat:gpt-4.1"
"""Written down where no grader is named; promptfoo then takes one by the keys that it finds."""


class NotTaken(Exception):
    """An assertion that cannot be taken over; the message says why."""


@dataclass(slots=True)
class Assertions:
    """Takes assertions over, with the judges that they ask.

    Attributes:
        tiers: Where judges are added.
        templates: `assertionTemplates`.
        directory: Where the files that values name are.
        grader: What the configuration grades with; None for promptfoo's own choice.
        assumed: A judge was written down that the configuration does not name.
        left: What is dropped of assertions that are taken over.
    """

    tiers: Tiers
    templates: Mapping[str, Any]
    directory: Path
    grader: Any = None
    assumed: bool = False
    left: tuple[str, ...] = ()

    def flat(self, entries: Any, where: str) -> Iterator[Mapping[str, Any]]:
        """The assertions of a list, templates and sets of which all must hold put in their place.

        What is no assertion is named in `left`.
        """
        for entry in entries if isinstance(entries, list | tuple) else []:
            if isinstance(entry, Mapping) and isinstance(entry.get("$ref"), str):
                entry = self.templates.get(entry["$ref"].rpartition("/")[2])
            if not isinstance(entry, Mapping) or not isinstance(entry.get("type"), str):
                self._drop(f"{where}: an entry of `assert` without `type`")
            elif entry["type"] != "assert-set":
                yield entry
            elif {"threshold", "weight"} & entry.keys():
                self._drop(f"{where}: an `assert-set` with its own threshold or weight; here a list has one threshold")
            else:
                yield from self.flat(entry.get("assert"), where)

    def _drop(self, what: str) -> None:
        if what not in self.left:
            self.left = (*self.left, what)

    def criterion(self, entry: Mapping[str, Any], grader: Any, where: str) -> dict[str, Any]:
        """One assertion as a criterion, its value as it is.

        Args:
            entry: As written.
            grader: Of its test, where that names one.
            where: For what is dropped.

        Raises:
            NotTaken: It cannot be measured here, or would mean something else.
        """
        kind = str(entry["type"])
        plain = kind.removeprefix("not-")
        if plain in NOT_SUPPORTED:
            raise NotTaken(f"`{kind}`: {NOT_SUPPORTED[plain]}")
        if plain == "python":
            raise NotTaken(f"`{kind}`: promptfoo calls it with other arguments; write it for this tool")
        if plain not in (*SCORERS.known(), *ALIASES):
            raise NotTaken(f"`{kind}`: there is no such type here")
        for key in CHANGES_ANSWER:
            if key in entry:
                raise NotTaken(f"`{kind}` with `{key}`: what it does to the answer is code of promptfoo's")
        if plain == "factuality" and isinstance(entry.get("factuality"), Mapping):
            raise NotTaken("`factuality` with scores of its own for each answer")
        made = {key: value for key, value in entry.items() if key in ("type", "threshold", "metric") and value != ""}
        if entry.get("weight", 1) != 1:
            made["weight"] = entry["weight"]
        if "value" in entry:
            made["value"] = _value(plain, entry["value"])
        for key in CHANGES_JUDGE:
            if key in entry:
                self._drop(f"{where}: `{key}` of `{kind}`; the judge is asked in this tool's words")
        known = {"type", "value", "threshold", "metric", "weight", "provider", "description", *CHANGES_JUDGE}
        made |= {key: value for key, value in entry.items() if key not in known}
        if plain in ALIASES or not SCORERS.get(plain).calls_model or plain == "similar":
            if "provider" in entry:
                self._drop(f"{where}: `provider` of `{kind}`; texts are embedded on this machine")
            return made
        made["judge"] = self._judge(entry.get("provider") or grader or self.grader)
        return made

    def _judge(self, written: Any) -> str:
        if isinstance(written, Mapping) and "id" not in written and "text" in written:
            written = written["text"]
        if written is None:
            self.assumed, written = True, DEFAULT_GRADER
        name = self.tiers.judge(written)
        if name is None:
            raise NotTaken("it is judged by a provider that is not taken over")
        return name

    def check(self, criterion: Mapping[str, Any], *, gold: bool) -> None:
        """Refuse a criterion that the configuration could not have.

        Args:
            criterion: As it would be written.
            gold: Its value is of the gold set, so that one which reads no gold set would take it for something else.

        Raises:
            NotTaken: With what is wrong.
        """
        try:
            settings = CriterionSettings.model_validate(CriterionSettings.from_entry(criterion))
            (built,) = build_criteria((settings,), self.directory)
        except AuditError as error:
            raise NotTaken(read_problem(error)) from None
        except ValueError:
            raise NotTaken(f"`{criterion['type']}`: an option is not as it should be") from None
        if gold and "reference" not in built.reads:
            raise NotTaken(f"`{criterion['type']}`: here it has one value for all requests of a route")


def _value(kind: str, value: Any) -> Any:
    """The value; a judge reads text, so a rubric that is a mapping or a list has none here."""
    judged = {"llm-rubric", "model-graded-closedqa", "factuality"}
    if kind in judged and not isinstance(value, str):
        raise NotTaken(f"`{kind}` whose value is no text")
    if isinstance(value, Mapping) and depends(value):
        raise NotTaken(f"`{kind}` whose value is a mapping with templates in it, which promptfoo leaves as they are")
    texts = value if isinstance(value, list | tuple) else [value]
    named = [one for one in texts if isinstance(one, str) and one.startswith((FILE, "package:"))]
    if named and (isinstance(value, list | tuple) or not value.endswith(DATA_FILES)):
        raise NotTaken(f"`{kind}` with `{named[0]}`: it is code or no file of data, and is not run")
    return value
