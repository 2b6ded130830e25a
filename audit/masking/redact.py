"""Secrets and personal data out of texts and JSON values, before anything of them is written.

Secrets are always masked. Personal data is replaced by placeholders that are the same for the same value
(`<email:1a2b3c>`), so that a conversation still makes sense and duplicates stay duplicates.
"""

from __future__ import annotations

import json
import re
from collections import Counter, deque
from collections.abc import Callable, Collection
from typing import Any

import msgspec

from audit.core.fingerprint import canonical_json, digest
from audit.masking.personal import found_personal
from audit.masking.secrets import NO_KEYS, KeysInUse, mask_secrets

_WORDS_OF_KEY = re.compile(r"[_-]+|(?<=[a-z])(?=[A-Z])")
"""Where the words of a key part: `date_of_birth`, `dateOfBirth`."""
SHORTEST_NUMBER = 10**6
"""Below which no number is personal, whatever its key says."""
_JSON_TOKEN = re.compile(r'("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|(-?\d[\d.eE+-]*)|[\[{]', re.DOTALL)
"""Of a text that is JSON: a string, which is a key before a colon; a number; what begins a list or an object."""


class Redactor:
    """Masks texts and JSON values, and counts what it masked.

    Args:
        personal: Kinds of personal data to replace, from `ingest.redact`.
        keys: Values that are secrets whatever they look like.
        name: Kind and value to what stands in the value's place; default: a placeholder with a digest of it.
        rewrite: From each text, masked, to what it is to be instead.
    """

    def __init__(
        self,
        personal: Collection[str] = (),
        keys: KeysInUse = NO_KEYS,
        name: Callable[[str, str], str] | None = None,
        rewrite: Callable[[str], str] | None = None,
    ) -> None:
        self.kinds = frozenset(personal)
        self.found: Counter[str] = Counter()
        self._keys = keys
        self._name = name or placeholder
        self._rewrite = rewrite

    def silent(self) -> Redactor:
        """One that masks the same, for copies of a text that was counted."""
        return Redactor(self.kinds, self._keys, self._name, self._rewrite)

    def text(self, value: str) -> str:
        """The text without secrets and without the personal data asked for; JSON inside it stays JSON."""
        if value[:1] in ("{", "["):
            try:
                inner = _read(value)
            except (ValueError, RecursionError):
                return self._plain(value)
            if isinstance(inner, dict | list):
                return self._in_json(value)
        return self._plain(value)

    def _in_json(self, text: str) -> str:
        """JSON text with its strings and numbers masked one by one; all that stands between them stays as it is."""
        parts: list[str] = []
        done, key = 0, None
        for token in _JSON_TOKEN.finditer(text):
            if token[1] is None and token[3] is None:
                key = None
                continue
            # Python reads a lone half of a surrogate pair, which is no UTF-8, and writes it again.
            found = json.loads(token[1] or token[3], strict=False)
            if token[2] is not None:
                key, masked = found, self._plain(found)
            else:
                masked, key = self._leaf(found) if key is None else self.named(key, found), None
            if masked != found:
                parts += [text[done : token.start()], json.dumps(masked, ensure_ascii="\\u" in token[0])]
                done = token.end() - len(token[2] or "")
        return "".join([*parts, text[done:]]) if parts else text

    def json(self, value: str) -> str:
        """JSON text with every string in it masked; canonical if anything was."""
        inner = _read(value)
        masked = self.value(inner)
        return value if masked == inner else canonical_json(masked)

    def value(self, value: Any) -> Any:
        """A JSON value with every string in it masked, keys too; however deep it is nested."""
        made: list[Any] = [value]
        # Container, place in it, its key before masking; from the first to the last, because placeholders are numbered.
        todo: deque[tuple[Any, Any, str | None]] = deque([(made, 0, None)])
        while todo:
            container, place, key = todo.popleft()
            found = container[place]
            if isinstance(found, list):
                container[place] = copy = list(found)
                todo.extend((copy, index, None) for index in range(len(copy)))
            elif isinstance(found, dict):
                names = {name: self._plain(name) for name in found}
                container[place] = fresh = {names[name]: item for name, item in found.items()}
                todo.extend((fresh, names[name], name) for name in found)
            else:
                container[place] = self._leaf(found) if key is None else self.named(key, found)
        return made[0]

    def _leaf(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if self.kinds and isinstance(value, int | float) and not isinstance(value, bool) and abs(value) >= 1e12:
            text = str(value)
            masked = self._plain(text)
            return value if masked == text else masked
        return value

    def named(self, key: str, value: Any) -> Any:
        """A text or a number masked in the light of its key."""
        # A value of `"password": "..."` shows that it is one only beside its key.
        if isinstance(value, str) and value and value[:1] not in ("{", "["):
            pair = f"{key}: {value}"
            masked = self._secrets(pair)
            if masked != pair and masked.startswith(f"{key}: "):
                return self._personal(masked[len(key) + 2 :], key)
            return self._personal(self._secrets(value), key)
        if self.kinds and type(value) is int and value >= SHORTEST_NUMBER:
            masked = self._personal(str(value), key)
            return value if masked == str(value) else masked
        return self._leaf(value)

    def _plain(self, value: str) -> str:
        return self._personal(self._secrets(value))

    def _secrets(self, value: str) -> str:
        return mask_secrets(self._keys.mask(value, self.found), self.found)

    def _personal(self, value: str, key: str = "") -> str:
        """The text without personal data; its key announces what it is, as the words before it do in prose."""
        if not self.kinds:
            return value if self._rewrite is None else self._rewrite(value)
        before = f"{_WORDS_OF_KEY.sub(' ', key)}: " if key else ""
        parts: list[str] = []
        done = 0
        for first, last, kind in found_personal(before + value, self.kinds):
            start, end = max(first - len(before), 0), last - len(before)
            # A `name` of one word may be a tool's, a product's or a column's.
            if end <= 0 or (key and kind == "name" and start == 0 and " " not in value[:end]):
                continue
            parts += [value[done:start], self._name(kind, value[start:end])]
            done = end
            self.found[kind] += 1
        return "".join([*parts, value[done:]]) if parts else value


def placeholder(kind: str, value: str) -> str:
    """What stands for a value wherever it occurs; however it is written, where that does not matter."""
    same = value.lower() if kind in ("email", "ip", "mac") else re.sub(r"[^\w+]", "", value)
    return f"<{kind}:{digest(same)[:6]}>"


def _read(text: str) -> Any:
    """The value of a JSON text; NaN and infinities, which Python writes, are null.

    Raises:
        ValueError: It is no JSON.
        RecursionError: It is nested too deeply.
    """
    try:
        return msgspec.json.decode(text.encode("utf-8", "replace"))
    except msgspec.DecodeError:
        return json.loads(text, parse_constant=lambda _: None)
