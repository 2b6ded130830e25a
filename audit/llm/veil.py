"""What leaves this machine of a request that holds personal data: the same with placeholders, and back in the answer.

Placeholders are numbered within a request, in the order in which their values occur (`<email-1>`), so that they say
nothing of what they stand for, stay the same through a conversation, and leave a vendor's prompt cache of use. Criteria
see answers with the values back in them, as they see the log's own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from audit.core.exchange import Completion, Request
from audit.core.fingerprint import canonical_json
from audit.core.note import AnswerNote
from audit.core.personal import PERSONAL_KINDS
from audit.masking.recognisers import RECOGNISERS
from audit.masking.redact import Redactor

_PLACEHOLDER = re.compile(r"(?:\\*<|&lt;|\\u003c)([a-z][a-z-]{1,20}-[0-9]{1,5})(?:\\*>|&gt;|\\u003e)", re.IGNORECASE)
"""As models say them back: escaped for HTML, JSON or Markdown, in capitals. Without brackets it is a word like any."""


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


def _texts(request: Request) -> dict[str, Any]:
    """The parts of a request that may hold personal data."""
    return {
        "messages": list(request.messages),
        "tools": None if request.tools is None else list(request.tools),
        "tool_choice": request.tool_choice,
        "response_format": request.response_format,
        "params": dict(request.params),
    }
