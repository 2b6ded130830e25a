"""`audit label --browser` as an application: the next pair, a word about it, and how it stands.

It has no page but these, so that nothing a labeller can open says whose answer is whose: the address is the same for
every pair, both answers are written the same way, and the run's cases are not served here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from threading import Lock
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from audit.cases.texts import AnswerText
from audit.core.display import kappa_interval, percent_share
from audit.core.errors import AuditError
from audit.labelling.opening import Opened
from audit.labelling.session import Word
from audit.view.rendering import html
from audit.view.sides import call_lines

LARGEST_FORM = 10_000
"""Bytes of a form: a name and a word."""


def application(opened: Opened) -> Starlette:
    """The pages of one session; words are taken one after the other."""
    lock = Lock()

    def page(request: Request) -> Response:
        with lock:
            return _pair(opened)

    def summary(request: Request) -> Response:
        with lock:
            return _summary(opened)

    async def judge(request: Request) -> Response:
        form = await _form(request)
        word = next((word for word in Word if word.key == form.get("word")), None)
        if word is None:
            return html("view/problem.html.j2", status=400, what="there is no such word", hint="go back to the pair")
        with lock:
            try:
                opened.session.judge(form.get("pair", ""), word)
            except AuditError as error:
                return html("view/problem.html.j2", status=404, what=error.what, hint="go back to the pair")
        return RedirectResponse(".", status_code=303)

    async def undo(request: Request) -> Response:
        await _form(request)
        with lock:
            opened.session.undo()
        return RedirectResponse(".", status_code=303)

    posts: dict[str, Callable[[Request], Awaitable[Response]]] = {"/judge": judge, "/undo": undo}
    return Starlette(
        routes=[
            Route("/", page, methods=["GET"]),
            Route("/summary", summary, methods=["GET"]),
            *(Route(path, take, methods=["POST"]) for path, take in posts.items()),
        ]
    )


async def _form(request: Request) -> dict[str, str]:
    """Fields of a form; one that is too large, or none, is empty."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_FORM:
            return {}
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


def _pair(opened: Opened) -> Response:
    session = opened.session
    pair = session.next()
    if pair is None:
        return _summary(opened)
    *before, last = pair.messages or ("",)
    return html(
        "view/label.html.j2",
        **_around(opened),
        pair=pair.name,
        before=before,
        last=last,
        tools=pair.tools,
        answers=[("A", _text(pair.first)), ("B", _text(pair.second))],
        words=[(word.key, word.words) for word in Word],
    )


def _text(answer: AnswerText) -> str:
    calls = "".join(line for call in answer.calls for line in call_lines(call))
    return "\n".join(part for part in (answer.text, calls.rstrip("\n")) if part)


def _summary(opened: Opened) -> Response:
    session = opened.session
    agreements = [
        (
            " and ".join(one.people),
            f"{one.same} of {one.answers}, {percent_share(one.same / one.answers)}",
            "–" if one.kappa is None else kappa_interval(one.kappa),
        )
        for one in session.agreements()
    ]
    return html(
        "view/labelled.html.j2",
        **_around(opened),
        left=session.next() is not None,
        people=[(name or "(nobody named)", number) for name, number in session.people().items()],
        agreements=agreements,
        file=str(session.file),
        unused="" if opened.demo else opened.unused,
        run=str(session.folder.path),
    )


def _around(opened: Opened) -> dict[str, Any]:
    session = opened.session
    return {
        "route": session.route.route or "(no route)",
        "by": session.by,
        "judged": len(session.judged_pairs),
        "total": session.total,
        "needed": session.standing,
        "criteria": opened.criteria,
        "demo": opened.demo,
    }
