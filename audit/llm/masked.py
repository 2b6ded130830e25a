"""The seam that every request to a tier, every reply and every error of it passes: what comes back has no secrets, and
what leaves has no personal data.

An endpoint may say our own key back to us, in an answer, in the arguments of a tool call, or in the name of a parameter
or a model, and whatever is said goes on into journal, cassette, tables, report and messages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace

from audit.core.errors import EndpointError
from audit.core.exchange import Completion, Request
from audit.core.note import AnswerNote
from audit.core.reason import Reason, because
from audit.core.tier import Tier
from audit.llm.provider import Unsupported
from audit.llm.reply import Reply
from audit.llm.tiers import keeps_personal_data, variables_of
from audit.llm.veil import Veil, is_long
from audit.masking.redact import Redactor
from audit.masking.secrets import KeysInUse


class ReplyMask:
    """Masks what tiers say.

    Args:
        tiers: Their keys are masked by their very values, whatever they look like.
        environ: Where keys are looked up.
        personal: Kinds of personal data that are replaced in the log (`ingest.redact`). They are in answers too:
            else an answer would differ from the log's by the placeholder alone.
    """

    def __init__(self, tiers: Iterable[Tier], environ: Mapping[str, str], personal: tuple[str, ...] = ()) -> None:
        self._keys = KeysInUse(environ.get(name) for tier in tiers for name in variables_of(tier))
        self._personal = personal

    def text(self, text: str) -> str:
        """A text of a tier, masked."""
        return self._redactor().text(text)

    def reply(self, reply: Reply) -> Reply:
        """The reply, masked. What it costs is settled before, by the bytes that came."""
        redactor = self._redactor()
        completion = None if reply.completion is None else _completion(reply.completion, redactor)
        if completion is not None and redactor.found["secret"]:
            completion = replace(completion, notes=(*completion.notes, AnswerNote.SECRET_MASKED.value))
        because = reply.because
        if because is not None:
            because = replace(because, facts={k: redactor.value(v) for k, v in because.facts.items()})
        return replace(
            reply,
            completion=completion,
            error=None if reply.error is None else redactor.text(reply.error),
            parameter=None if reply.parameter is None else redactor.text(reply.parameter),
            because=because,
        )

    def error(self, error: EndpointError) -> None:
        """Mask the words of an error."""
        redactor = self._redactor()
        error.what = redactor.text(error.what)
        error.args = (error.what,)
        error.notes = tuple(map(redactor.text, error.notes))
        error.hint = None if error.hint is None else redactor.text(error.hint)
        error.parameter = None if error.parameter is None else redactor.text(error.parameter)

    def _redactor(self) -> Redactor:
        return Redactor(self._personal, self._keys)


def _completion(said: Completion, redactor: Redactor) -> Completion:
    """The answer, masked as the log's answers are."""
    calls = redactor.value(list(said.tool_calls)) if said.tool_calls else said.tool_calls
    return replace(
        said,
        text=None if said.text is None else redactor.text(said.text),
        refusal=None if said.refusal is None else redactor.text(said.refusal),
        tool_calls=tuple(calls),
        model_reported=None if said.model_reported is None else redactor.text(said.model_reported),
    )


def veiled(tier: Tier, request: Request) -> tuple[Veil, Request]:
    """What the placeholders of a request stand for, and the request as it may leave for a tier.

    Raises:
        Unsupported: It holds personal data, and the tier's settings do not say that it may leave. A request with
            placeholders may be an easier or a harder one than today's model was given, and a shorter one: what a
            candidate makes of it is no evidence, unless the user serves the tier in this way.
    """
    veil, sent = as_sent(tier, request)
    if keeps_personal_data(tier) and Veil().request(request) is not request:
        raise Unsupported(because(Reason.PERSONAL_DATA))
    return veil, sent


async def veiled_aside(tier: Tier, request: Request) -> tuple[Veil, Request]:
    """As `veiled`; a long request in a thread, so that no other call, and no answer, waits for it."""
    if is_long(request):
        return await asyncio.to_thread(veiled, tier, request)
    return veiled(tier, request)


def as_sent(tier: Tier, request: Request) -> tuple[Veil, Request]:
    """As `veiled`, of a request that was sent: whatever the settings let go now, its answer was paid for."""
    veil = Veil()
    return veil, veil.request(request) if tier.redact == "personal" else request


def unveiled(reply: Reply, veil: Veil) -> Reply:
    """The reply with values in place of placeholders. Its usage stays that of what was sent."""
    return reply if reply.completion is None else replace(reply, completion=veil.completion(reply.completion))
