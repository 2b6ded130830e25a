"""Strings of code in languages with brackets, and what stands around each: a call, a key, an assignment.

One pass over the tokens with a stack of open brackets. It is no parser: it reads `name(`, `name =`, `name:`, `"key":`,
`=>`, `return` and comparisons, which these languages have in common.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from audit.literals.lexer import Language, Sort, Token, tokens
from audit.literals.places import FileKind, Literal, calls_model, only_asks, says_model
from audit.literals.python import embedded_in

_COMPARES = frozenset("== === != !== =~ < > in is eq ne".split())  # noqa: SIM905
_ASSIGNS = frozenset({"=", ":=", "||=", "??=", "<-"})
_TYPES = frozenset("string String str char auto std CharSequence interface any object Text".split())  # noqa: SIM905
_DEFINES = frozenset("function def func fn fun".split())  # noqa: SIM905
_HOLDS = frozenset("class struct interface object module impl trait enum namespace record".split())  # noqa: SIM905
_CONTROL = frozenset("if for while switch catch match when with until unless elsif elseif foreach using lock".split())  # noqa: SIM905
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")


@dataclass(slots=True)
class _Frame:
    """An open bracket: what stands before it, and what has been read in it since its last comma."""

    bracket: str
    callee: str = ""
    keyword: str = ""
    scope: str = ""
    group: int = 0
    label: str = ""
    before: str = ""
    returned: bool = False
    compared: bool = False
    ternary: int = 0
    defining: bool = False
    position: int = 0
    outer: FileKind | None = None


@dataclass(slots=True)
class _Reader:
    """Where in the code the reading is."""

    stack: list[_Frame] = field(default_factory=lambda: [_Frame("")])
    groups: int = 0
    awaited: str = ""
    named: str = ""
    holder: str = ""
    flat: str = ""
    popped: _Frame | None = None


def code_literals(text: str, language: Language) -> list[Literal]:
    """Every string of a file, in the order of the source."""
    reader, read = _Reader(), list(tokens(text, language))
    places = _Places(text)
    found: list[Literal] = []
    for index, token in enumerate(read):
        if token.sort is Sort.STRING:
            found += _literals(reader, read, index, places)
            _after_string(reader.stack[-1], read, index)
        elif token.sort is Sort.WORD:
            _word(reader, read, index, language)
        else:
            _sign(reader, read, index)
    return found


class _Places:
    """Lines and columns of offsets that only grow."""

    def __init__(self, text: str) -> None:
        self._text, self._line, self._start, self._at = text, 1, 0, 0

    def of(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1."""
        self._line += self._text.count("\n", self._at, offset)
        self._start = self._text.rfind("\n", 0, offset) + 1
        self._at = offset
        return self._line, offset - self._start + 1


def _literals(reader: _Reader, read: list[Token], index: int, places: _Places) -> Iterator[Literal]:
    token, frame = read[index], reader.stack[-1]
    line, column = places.of(token.start)
    kind = _kind(reader, read, index)
    keyword = frame.label or (frame.before if says_model(frame.before) else "")
    if not keyword and not (frame.bracket == "(" and calls_model(frame.callee)):
        keyword = frame.keyword
    made = Literal(
        text=token.text,
        line=line,
        column=column,
        kind=kind,
        composed=token.composed,
        function=_function(reader),
        callee=next((f.callee for f in reversed(reader.stack) if f.bracket == "(" or f.scope), ""),
        keyword="" if frame.returned and not frame.label else keyword,
        group=frame.group if kind is FileKind.ITEM else None,
    )
    yield made
    yield from embedded_in(made, token.text)


def _kind(reader: _Reader, read: list[Token], index: int) -> FileKind | None:
    frame = reader.stack[-1]
    before = read[index - 1].text if index and read[index - 1].sort is not Sort.STRING else ""
    after = read[index + 1].text if index + 1 < len(read) and read[index + 1].sort is not Sort.STRING else ""
    if frame.compared or before in _COMPARES or after in _COMPARES or before in ("case", "import", "from", "when"):
        return None
    # A union of literal types, or a pattern with alternatives.
    if before == "|" or after in ("|", "=>", "->") or (after == ":" and not frame.ternary):
        return None
    if after == "." and index + 2 < len(read) and only_asks(read[index + 2].text, position=0):
        return None
    if frame.bracket == "[" and not frame.group:  # an index
        return None
    if frame.bracket == "(" and not frame.label:
        if only_asks(frame.callee, position=frame.position) and not says_model(frame.before):
            return None
        return FileKind.DEFAULT if says_model(frame.before) else FileKind.ARGUMENT if frame.callee else frame.outer
    if frame.returned:
        return FileKind.RETURN
    if frame.label:
        if frame.bracket == "(":
            if only_asks(frame.callee):
                return None
            return FileKind.DEFAULT if frame.defining else FileKind.ARGUMENT
        return FileKind.VALUE if frame.bracket == "{" and not frame.scope else FileKind.ASSIGNMENT
    if frame.bracket in ("[", "{") and frame.group and not frame.scope:
        return FileKind.ITEM
    return FileKind.RETURN if before in ("=>", "->", "?", ":", "else", "{") else None


def _function(reader: _Reader) -> str:
    scopes = [frame.scope for frame in reader.stack if frame.scope]
    return ".".join(scopes) or reader.flat


def _after_string(frame: _Frame, read: list[Token], index: int) -> None:
    """A string before a colon or an arrow is a key; before a comma it may say what the next argument is."""
    after = read[index + 1].text if index + 1 < len(read) else ""
    if (after == ":" and not frame.ternary) or after == "=>" or (after == "to" and read[index + 1].sort is Sort.WORD):
        frame.label = read[index].text
    elif after == "," and frame.bracket == "(":
        frame.before = read[index].text


def _word(reader: _Reader, read: list[Token], index: int, language: Language) -> None:
    word, frame = read[index].text, reader.stack[-1]
    after = read[index + 1].text if index + 1 < len(read) else ""
    member = index > 0 and read[index - 1].text in (".", "->", "::", "?.")
    if member:
        return
    if word in _DEFINES:
        reader.awaited = "function"
    elif word in _HOLDS and after and after[:1].isalpha():
        reader.awaited = "class"
    elif reader.awaited == "class":
        reader.holder, reader.awaited = word, ""
        if language.name == "ruby":
            reader.flat = word
    elif reader.awaited == "function" and (after in ("(", "<") or language.name == "ruby"):
        reader.named, reader.awaited = word, ""
        if language.name == "ruby":
            reader.flat = ".".join(filter(None, (reader.holder, word)))
    elif word == "return":
        frame.returned, frame.label = True, ""
    elif (language.name == "ruby" and word in ("end", "do", "then", "puts", "raise")) or word in (
        "throw",
        "const",
        "let",
    ):
        frame.returned, frame.label = False, ""


def _sign(reader: _Reader, read: list[Token], index: int) -> None:
    sign, frame = read[index].text, reader.stack[-1]
    if sign in _OPEN:
        reader.stack.append(_opened(reader, read, index))
    elif sign in _CLOSE:
        _close(reader, sign)
    elif sign in (",", ";"):
        frame.label, frame.compared, frame.ternary = "", False, 0
        frame.position += 1
        if sign == ";":
            frame.returned, frame.before = False, ""
            reader.awaited = ""
    elif sign in _ASSIGNS:
        label = _target(reader, read, index)
        frame.label, frame.compared, frame.ternary, frame.returned = label, False, 0, False
    elif sign in ("==", "===", "!=", "!=="):
        frame.compared = True
    elif sign in ("&&", "||", "??", "?"):
        frame.compared = False
        frame.ternary += sign == "?"
    elif sign == ":":
        _colon(frame, read, index)
    elif sign == "=>" and index and read[index - 1].sort is Sort.WORD:
        frame.label = frame.label or read[index - 1].text


def _colon(frame: _Frame, read: list[Token], index: int) -> None:
    if frame.ternary:
        frame.ternary -= 1
    elif index and read[index - 1].sort is Sort.WORD and read[index - 1].text not in ("default", "else"):
        frame.label, frame.returned = read[index - 1].text, False
    elif index and read[index - 1].text == "?" and index > 1:  # TypeScript's optional property
        frame.label = read[index - 2].text


def _opened(reader: _Reader, read: list[Token], index: int) -> _Frame:
    bracket, outer = read[index].text, reader.stack[-1]
    previous = read[index - 1] if index else None
    if bracket == "(":
        callee = _chain(read, index)
        frame = _Frame("(", callee="" if callee in _CONTROL else callee, keyword=outer.label)
        frame.defining = bool(reader.named) and callee == reader.named
        frame.outer = FileKind.ASSIGNMENT if outer.label else FileKind.RETURN if outer.returned else None
        return frame
    made = _Frame(bracket, callee=outer.callee, keyword=outer.label or outer.keyword)
    if bracket == "[":
        indexed = previous is not None and (previous.sort is Sort.WORD or previous.text in (")", "]"))
        if not indexed or (previous is not None and previous.text in ("return", "in")):
            reader.groups += 1
            made.group = reader.groups
        return made
    made.scope = _scope(reader, read, index)
    reader.groups += 1
    made.group = reader.groups
    if not outer.label and previous is not None and previous.sort is Sort.WORD:
        made.keyword = previous.text
    return made


def _scope(reader: _Reader, read: list[Token], index: int) -> str:
    """The name of the function or class whose body this brace opens."""
    if reader.named:
        name, reader.named = reader.named, ""
        return name
    if reader.holder:
        name, reader.holder = reader.holder, ""
        return name
    previous, popped = read[index - 1].text if index else "", reader.popped
    if previous == "=>" and reader.stack[-1].label:
        return reader.stack[-1].label
    plain = previous == ")" and popped is not None and popped.callee and "." not in popped.callee
    if plain and popped is not None and reader.stack[-1].bracket in ("", "{") and not reader.stack[-1].label:
        return popped.callee
    return ""


def _close(reader: _Reader, sign: str) -> None:
    if len(reader.stack) > 1:
        reader.popped = reader.stack.pop()
    frame = reader.stack[-1]
    frame.compared = False
    if sign == "}" and reader.popped is not None and reader.popped.scope:
        frame.label, frame.returned, frame.before = "", False, ""


def _chain(read: list[Token], index: int) -> str:
    """What is called: the words before the bracket, with what joins them."""
    parts: list[str] = []
    position = index - 1
    if position >= 0 and read[position].text in ("!", ">"):  # a Rust macro, a type argument
        position = _before_type(read, position)
    while position >= 0 and read[position].sort is Sort.WORD:
        parts.append(read[position].text)
        if position < 2 or read[position - 1].text not in (".", "->", "::", "?."):
            break
        parts.append("." if read[position - 1].text == "?." else read[position - 1].text)
        position -= 2
    return "".join(reversed(parts)).strip(".")


def _before_type(read: list[Token], position: int) -> int:
    if read[position].text == "!":
        return position - 1
    depth = 0
    for back in range(position, max(position - 20, -1), -1):
        depth += {">": 1, "<": -1}.get(read[back].text, 0)
        if depth == 0:
            return back - 1
    return position


def _target(reader: _Reader, read: list[Token], index: int) -> str:
    """What an `=` assigns to."""
    previous = read[index - 1] if index else None
    if previous is None:
        return ""
    if previous.text == "}" and reader.popped is not None:  # C#'s property with a first value
        return reader.popped.keyword
    if previous.text == "]" and index > 1 and read[index - 2].sort is Sort.STRING:
        return read[index - 2].text
    if (reader.stack[-1].label and read[index - 2].text in (":", "&", "'static", "static")) or previous.text in (
        "?",
        ">",
    ):
        return reader.stack[-1].label or _last_word(read, index)
    if previous.text in _TYPES and index > 1 and read[index - 2].sort is Sort.WORD:
        return read[index - 2].text
    return _last_word(read, index)


def _last_word(read: list[Token], index: int) -> str:
    return next((token.text for token in reversed(read[max(index - 3, 0) : index]) if token.sort is Sort.WORD), "")
