"""Personal data leaves this machine as placeholders, and answers are read with its values."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from audit.core.clock import ManualClock
from audit.core.exchange import Request
from audit.core.note import AnswerNote
from audit.core.settings import TierSettings
from audit.core.tier import Tier
from audit.llm.client import ClientOptions, open_client
from audit.llm.reply import Reply
from audit.llm.tiers import hides_personal_data, resolve_tier
from audit.llm.veil import Veil
from tests.llm.world import Script, body, request, tier
from tests.masking.planted import planted

MAIL, PHONE = "ada.lovelace@mail.example.org", "+44 20 7946 0958"
TEXT = f"My name is Ada Lovelace, {MAIL}, phone {PHONE}. Write to {MAIL}."


def ask(asked: Tier, said: dict[str, Any], logged: Request) -> tuple[Reply, str]:
    """The reply of a tier, and all that was sent to it."""
    script = Script(httpx.Response(200, json=said))

    async def main() -> Reply:
        options = ClientOptions(environ={})
        async with open_client([asked], clock=ManualClock(), transport=script, options=options) as client:
            return await client.complete(logged, asked)

    reply = asyncio.run(main())
    return reply, "".join(one.content.decode() for one in script.seen)


def test_values_stay_here_and_answers_have_them() -> None:
    """Nothing of them is sent, placeholders repeat with their values, and criteria see what the log's answers hold."""
    call = {"id": "1", "type": "function", "function": {"name": "mail", "arguments": '{"to": "<email-1>"}'}}
    said = body("Dear <name-1>, &lt;email-1&gt; and EMAIL-1 are yours; <phone-1>.", tool_calls=[call])
    reply, sent = ask(tier(), said, request(TEXT))
    assert MAIL not in sent
    assert PHONE not in sent
    assert "Lovelace" not in sent
    assert json.loads(sent)["messages"][0]["content"] == (
        "My name is <name-1>, <email-1>, phone <phone-1>. Write to <email-1>."
    )
    assert reply.completion is not None
    assert reply.completion.text == f"Dear Ada Lovelace, {MAIL} and {MAIL} are yours; {PHONE}."
    assert json.loads(reply.completion.tool_calls[0]["function"]["arguments"]) == {"to": MAIL}
    assert AnswerNote.PLACEHOLDERS.value in reply.completion.notes


def test_a_request_without_personal_data_is_sent_as_it_is() -> None:
    """And its answer carries no note."""
    reply, sent = ask(tier(), body("fine"), request("two lamps, one broken"))
    assert json.loads(sent)["messages"][0]["content"] == "two lamps, one broken"
    assert reply.completion is not None
    assert AnswerNote.PLACEHOLDERS.value not in reply.completion.notes


def test_off_by_name() -> None:
    """Whoever says `off` sends what the log holds, and such answers are not taken for those to placeholders."""
    in_clear = tier(redact="off")
    _, sent = ask(in_clear, body("fine"), request(TEXT))
    assert MAIL in sent
    assert in_clear.answers_key != tier().answers_key
    assert in_clear.identity == tier().identity


@pytest.mark.parametrize(
    ("address", "hides"),
    [
        ("http://127.0.0.1:8000/v1", False),
        ("http://localhost:8000/v1", False),
        ("http://[::1]:8000/v1", False),
        ("http://10.0.0.7/v1", True),
        ("https://localhost.example.com/v1", True),
        ("https://api.example.com/v1", True),
    ],
)
def test_on_where_text_leaves_this_machine(address: str, hides: bool) -> None:
    """An address of this machine alone is no other's; every other one is, and settings decide over both."""
    said = {"name": "a", "model": "m", "provider": "openai-compatible", "price": {"input": 1, "output": 1}}
    assert hides_personal_data(resolve_tier(TierSettings(**said, base_url=address))) is hides
    assert not hides_personal_data(resolve_tier(TierSettings(**said, base_url=address, redact="off")))
    assert not hides_personal_data(resolve_tier(TierSettings(**said, base_url=address, redact=False)))  # YAML's off
    assert hides_personal_data(resolve_tier(TierSettings(**said, base_url=address, redact="personal")))


def test_every_planted_value_comes_back() -> None:
    """An answer that repeats the request is the request again, whatever it holds, placeholders of the log's own too."""
    for case in planted(seed=3, each=2):
        logged = request(f"<{case.kind}-1> {case.text}")
        veil = Veil()
        sent = veil.request(logged)
        assert case.value not in str(sent.messages)
        said = body(sent.messages[0]["content"])
        reply, _ = ask(tier(), said, logged)
        assert reply.completion is not None
        assert reply.completion.text == logged.messages[0]["content"]
