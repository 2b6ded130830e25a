"""What leaves this machine of a request that holds personal data: the same with placeholders, and back in the answer.

Placeholders are numbered within a request, in the order in which their values occur (`<email-1>`), so that they say
nothing of what they stand for, stay the same through a conversation, and leave a vendor's prompt cache of use. What is
found once is replaced wherever it stands; a part of a name or another form of a number has a letter behind the number
(`<name-1a>`), so that each comes back as it was. Criteria see answers with the values back in them, as they see the
log's own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from string import ascii_lowercase
from typing import Any

from audit.core.exchange import Completion, Request
from audit.core.fingerprint import canonical_json
from audit.core.note import AnswerNote
from audit.core.personal import PERSONAL_KINDS
from audit.masking.mentions import Mentions
from audit.masking.recognisers import RECOGNISERS
from audit.masking.redact import Redactor

_PLACEHOLDER = re.compile(
    r"(?:\\{0,8}<|&lt;|\\u003c)([a-z][a-z-]{1,20}-[0-9]{1,5}[a-z]?)(?:\\{0,8}>|&gt;|\\u003e)", re.IGNORECASE
)
"""As models say them back: escaped for HTML, JSON or Markdown, in capitals. Without brackets it is a word like any."""

LONG = 50_000
"""Letters of a request that is masked in a thread."""


@dataclass(slots=True)
class Veil:
    """One request, and what its placeholders stand for.

    Attributes:
        values: By the name of the placeholder.
        found: Values that were replaced, by kind.
    """

    values: dict[str, str] = field(default_factory=dict)
    found: Counter[str] = field(default_factory=Counter)
    _names: dict[tuple[str, str], str] = field(default_factory=dict)
    _numbers: Counter[str] = field(default_factory=Counter)
    _taken: frozenset[str] = frozenset()

    def request(self, request: Request, kinds: Collection[str] = ()) -> Request:
        """The request as it may leave; itself where it holds no personal data.

        Args:
            request: As logged.
            kinds: To replace; default: all, and those of installed recognisers.
        """
        # A log may hold such names already, and they must not come back as somebody's data.
        self._taken = frozenset(match[1].lower() for match in _PLACEHOLDER.finditer(canonical_json(_texts(request))))
        redactor = Redactor(kinds or all_kinds(), name=self._name)
        masked = redactor.value(_texts(request))
        if self._names:
            mentions = Mentions(self._names)
            masked = Redactor(rewrite=lambda text: mentions.replaced(text, self._form)).value(masked)
        self.found = Counter({kind: n for kind, n in redactor.found.items() if kind != "secret"})
        return replace(request, **masked) if self.values else request

    def completion(self, said: Completion) -> Completion:
        """The answer with the values in it, and with a note that there were placeholders."""
        if not self.values:
            return said
        return replace(
            said,
            text=None if said.text is None else self._back(said.text),
            refusal=None if said.refusal is None else self._back(said.refusal),
            tool_calls=tuple(self._back_in(list(said.tool_calls))),
            notes=(*said.notes, AnswerNote.PLACEHOLDERS.value),
        )

    def _name(self, kind: str, value: str) -> str:
        if (kind, value) not in self._names:
            self._numbers[kind] += 1
            while (name := f"{kind}-{self._numbers[kind]}") in self._taken:
                self._numbers[kind] += 1
            self._names[kind, value] = name
            self.values[name] = value
        return f"<{self._names[kind, value]}>"

    def _form(self, kind: str, value: str, form: str) -> str:
        """What stands for a mention of a value, in the form in which it is mentioned."""
        if form == value:
            return f"<{self._names[kind, value]}>"
        if (kind, form) in self._names:
            return f"<{self._names[kind, form]}>"
        whole = self._names[kind, value]
        free = (f"{whole}{letter}" for letter in ascii_lowercase)
        name = next((name for name in free if name not in self.values and name not in self._taken), None)
        if name is None:
            return self._name(kind, form)
        self._names[kind, form] = name
        self.values[name] = form
        return f"<{name}>"

    def _back(self, text: str) -> str:
        return _PLACEHOLDER.sub(lambda match: self.values.get(match[1].lower(), match[0]), text)

    def _back_in(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._back(value)
        if isinstance(value, list | tuple):
            return [self._back_in(item) for item in value]
        if isinstance(value, dict):
            return {self._back(key): self._back_in(item) for key, item in value.items()}
        return value


def all_kinds() -> tuple[str, ...]:
    """Every kind that is told by form, and those of installed recognisers."""
    return (*PERSONAL_KINDS, *(kind for name in RECOGNISERS.installed() for kind in RECOGNISERS.get(name).kinds))


def is_long(request: Request) -> bool:
    """Whether masking a request may take so long that others wait for it: more than some milliseconds."""
    letters, todo = 0, list(_texts(request).values())
    while todo and letters < LONG:
        value = todo.pop()
        if isinstance(value, str):
            letters += len(value)
        elif isinstance(value, dict | list | tuple):
            todo.extend(value.values() if isinstance(value, dict) else value)
            letters += len(value)
    return letters >= LONG


def _texts(request: Request) -> dict[str, Any]:
    """The parts of a request that may hold personal data."""
    return {
        "messages": list(request.messages),
        "tools": None if request.tools is None else list(request.tools),
        "tool_choice": request.tool_choice,
        "response_format": request.response_format,
        "params": dict(request.params),
    }
