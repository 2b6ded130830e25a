"""Which fault an error's sentence means, told by its words: for wordings that no line of the vendors' table has.

Servers and gateways say the same few things in ever new sentences: "unknown field `seed`", "seed is not supported",
"this model does not support the `seed` parameter". The words are the same ones: a subject, and what is wrong with it.
A line here joins the words for a subject with the words for what is wrong; the first that fits wins, as there.

Only faults that say what to do about a request are told so. Where a sentence could mean a refusal by a filter, which
counts against a candidate, it must name both what was blocked and that it was.
"""

from __future__ import annotations

from audit.protocols.error_rules import ErrorRule, rule
from audit.protocols.faults import Fault

_REFUSED = (
    r"(?:(?:is|are|was|were) (?:currently )?(?:not|un) ?(?:supported|allowed|permitted|accepted|enabled|recogni[sz]ed)"
    r"|(?:is|was) unexpected|not supported|unsupported|not permitted|not allowed|not enabled)"
)
_DENIES = r"(?:(?:does|do)(?: not|n.t) (?:support|accept|allow|take|recogni[sz]e)|unsupported|no support for)"
_QUOTE = r"[`'\"\[({]{0,3}"
_UNMISTAKABLE = (
    r"temperature|top_?[pk]|min_?p|seed|(?:top_?)?logprobs|logit_?bias|(?:presence|frequency|repetition)_?penalty"
    r"|max_?(?:completion_?|output_?|new_?)?tokens|reasoning_effort|enable_thinking|chat_template_kwargs"
    r"|parallel_tool_calls|stream_options|service_tier|verbosity"
)
"""Parameters whose names are no words of a sentence about something else; in either spelling, `top_p` and `topP`."""
_ANY_NAME = r"[a-z_][a-z_0-9]{0,39}"
_NAMED = rf"{_QUOTE}\b(?P<p>{_UNMISTAKABLE})\b"
_FIELD = r"(?:param(?:eter)?|field|argument|property|properties|key|name|option)s?(?:\(s\))?"
_TOOLS = r"\b(?:tools?(?:[ _-](?:use|calls?|calling|choice))?|functions?[ _-]?call(?:s|ing)?)\b"
_MEDIA = r"\b(?:images?|vision|multi-?modal|audio|video|image_url|input_audio)\b"
_FORMAT = r"(?:response[ _]?format(?:\.type)?|json[ _](?:schema|object|mode)|structured outputs?)\b"
_MONEY = r"(?:balance|credits?|funds|quota|allocation)\b"
_SPAN = r"(?:monthly|daily|spending|billing|budget|free)"
_ASKED_FOR = (200, 400, 403, 404, 413, 422, 500)


def _either(subject: str) -> str:
    """A subject that is refused, or one that the endpoint says it does not support."""
    return rf"{subject}[^.\n]{{0,40}}?{_REFUSED}|{_DENIES}[^.\n]{{0,40}}?{subject}"


WORDS: tuple[ErrorRule, ...] = (
    rule(
        "words: filter",
        Fault.FILTERED,
        says=r"sensitive ?(?:content|information)|new_sensitive|censorship_blocked"
        r"|violated [^.\n]{0,40}(?:policy|policies)"
        r"|(?:content|prompt|input|output|response)[^.\n]{0,40} (?:was|were|is|been)? ?(?:blocked|flagged|moderated)\b"
        r"|prompt blocked|response blocked|guardrail_triggered|flagged by [^.\n]{0,20}moderation|不安全|敏感",
        status=(400, 403, 422, 424, 446, 451, 500),
    ),
    rule(
        "words: context",
        Fault.CONTEXT_TOO_LONG,
        says=r"context[^.\n]{0,20}overflow|context length of only"
        r"|(?:prompt|input|context|tokens?)\b[^\n]{0,80}?"
        r"(?:exceed|longer than|larger than|too (?:long|large|many)|must be <=)"
        r"[^\n]{0,80}?(?:length|limit|window|tokens|max)",
        status=(400, 413, 422, 500),
    ),
    rule(
        "words: stream",
        Fault.STREAM_ONLY,
        says=r"non-?stream\w*[^.\n]{0,30}(?:not|un) ?supported|only (?:support\w* )?stream(?:ing|s|ed)?\b"
        r"|requires? [`'\"]?stream(?:ing)?\b|set [`'\"]?stream[`'\"]? to true|stream ?= ?true",
        status=(400, 422),
    ),
    rule(
        "words: role",
        Fault.ROLE,
        says=r"(?:invalid|incorrect|unknown|unexpected|unsupported|a valid) (?:message )?role\b"
        rf"|\brole:? {_QUOTE}\w{{1,20}}{_QUOTE}[`'\"]? ?{_REFUSED}",
        status=(400, 422, 500),
    ),
    rule(
        "words: format",
        Fault.RESPONSE_FORMAT,
        says=rf"{_either(_FORMAT)}|response_format\.type|value: '?json_",
        status=(400, 404, 422, 500),
    ),
    rule("words: tools", Fault.TOOLS, says=rf"(?<!parallel_){_either(_TOOLS)}", status=(400, 404, 422, 500)),
    rule(
        "words: media",
        Fault.MEDIA,
        says=rf"{_either(_MEDIA)}|not a (?:vlm|vision|multimodal)|text-only prompts",
        status=(400, 404, 415, 422, 500),
    ),
    rule(
        "words: credit",
        Fault.QUOTA,
        says=rf"(?:insufficient|not enough|out of|used (?:up )?(?:all|your)|no remaining|any)\b[^.\n]{{0,40}}{_MONEY}"
        rf"|{_MONEY}[^.\n]{{0,30}}(?:insufficient|exhausted|not enough|overdue|depleted|used up|too low)"
        rf"|{_SPAN}[^.\n]{{0,20}}(?:limit|cap)[^.\n]{{0,20}}(?:reached|exceeded|hit)"
        rf"|(?:reached|exceeded|reaching|hit)[^.\n]{{0,40}}{_SPAN}[^.\n]{{0,20}}(?:limit|cap)\b"
        r"|overdue balance|arrearage|good standing|per day limit|余额不足|额度不足|欠费",
        status=(400, 402, 403, 412, 429, 500),
    ),
    rule(
        "words: key",
        Fault.AUTH,
        says=r"(?:invalid|incorrect|wrong|missing|expired|revoked) (?:api[ _-]?key|access token|credentials)"
        r"|authentication (?:error|failed|required)|login fail"
        r"|api[ _-]?key (?:is )?(?:invalid|expired|revoked|missing)",
        status=(400, 403, 500),
    ),
    rule(
        "words: address",
        Fault.ADDRESS,
        says=r"unexpected endpoint or method|could not route to|no route (?:matched|found)"
        r"|unknown (?:url|path|route)\b",
    ),
    rule(
        "words: model",
        Fault.MODEL,
        "model_not_supported",
        r"no such model|not found the model|no models? (?:loaded|available)|unable to access (?:non-serverless )?model"
        r"|(?:model|endpoint)\b[^.\n]{0,80}?(?:does not exist|doesn.t exist|(?<!api) not found|not a chat model"
        r"|(?:been|is) (?:deprecated|decommissioned|retired)|no longer (?:available|supported))|模型不存在",
        status=(400, 403, 404, 410, 422),
    ),
    rule(
        "words: unknown parameter",
        Fault.PARAMETER,
        says=rf"(?:unknown|unrecogni[sz]ed|unexpected|unsupported|extraneous) {_FIELD}:? "
        rf"{_QUOTE}(?P<p>{_ANY_NAME})"
        rf"|additional properties[^.\n]{{0,30}}?(?:\(|: ?){_QUOTE}(?P<q>{_ANY_NAME})",
        status=_ASKED_FOR,
    ),
    rule(
        "words: parameter",
        Fault.PARAMETER,
        says=rf"{_NAMED}[^.\n]{{0,60}}?{_REFUSED}|{_DENIES} [^.\n]{{0,40}}?{_NAMED.replace('<p>', '<q>')}",
        status=_ASKED_FOR,
    ),
    rule(
        "words: value",
        Fault.VALUE,
        says=rf"(?:invalid|range of) {_NAMED}"
        rf"|{_NAMED.replace('<p>', '<q>')}[^.\n]{{0,60}}?"
        r"(?:must|should|has to|may only|can only|cannot both|out of range|too (?:large|small)|is allowed)",
        status=_ASKED_FOR,
    ),
    rule(
        "words: rate",
        Fault.RATE_LIMITED,
        says=r"^(?:[\w.]{1,60}: ){0,3}(?:too many requests|rate.?limit|throttl)"
        r"|ratelimiterror|throttlingexception|\bqps\b",
        status=(400, 403, 500, 503),
    ),
    rule(
        "words: busy",
        Fault.OVERLOADED,
        says=r"overloaded|(?:at|over) capacity|(?:server|system|service) (?:is )?busy|temporarily unavailable",
        status=(400, 429, 500, 503),
    ),
)
