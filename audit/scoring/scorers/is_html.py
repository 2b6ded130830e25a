"""The completion is HTML and nothing else: it starts and ends with a tag, and its elements are closed."""

from __future__ import annotations

from html.parser import HTMLParser

from audit.core.outcome import Outcome
from audit.scoring.context import Context
from audit.scoring.scorer import Check, Options, Scorer, verdict

# <https://html.spec.whatwg.org/multipage/syntax.html>: void elements, and elements whose end tag may be left out.
_VOID_NAMES = "area base br col embed hr img input link meta source track wbr"
_OPTIONAL_END_NAMES = "body colgroup dd dt head html li optgroup option p rp rt tbody td tfoot th thead tr"
_OTHER_NAMES = """
    a abbr address article aside audio b blockquote button canvas caption cite code data datalist del details dialog
    div dl em fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header i iframe ins kbd label legend main map
    mark math menu meter nav noscript object ol output picture pre progress q ruby s samp script search section select
    slot small span strong style sub summary sup svg table template textarea time title u ul var video
"""
_VOID, _OPTIONAL_END = frozenset(_VOID_NAMES.split()), frozenset(_OPTIONAL_END_NAMES.split())
_KNOWN = _VOID | _OPTIONAL_END | frozenset(_OTHER_NAMES.split())


class _Reader(HTMLParser):
    """Follows tags and notes what breaks the rule."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.known = 0
        self.problem: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.known += tag in _KNOWN
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.known += tag in _KNOWN

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open[-1] != tag and self.open[-1] in _OPTIONAL_END:
            self.open.pop()
        if self.open and self.open[-1] == tag:
            self.open.pop()
        elif tag not in _VOID and tag != "p":
            self.problem = "closes an element that is not open"

    def handle_data(self, data: str) -> None:
        if not self.open and data.strip():
            self.problem = "has text outside of elements"

    def handle_pi(self, data: str) -> None:
        self.problem = "is XML"


def build(options: Options) -> Check:
    """Follow the tags; known elements only count as HTML, so that XML does not pass."""

    def check(context: Context) -> Outcome:
        problem = problem_of(context.text)
        return verdict(problem is None, problem or "")

    return check


_ENDS = {"<!--": "-->", "<![": "]>", "<": ">"}
"""What begins something, and what ends it."""


def problem_of(text: str) -> str | None:
    """Why a text is not HTML, or None."""
    # The parser looks for the end of each that has none up to the end of the text: quadratic where there are many.
    if any(text.rfind(begins) > text.rfind(ends) for begins, ends in _ENDS.items()):
        return "ends within a tag or a comment"
    reader = _Reader()
    try:
        reader.feed(text)
        reader.close()
    except (AssertionError, ValueError):
        return "cannot be parsed"
    if reader.problem is not None:
        return reader.problem
    if not reader.known:
        return "has no HTML element"
    return "leaves elements open" if set(reader.open) - _OPTIONAL_END else None


SCORER = Scorer(
    name="is-html",
    version=2,
    summary=__doc__,
    needs_reference=False,
    calls_model=False,
    build=build,
    accepts=("extract",),
)
