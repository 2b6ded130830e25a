"""Reasons as values: why a request was not asked, why a call was not measured, why a tier or a route stopped, why a
route cannot be decided. Code compares members, people read the sentence; each has exactly one, in the table below.

A value is a word that stands in tables and JSON (`schemas.REPLAYS.reason`, `unreplayable_reasons`, the ledger). What a
sentence names in braces is a fact: a parameter, a count, an amount, already written for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Reason(StrEnum):
    """Every reason. The groups are those of `SENTENCES`."""

    # Why a logged request cannot be replayed.
    BODY_NOT_CAPTURED = "body_not_captured"
    BODY_EXTERNAL = "body_external"
    TRUNCATED_MIDDLE = "truncated_middle"
    REDACTED = "redacted"
    ENCRYPTED = "encrypted"
    IMAGE_MISSING = "image_missing"
    REMOTE_IMAGE_URL = "remote_image_url"
    SYSTEM_MISSING = "system_missing"
    PARAMS_MISSING = "params_missing"
    TOOLS_MISSING = "tools_missing"
    SUSPECTED_MISSING_INPUT = "suspected_missing_input"
    SERVER_SIDE_STATE = "server_side_state"
    EMBEDDING = "embedding"
    OTHER_OPERATION = "other_operation"
    NESTED_TOO_DEEPLY = "nested_too_deeply"
    PARTIAL_STREAM = "partial_stream"
    NO_RESPONSE = "no_response"
    ANSWER_IN_REQUEST = "answer_in_request"
    COST_UNKNOWN = "cost_unknown"

    # Why an answered call in the log has no dollars. It is never taken for $0.
    SELF_HOSTED = "self_hosted"
    UNKNOWN_MODEL = "unknown_model"
    NO_TOKENS = "no_tokens"
    CUT_BEFORE_TOKENS = "cut_before_tokens"
    TOKEN_CLASS = "token_class"
    SERVICE_TIER = "service_tier"
    PRICES_DIFFER = "prices_differ"

    # Why a candidate was not asked a request. None of it is an answer, so none of it counts against the candidate.
    TOOLS_OFF = "tools_off"
    SCHEMAS_OFF = "schemas_off"
    IMAGES_OFF = "images_off"
    PERSONAL_DATA = "personal_data"
    PART_NOT_CARRIED = "part_not_carried"
    PARAMETER_NOT_CARRIED = "parameter_not_carried"
    LOST_ON_THE_WAY = "lost_on_the_way"
    PARAMETER_REFUSED = "parameter_refused"
    ROLE_REFUSED = "role_refused"
    MEDIA_REFUSED = "media_refused"
    TOOLS_REFUSED = "tools_refused"
    FORMAT_REFUSED = "format_refused"
    STREAMS_ONLY = "streams_only"
    ABOVE_ALLOWANCE = "above_allowance"
    REQUEST_REFUSED = "request_refused"

    # Why a call says nothing of the candidate, although it was asked.
    RATE_LIMITED = "rate_limited"
    TIMEOUT = "timeout"
    HTTP_ERROR = "http_error"
    UNDECODABLE = "undecodable"
    OTHER_MODEL = "other_model"
    NOT_REPLAYED = "not_replayed"
    INCUMBENT_UNSCORED = "incumbent_unscored"
    CRITERIA_ERRORED = "errored"

    # Why an answer counts against the candidate.
    REFUSED = "refused"
    TRUNCATED = "truncated"
    TOO_LONG = "too_long"
    MALFORMED = "malformed"

    # Why nothing more is sent to a tier, or for a route to a tier.
    TIER_STOPPED = "tier_stopped"
    TOO_MANY_FAILURES = "too_many_failures"

    # Why a route is not tested.
    LEFT_OUT = "left_out"
    NO_ENTRY = "no_entry"
    NO_CRITERIA = "no_criteria"
    CRITERIA_NOT_SUPPORTED = "criteria_not_supported"
    CRITERIA_CANNOT_SCORE = "criteria_cannot_score"
    EXPECTATION_IMPOSSIBLE = "expectation_impossible"
    NOTHING_PASSES = "nothing_passes"
    HARDLY_PASSES = "hardly_passes"
    DRAFT_REJECTS = "draft_rejects"
    ONE_ANSWER_SUFFICES = "one_answer_suffices"
    TEXT_BESIDE_CALLS = "text_beside_calls"
    FIELDS_UNCOMPARED = "fields_uncompared"
    SEVERAL_VALUES = "several_values"
    PART_PASSES_NOTHING = "part_passes_nothing"
    CRITERIA_LEAVE_OUT = "criteria_leave_out"
    REFERENCES_NOT_RANDOM = "references_not_random"
    REFERENCES_MISS = "references_miss"
    PART_SEES_FORM = "part_sees_form"
    FAILS_UNCOMPARED = "fails_uncompared"
    CRITERIA_SEE_FORM = "criteria_see_form"
    CRITERIA_UNCONFIRMED = "criteria_unconfirmed"
    CRITERIA_ACCEPT_DAMAGE = "criteria_accept_damage"
    CRITERIA_NOT_SHOWN_TO_TELL = "criteria_not_shown_to_tell"
    CRITERIA_ERR_UNEVENLY = "criteria_err_unevenly"
    JUDGE_NEEDS_LABELS = "judge_needs_labels"
    JUDGE_NOT_CHECKED = "judge_not_checked"
    NOTHING_REPLAYABLE = "nothing_replayable"
    NOTHING_PRICED = "nothing_priced"
    LOG_KEEPS_UNEVENLY = "log_keeps_unevenly"
    CANDIDATES_LEFT_OUT = "candidates_left_out"
    NO_CHEAPER_TIER = "no_cheaper_tier"
    NEITHER_LABEL_NOR_PART = "neither_label_nor_part"
    RULES_DIFFER = "rules_differ"
    NOTHING_TRIMMED = "nothing_trimmed"
    CAP_LEAVES_TOO_LITTLE = "cap_leaves_too_little"
    CAP_LEFT_NOTHING = "cap_left_nothing"

    # What a sample can decide.
    FEW_PAIRS = "few_pairs"
    ONLY_IF_BETTER = "only_if_better"
    FEW_RANDOM_LABELS = "few_random_labels"
    IF_NO_LOSS = "if_no_loss"
    IF_LOSS_BELOW = "if_loss_below"
    CAP_MAKES_IT_WAIT = "cap_makes_it_wait"

    # Whether a new tier is worth a full audit of a route.
    LOSS_INSIDE_MARGIN = "loss_inside_margin"
    LOSES_TOO_MUCH = "loses_too_much"
    SAVES_TOO_LITTLE = "saves_too_little"
    NOT_CHEAPER = "not_cheaper"
    LOSS_UNCLEAR = "loss_unclear"
    SAVING_UNCLEAR = "saving_unclear"
    TRAFFIC_REPEATS = "traffic_repeats"
    FEW_TUNING_REQUESTS = "few_tuning_requests"
    TOO_MUCH_UNMEASURED = "too_much_unmeasured"
    TOO_MUCH_NOT_ASKED = "too_much_not_asked"
    CRITERIA_CHANGED = "criteria_changed"
    STOPPED_EARLY = "stopped_early"


SENTENCES: Mapping[Reason, str] = {
    Reason.BODY_NOT_CAPTURED: "the log does not hold the request",
    Reason.BODY_EXTERNAL: "a part of the request is stored elsewhere",
    Reason.TRUNCATED_MIDDLE: "the log cut the request short",
    Reason.REDACTED: "the log has placeholders in place of text",
    Reason.ENCRYPTED: "the log holds the request encrypted",
    Reason.IMAGE_MISSING: "the log cut an image out",
    Reason.REMOTE_IMAGE_URL: "an image is behind an address that may have changed",
    Reason.SYSTEM_MISSING: "the log does not hold the system prompt",
    Reason.PARAMS_MISSING: "the log does not hold the parameters",
    Reason.TOOLS_MISSING: "the log does not hold the tools",
    Reason.SUSPECTED_MISSING_INPUT: "more tokens were billed than the logged text can have",
    Reason.SERVER_SIDE_STATE: "the conversation is stored by the vendor",
    Reason.EMBEDDING: "it asks for an embedding",
    Reason.OTHER_OPERATION: "it is no chat: images, speech, ranking or moderation",
    Reason.NESTED_TOO_DEEPLY: "its values are nested too deeply to be searched for secrets, so they were not kept",
    Reason.PARTIAL_STREAM: "the logged stream broke off",
    Reason.NO_RESPONSE: "the log does not hold the answer",
    Reason.ANSWER_IN_REQUEST: "the logged request ends with its own answer, which whoever is asked would read first",
    Reason.COST_UNKNOWN: "nobody knows what it cost",
    Reason.SELF_HOSTED: "served by machines of your own, which have no list price",
    Reason.UNKNOWN_MODEL: "no price is known for the model",
    Reason.NO_TOKENS: "the log has neither a cost nor tokens",
    Reason.CUT_BEFORE_TOKENS: "the stream broke off before its tokens were told, and what had come was paid",
    Reason.TOKEN_CLASS: "no rate is known for some of the tokens: audio, or one-hour cache writes",
    Reason.SERVICE_TIER: "no price is known for the service tier",
    Reason.PRICES_DIFFER: "tiers of `audit.yaml` give the model different prices, so none of them prices the log",
    Reason.TOOLS_OFF: "tools are switched off for this tier (`supports.tools`)",
    Reason.SCHEMAS_OFF: "JSON schemas are switched off for this tier (`supports.json_schema`)",
    Reason.IMAGES_OFF: "images are switched off for this tier (`supports.images`)",
    Reason.PERSONAL_DATA: "the request holds personal data, and the tier's `redact` does not say that it may "
    "leave this machine",
    Reason.PART_NOT_CARRIED: "the adapter cannot carry a message part of type `{name}`",
    Reason.PARAMETER_NOT_CARRIED: "the adapter cannot carry the parameter `{name}`",
    Reason.LOST_ON_THE_WAY: "the tier's protocol cannot say all of it: {name}",
    Reason.PARAMETER_REFUSED: "the endpoint does not take `{name}`",
    Reason.ROLE_REFUSED: "the endpoint does not take messages of role `{name}`",
    Reason.MEDIA_REFUSED: "the endpoint does not take images or other media",
    Reason.TOOLS_REFUSED: "the endpoint does not take tools",
    Reason.FORMAT_REFUSED: "the endpoint does not take the response format or its schema",
    Reason.STREAMS_ONLY: "this endpoint only streams its answers",
    Reason.ABOVE_ALLOWANCE: "the endpoint refuses one request that is larger than a minute's allowance",
    Reason.REQUEST_REFUSED: "the endpoint does not take the request as it is sent",
    Reason.RATE_LIMITED: "the endpoint asked for pauses until the attempts were used up",
    Reason.TIMEOUT: "the endpoint did not answer in time",
    Reason.HTTP_ERROR: "the endpoint answered with an error",
    Reason.UNDECODABLE: "the endpoint's answer could not be read",
    Reason.OTHER_MODEL: "another model of this audit answered in its place, as where a gateway falls back",
    Reason.NOT_REPLAYED: "it was never sent",
    Reason.INCUMBENT_UNSCORED: "the log's own answer could not be scored",
    Reason.CRITERIA_ERRORED: "a criterion could not be measured on the answer",
    Reason.REFUSED: "the model or the endpoint's filter refused",
    Reason.TRUNCATED: "the answer was cut at its token limit",
    Reason.TOO_LONG: "the prompt is longer than the tier's context",
    Reason.MALFORMED: "the model wrote no valid tool call or JSON, as its endpoint says",
    Reason.TIER_STOPPED: "nothing more is sent to it: {what}",
    Reason.TOO_MANY_FAILURES: "{failed} of its first {calls} calls failed; the last one: {last}",
    Reason.LEFT_OUT: "this run leaves it out",
    Reason.NO_ENTRY: "no entry of `routes:` fits it",
    Reason.NO_CRITERIA: "it has no acceptance criteria (`assert:`)",
    Reason.CRITERIA_NOT_SUPPORTED: "{what}",
    Reason.CRITERIA_CANNOT_SCORE: "its criteria cannot score {count} of {of} of the log's own answers: {detail}; "
    "for example {example}",
    Reason.EXPECTATION_IMPOSSIBLE: "no answer to {count} of {of} of its requests can be what is expected: {detail}; "
    "for example {example}",
    Reason.NOTHING_PASSES: "its criteria accept {count} of {of} of the log's own answers, for example not {example}; "
    "correct them in audit.yaml",
    Reason.HARDLY_PASSES: "its criteria accept {count} of {of} of the log's own answers, for example not {example}: a "
    "candidate that is wrong on every request would lose no more than the margin of {detail}",
    Reason.DRAFT_REJECTS: "its criteria were drafted from the log and reject {count} of {of} of the log's own answers, "
    "for example {example}; what moves there would be judged by nothing: correct or confirm them (`confirmed: true`)",
    Reason.ONE_ANSWER_SUFFICES: "{count} of {of} of the log's own answers say the same, for example {example}: that "
    "answer, given to every request, would hold the margin as well",
    Reason.TEXT_BESIDE_CALLS: "{count} of {of} of the log's own answers say something beside their calls, for example "
    "{example}, and no criterion compares it: a candidate could say anything there",
    Reason.FIELDS_UNCOMPARED: "{count} of {of} of the log's own answers have fields that no criterion compares, "
    "{detail}, for example {example}: a candidate could say anything there",
    Reason.SEVERAL_VALUES: "in {count} of {of} of the log's own answers, for example in {example}, {detail}",
    Reason.PART_PASSES_NOTHING: "its criteria accept none of {count} of {of} of the log's own answers, those where "
    "{detail}; for example not {example}",
    Reason.CRITERIA_LEAVE_OUT: "its criteria say nothing of {count} of {of} of the log's own answers ({detail}), for "
    "example of {example}; these requests would move with the others, so give them a criterion too",
    Reason.REFERENCES_NOT_RANDOM: "{count} of {of} of the log's own answers have no right answer to compare with, for "
    "example {example}, and the others are no random sample of the route, as `random_sample` says: they differ from "
    "them {detail}",
    Reason.REFERENCES_MISS: "none of the {count} requests that were looked at has a right answer: `references:` joins "
    "its file by the hash of the prompt, and the file has the hash of none of them (audit guide criteria)",
    Reason.PART_SEES_FORM: "its criteria see of {count} of {of} of the log's own answers the form alone, for example "
    "of {example}; what a candidate says there would move unjudged",
    Reason.FAILS_UNCOMPARED: "{count} of {of} of the log's own answers fail by their form, for example {example}, and "
    "nothing can be compared with them: a candidate can neither lose nor gain there",
    Reason.CRITERIA_SEE_FORM: "its criteria see the form of an answer alone, which proves nothing about what it says",
    Reason.CRITERIA_UNCONFIRMED: "its criteria were drafted from the log and compare {detail}; nobody has "
    "confirmed that such differences do not matter (`confirmed: true`)",
    Reason.CRITERIA_ACCEPT_DAMAGE: "your criteria accept {share} of {what}{more}",
    Reason.CRITERIA_NOT_SHOWN_TO_TELL: "its labels do not show that its criteria tell right answers from wrong ones: "
    "{detail}",
    Reason.CRITERIA_ERR_UNEVENLY: "its criteria do not err alike on both tiers: of answers that people call {kind}, "
    "they accept {own} of the log's own and {other} of others, so no one correction holds for both",
    Reason.JUDGE_NEEDS_LABELS: "a judge decides it (`{judge}`), and {have}; {about}",
    Reason.JUDGE_NOT_CHECKED: "a judge decides it (`{judge}`), and its verdict is known for {count} labelled answers "
    "only",
    Reason.NOTHING_REPLAYABLE: "none of its requests can be replayed",
    Reason.NOTHING_PRICED: "nobody knows what its requests cost: neither the log nor audit.yaml has a price for "
    "{models}",
    Reason.LOG_KEEPS_UNEVENLY: "whoever wrote its log kept some calls more often than others: one record stands for "
    "{least}, another for {most} calls, so that a sample of the log is none of the traffic",
    Reason.CANDIDATES_LEFT_OUT: "this run leaves its candidates out",
    Reason.NO_CHEAPER_TIER: "no tier in audit.yaml is cheaper than what serves it",
    Reason.NEITHER_LABEL_NOR_PART: "answers are neither labels nor parts of the request",
    Reason.RULES_DIFFER: "rules learned from the log give {count} of {of} requests that they had not seen the wanted "
    "answer",
    Reason.NOTHING_TRIMMED: "its trim leaves every one of {requests} sampled requests as it is, and it costs no less",
    Reason.CAP_LEAVES_TOO_LITTLE: "the cap leaves money for {affordable} of the {least} replays it needs at least",
    Reason.CAP_LEFT_NOTHING: "the spend cap was used up before it",
    Reason.FEW_PAIRS: "about {pairs} certification pairs; a Switch needs at least {least}",
    Reason.ONLY_IF_BETTER: ("only if the two disagree on fewer than {usual} of answers, or the candidate is better"),
    Reason.FEW_RANDOM_LABELS: "only if the candidate is better: the {judged} random pairs that people have judged "
    "decide it, and more replays add next to nothing to them",
    Reason.IF_NO_LOSS: "if the candidate truly loses nothing",
    Reason.IF_LOSS_BELOW: "if the true loss is below {points} points",
    Reason.CAP_MAKES_IT_WAIT: "the cap pays for {affordable} of its {draws} draws unless routes before it stop early",
    Reason.LOSS_INSIDE_MARGIN: "its loss is estimated inside the margin; a full audit would certify it with a chance "
    "of about {chance}",
    Reason.LOSES_TOO_MUCH: "it loses more than the margin of {margin} points (p = {p})",
    Reason.SAVES_TOO_LITTLE: "beyond what the run recommends it saves at most {most} a year; a full audit costs {cost}",
    Reason.NOT_CHEAPER: "its prompts alone, at the lowest they may cost, leave no more to save than the run recommends "
    "already",
    Reason.LOSS_UNCLEAR: "its loss is estimated outside the margin of {margin} points, and may be inside; a full audit "
    "would certify it with a chance of about {chance}",
    Reason.SAVING_UNCLEAR: "beyond what the run recommends it may save too little for a full audit, which costs {cost}",
    Reason.TRAFFIC_REPEATS: (
        "only {requests} of the {drawn} sampled requests share neither prompt nor session with those that a full audit "
        "certifies on, and it takes {least}; what chooses a tier must not test it, so only a full audit can tell"
    ),
    Reason.FEW_TUNING_REQUESTS: "the run has {requests} requests that a tier can be tried on; it takes {least}",
    Reason.TOO_MUCH_UNMEASURED: "{share} of its answers could not be measured",
    Reason.TOO_MUCH_NOT_ASKED: "it cannot be asked {share} of the requests",
    Reason.CRITERIA_CHANGED: "its criteria are no longer those of the run; audit score RUN judges the run by them",
    Reason.STOPPED_EARLY: "the recheck was stopped before it had seen enough",
}

NOT_ASKED = frozenset(
    {Reason.TOOLS_OFF, Reason.SCHEMAS_OFF, Reason.IMAGES_OFF, Reason.PART_NOT_CARRIED, Reason.PARAMETER_NOT_CARRIED}
    | {
        Reason.PERSONAL_DATA,
        Reason.LOST_ON_THE_WAY,
        Reason.PARAMETER_REFUSED,
        Reason.ROLE_REFUSED,
        Reason.MEDIA_REFUSED,
        Reason.TOOLS_REFUSED,
    }
    | {Reason.FORMAT_REFUSED, Reason.STREAMS_ONLY, Reason.ABOVE_ALLOWANCE, Reason.REQUEST_REFUSED}
)
"""Reasons that say nothing of the candidate's answers: its requests are outside the claim, with their dollars."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Because:
    """A reason with the facts that its sentence names."""

    reason: Reason
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """For people; without a full stop, in lower case."""
        return SENTENCES[self.reason].format_map(self.facts)


def because(reason: Reason, **facts: object) -> Because:
    """A reason with its facts as people read them: a count has its thousands apart."""
    texts = {name: f"{fact:,}" if isinstance(fact, int) else str(fact) for name, fact in facts.items()}
    return Because(reason=reason, facts=texts)


def sentence_of(word: str) -> str:
    """The sentence of a reason that takes no facts, by its word; a word of another program as plain words."""
    try:
        found = SENTENCES[Reason(word)]
    except ValueError:
        return word.replace("_", " ")
    return word.replace("_", " ") if "{" in found else found
