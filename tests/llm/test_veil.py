"""Personal data stays on this machine unless a tier says how it leaves: as placeholders, or as it is."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import httpx
import pytest

from audit.core.clock import ManualClock
from audit.core.exchange import Completion, Request
from audit.core.note import AnswerNote
from audit.core.reason import NOT_ASKED, Reason
from audit.core.settings import TierSettings
from audit.core.tier import Tier
from audit.llm.client import ClientOptions, open_client
from audit.llm.masked import veiled_aside
from audit.llm.provider import HttpReply
from audit.llm.reply import Reply
from audit.llm.tiers import keeps_personal_data, resolve_tier
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
    said = body("Dear <name-1>, &lt;email-1&gt; and <EMAIL-1> are yours; <phone-1>.", tool_calls=[call])
    reply, sent = ask(tier(redact="personal"), said, request(TEXT))
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


def test_what_nobody_let_go_is_not_asked() -> None:
    """A request with placeholders is another request, so without a word nothing is sent, and nothing counts as
    answered: the candidate is outside the claim there, with the reason."""
    script = Script()

    async def main() -> Reply:
        async with open_client(
            [tier()], clock=ManualClock(), transport=script, options=ClientOptions(environ={})
        ) as client:
            return await client.complete(request(TEXT), tier())

    reply = asyncio.run(main())
    assert reply.because is not None
    assert reply.because.reason is Reason.PERSONAL_DATA
    assert reply.because.reason in NOT_ASKED
    assert (reply.completion, reply.spent_usd, script.seen) == (None, 0.0, [])


def test_an_answer_that_was_paid_for_is_read() -> None:
    """A batch that was handed in when the tier said `off` comes back to settings that say nothing: it is an answer."""

    async def main() -> Reply:
        options = ClientOptions(environ={})
        async with open_client([tier()], clock=ManualClock(), transport=Script(), options=options) as client:
            said = json.dumps(body("fine")).encode()
            return client.read(HttpReply(status=200, headers={}, body=said), request(TEXT), tier(), attempts=1)

    reply = asyncio.run(main())
    assert reply.completion is not None
    assert (reply.completion.text, reply.because) == ("fine", None)


def test_placeholders_are_numbered_in_the_order_of_their_values() -> None:
    """A later turn renames none of the earlier ones, so that a vendor's prompt cache is still of use."""
    turns = [{"role": "user", "content": f"Write to {name}@mail.example.org"} for name in ("ada", "bob", "eve")]
    sent = [Veil().request(Request(request_fp="", messages=turns[:n])).messages for n in (1, 2, 3)]
    assert [turn["content"] for turn in sent[2]] == [f"Write to <email-{n}>" for n in (1, 2, 3)]
    assert sent[1] == sent[2][:2]
    assert sent[0] == sent[2][:1]


def test_words_are_no_placeholders() -> None:
    """Without its brackets `address-1` may be a field's name: only what is written as a placeholder is put back."""
    veil = Veil()
    veil.request(request(TEXT))
    words = "Set the ids name-1 and email-1; ${name-1}"
    assert veil.completion(Completion(text=words)).text == words
    assert veil.completion(Completion(text=r"\<email-1\> <name-2>")).text == f"{MAIL} <name-2>"


AGAIN = [
    ("My name is Ada Lovelace. Is Ada's lamp sent to Lovelace?", ("Ada", "Lovelace")),
    ("Phone: (212) 736-5000. I repeat: 2127365000, or +1 212 736 5000.", ("736", "5000")),
    ("passport number C01X00T47; it says C01X00T47 below", ("C01X00T47",)),
    ("born on March 3, 1980. So: March 3, 1980!", ("March",)),
    ("Numéro de sécurité sociale 2 55 08 14 168 025 38, sans espaces 255081416802538", ("168", "2550")),
    (
        "Mail ada@mail.example.org. ?to=ada%40mail.example.org, ada (at) mail.example.org, ada＠mail.example.org",
        ("ada", "mail.example"),
    ),
    ("BSN: 111222333. Klopt 111222333 nog?", ("111222333",)),
]
"""Texts in which what was announced once stands again without a word; nothing of it may leave."""


@pytest.mark.parametrize(("text", "values"), AGAIN, ids=[text[:16] for text, _ in AGAIN])
def test_what_is_found_once_is_replaced_wherever_it_stands(text: str, values: tuple[str, ...]) -> None:
    """In other messages too, before and behind; and each mention comes back in its own form."""
    again = text.partition(". ")[2] or text
    logged = Request(request_fp="", messages=[{"role": "user", "content": part} for part in (again, text, again)])
    veil = Veil()
    sent = veil.request(logged)
    assert [value for value in values if value in str(sent.messages)] == []
    back = [veil.completion(Completion(text=turn["content"])).text for turn in sent.messages]
    assert back == [again, text, again]


def test_words_that_only_begin_like_a_value_stay() -> None:
    """Parts of longer words and numbers are none, and a long list of values is looked for at once."""
    text = "My name is Ada Lovelace. Adaptive, Lovelaces, CANADA; phone 2127365000, order 92127365000017."
    sent = Veil().request(request(text)).messages[0]["content"]
    assert sent.endswith("Adaptive, Lovelaces, CANADA; phone <phone-1>, order 92127365000017.")


def test_a_record_as_json_keeps_its_form() -> None:
    """What stands around a placeholder is left to the letter: spaces, order, escapes, doubles, numbers as written."""
    record = (
        '{\n  "to" : "ada@mail.example.org",  "n":1.50, "n": 1e3, "caf\\u00e9": [ "x",2 ],\n'
        '"in":"{\\"a\\":  \\"bob@mail.example.org\\"}", "phone": 2125551234 }'
    )
    veil = Veil()
    sent = veil.request(request(record)).messages[0]["content"]
    expected = record.replace("ada@mail.example.org", "<email-1>").replace("bob@mail.example.org", "<email-2>")
    assert sent == expected.replace("2125551234", '"<phone-1>"')
    assert json.loads(sent)["in"] == '{"a":  "<email-2>"}'


def test_a_long_request_is_masked_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others do not wait for it; a short one is not worth a thread."""
    threads: list[int] = []

    def noted(asked: Tier, logged: Request) -> tuple[Veil, Request]:
        threads.append(threading.get_ident())
        return Veil(), logged

    monkeypatch.setattr("audit.llm.masked.veiled", noted)
    for text in ("short", "long " * 20_000):
        asyncio.run(veiled_aside(tier(), request(text)))
    assert threads[0] == threading.get_ident() != threads[1]


STRUCTURED = {
    "phone": "2125551234", "date_of_birth": "1990-01-02", "name": "Anna Meier", "passport": "C01X00T47",
    "email": "anna@mail.example.org",
}  # fmt: skip


@pytest.mark.parametrize("name", STRUCTURED)
def test_a_key_announces_its_value(name: str) -> None:
    """In a record as JSON the key says what words in front of it say in prose."""
    record = json.dumps({name: STRUCTURED[name], "item": "lamp", "kind": {"name": "Total"}})
    sent = Veil().request(request(record)).messages[0]["content"]
    assert STRUCTURED[name] not in sent
    assert "Total" in sent


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
    # What is sent as it is, is the same whoever allowed it; with placeholders it is another request.
    assert in_clear.answers_key == tier().answers_key != tier(redact="personal").answers_key


@pytest.mark.parametrize(
    ("address", "keeps"),
    [
        ("http://127.0.0.1:8000/v1", False),
        ("http://localhost:8000/v1", False),
        ("http://[::1]:8000/v1", False),
        ("http://10.0.0.7/v1", True),
        ("https://localhost.example.com/v1", True),
        ("https://api.example.com/v1", True),
    ],
)
def test_on_where_text_leaves_this_machine(address: str, keeps: bool) -> None:
    """An address of this machine alone is no other's; every other one is, and settings decide over both."""
    said = {"name": "a", "model": "m", "provider": "openai-compatible", "price": {"input": 1, "output": 1}}
    assert keeps_personal_data(resolve_tier(TierSettings(**said, base_url=address))) is keeps
    for word in ("off", False, "personal"):  # YAML reads `off` as false
        assert not keeps_personal_data(resolve_tier(TierSettings(**said, base_url=address, redact=word)))


def test_every_planted_value_comes_back() -> None:
    """An answer that repeats the request is the request again, whatever it holds, placeholders of the log's own too."""
    for case in planted(seed=3, each=2):
        logged = request(f"<{case.kind}-1> {case.text}")
        veil = Veil()
        sent = veil.request(logged)
        assert case.value not in str(sent.messages)
        said = body(sent.messages[0]["content"])
        reply, _ = ask(tier(redact="personal"), said, logged)
        assert reply.completion is not None
        assert reply.completion.text == logged.messages[0]["content"]
