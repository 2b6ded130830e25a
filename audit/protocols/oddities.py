"""What is odd about an answer, whatever protocol it came by."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from audit.core.exchange import Completion
from audit.core.note import AnswerNote
from audit.protocols.usage import Counts

MODEL_CHARS = 200
OTHER_TIERS = frozenset({"flex", "priority", "batch", "performance"})
"""Service tiers with prices of their own."""

_CONTROL = re.compile(
    r"(?:<\|(?:im_end|eot_id|eom_id|end|end_of_text|endoftext|return|call|end_of_turn_token)\|>"
    r"|</s>|<end_of_turn>|<eos>|<\uff5cend\u2581of\u2581sentence\uff5c>)\s*$",
    re.IGNORECASE,
)
_CALL_TEXT = re.compile(
    r"<tool_call>|\[TOOL_CALLS\]|<\|python_tag\|>|<function=\w|<\uff5ctool\u2581calls\u2581begin\uff5c>"
)
_THOUGHT_TEXT = re.compile(
    r"\s*(?:<think(?:ing)?>|<\|channel\|>analysis|<seed:think>|\[THINK\])|(?s:.*)</think(?:ing)?>", re.IGNORECASE
)
_VENDOR = re.compile(r"^(?:[a-z][a-z0-9-]*\.(?=[a-z]))+")
_VERSION = re.compile(
    r"^(?:[-@:._]?(?:\d[\d.-]*|v\d[\d.]*|latest|preview|exp|instruct|chat|it|fp8|fp16|bf16|awq|gptq|gguf|int[48]|q\d\w*"
    r"|hf|maas|online|free|fast))*$"
)
_SURROGATE = re.compile("[\ud800-\udfff]")


def annotated(completion: Completion, model: str, counts: Counts, service_tier: Any = None) -> Completion:
    """The answer with its usage and its notes.

    Args:
        model: The one that was asked for.
        service_tier: As the reply names it.
    """
    reported = printable(completion.model_reported)
    text, answered = completion.text or "", bool(completion.tool_calls or completion.refusal)
    cut = completion.finish_reason == "length"
    beside = completion.beside_bytes > 0 and not text.strip() and not answered
    odd = (
        (AnswerNote.REASONING_USED_LIMIT, beside and cut),
        (AnswerNote.IN_REASONING, beside and not cut),
        (AnswerNote.CONTROL_TOKEN, _CONTROL.search(text[-80:]) is not None),
        (AnswerNote.TOOL_CALL_AS_TEXT, not answered and _CALL_TEXT.search(text) is not None),
        (AnswerNote.REASONING_AS_TEXT, _THOUGHT_TEXT.match(text) is not None),
        (AnswerNote.NO_FINISH, completion.finish_reason == "unknown"),
        (AnswerNote.USAGE_UNREADABLE, counts.unreadable),
        (AnswerNote.HIDDEN_TOKENS, counts.hidden > 0),
        (AnswerNote.OTHER_MODEL, reported is not None and not same_model(model, reported)),
        (AnswerNote.SERVICE_TIER, isinstance(service_tier, str) and service_tier.lower() in OTHER_TIERS),
    )
    notes = (*completion.notes, *(note.value for note, holds in odd if holds))
    return replace(completion, usage=counts.usage, model_reported=reported, notes=notes, billed_usd=counts.billed_usd)


def same_model(asked: str, reported: str) -> bool:
    """Whether two names mean one model: vendor prefixes, dates, versions and precisions aside.

    `openai/gpt-4o` and `gpt-4o-2024-08-06` do; `gpt-4o` and `gpt-4o-mini` do not.
    """
    one, other = (_VENDOR.sub("", name.lower().rsplit("/", 1)[-1]) for name in (asked, reported))
    short, long = sorted((one, other), key=len)
    return long.startswith(short) and _VERSION.match(long[len(short) :]) is not None


def printable(model: Any) -> str | None:
    """The name of the model that says it answered, fit to be printed; None for none."""
    if not isinstance(model, str) or not model:
        return None
    return "".join(c if c.isprintable() else "\ufffd" for c in _SURROGATE.sub("\ufffd", model[:MODEL_CHARS]))
