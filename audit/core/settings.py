"""`audit.yaml` as frozen values: one model per section, read by the stage that it configures.

`config/load.py` finds the file, reads it, and turns what is wrong into errors with line and column. Unknown keys
are errors.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from audit.core.adaptation import KEEPS_MEANING, Adapt
from audit.core.contract import ContractSettings
from audit.core.criteria import BY_JUDGES, Control
from audit.core.personal import PersonalKind, kinds_of
from audit.core.section import Section
from audit.core.tier import LEARNED
from audit.core.units import Dollars, Level, Margin, Share

CONFIDENCE = 0.95
"""Default level of intervals; alpha of a verdict is one less this, one-sided."""


HIGHEST_PRICE = 1e9
"""USD per million tokens, far above any."""


class FieldMap(Section):
    """`ingest.map`: where a log of no known format keeps its values, as dotted paths into a record.

    A path goes through JSON in text too, and may name alternatives: `usage.input|tokens.prompt` is the first of the two
    that is there.
    """

    where: Mapping[str, str | int | float | bool | tuple[str | int | float | bool, ...]] = Field(
        default_factory=dict, description="Records that are calls: by path, the value or values that it must have"
    )
    each: str | None = Field(
        None, description="List of calls within a record; paths are looked up in a call first, then in the record"
    )
    messages: str | None = Field(None, description="List of chat messages")
    prompt: str | None = Field(None, description="Prompt text, where there is no list of messages")
    system: str | None = Field(None, description="System prompt, where it stands apart")
    response: str | None = Field(None, description="The completion: text, a message, or an OpenAI response object")
    tool_calls: str | None = Field(None, description="Tool calls of the answer, where they stand apart")
    tools: str | None = Field(None, description="Tools that were offered")
    response_format: str | None = Field(None, description="Response format that was asked for")
    params: str | None = Field(None, description="Object of request parameters")
    model: str | None = Field(None, description="The model that was asked for")
    model_responded: str | None = Field(None, description="The model that the response names")
    provider: str | None = Field(None, description="The vendor or gateway that was asked")
    request_id: str | None = Field(None, description="The call's own id")
    started_at: str | None = Field(None, description="ISO 8601 or RFC 2822 text, or a number since 1970")
    ended_at: str | None = Field(None, description="As `started_at`; gives the duration where `latency_ms` does not")
    latency_ms: str | None = Field(None, description="Duration, in `duration_unit`")
    ttft_ms: str | None = Field(None, description="Time to the first token, in `duration_unit`")
    duration_unit: Literal["ns", "us", "ms", "s"] = Field("ms", description="Of durations")
    prompt_tokens: str | None = Field(None, description="Tokens of the prompt, counted as `counts` says")
    completion_tokens: str | None = Field(None, description="Tokens of the answer, counted as `counts` says")
    cached_tokens: str | None = Field(None, description="Prompt tokens that were read from a cache")
    cache_write_tokens: str | None = Field(None, description="Prompt tokens that were written to a cache")
    reasoning_tokens: str | None = Field(None, description="Tokens of reasoning")
    counts: Literal["inclusive", "exclusive"] = Field(
        "inclusive", description="exclusive: the prompt is counted without the cache, the completion without reasoning"
    )
    cost_usd: str | None = Field(None, description="Cost, in `cost_unit`")
    cost_unit: Literal["usd", "cents", "nano_usd"] = Field("usd", description="Of `cost_usd`")
    service_tier: str | None = Field(None, description="Service tier that served the call")
    batch: str | None = Field(None, description="Whether the call went through a batch API")
    status: str | None = Field(None, description="ok/success/200 or an error")
    error: str | None = Field(None, description="Whatever stands there, if anything does, is an error's text")
    finish_reason: str | None = Field(None, description="Why the answer ended")
    cache_hit: str | None = Field(None, description="Whether the gateway's own cache answered")
    sampling_weight: str | None = Field(
        None, description="How many calls a record stands for, where whoever wrote the log kept only some of them"
    )
    feedback: dict[str, str] = Field(
        default_factory=dict,
        description="Outcomes of the answer, path by name: a number from 0 (bad) to 1 (good), or true and false",
    )


class IngestSettings(Section):
    """`ingest:` how logs become traffic."""

    format: str | None = Field(None, description="A name from `ingest.formats`; default: sniffed")
    route: str | None = Field(
        None, description="Dotted path of the field that names the call site's purpose; `A|B` has two"
    )
    tenant: str | None = Field(None, description="Dotted path of the tenant, team or customer")
    environment: str | None = Field(None, description="Dotted path of the environment, such as production")
    region: str | None = Field(None, description="Dotted path of the region")
    session: str | None = Field(None, description="Dotted path of the session or conversation")
    end_user: str | None = Field(None, description="Dotted path of the end user; it is kept as a digest")
    map: FieldMap | None = Field(None, description="Where a log of no known format keeps its values")
    redact: Annotated[tuple[PersonalKind, ...], BeforeValidator(kinds_of)] = Field(
        (),
        description="Kinds of personal data that are replaced by stable placeholders before anything is written, or "
        "`personal` for all; secrets are always masked",
        examples=["personal"],
    )


class BillColumns(Section):
    """`reconcile.columns`: which columns an invoice has."""

    day: str = Field(description="Day, month or time that a line is for")
    amount: str = Field(description="What it costs, in USD")
    model: str | None = Field(None, description="Model, or a text that names it")
    kind: str | None = Field(None, description="Usage, credit, tax or another charge")
    currency: str | None = Field(None, description="Currency of the amount; anything but USD is refused")
    end: str | None = Field(None, description="End of the time that a line is for; default: a day")
    day_format: str | None = Field(
        None, description="How days are written, where it is not ISO 8601", examples=["%d/%m/%Y"]
    )
    unit: Literal["usd", "cents", "micros"] | None = Field(
        None, description="Of the amount; default: what its column's name says, else dollars"
    )
    decimal: Literal[".", ","] | None = Field(
        None, description="What stands before decimals, where the amounts do not tell"
    )


class ReconcileSettings(Section):
    """`reconcile:` how a bill is read and held against the log (`audit mix LOGS --reconcile BILL`)."""

    columns: BillColumns | None = Field(None, description="Of an invoice; default: by their usual names")
    where: Mapping[str, str] = Field(
        default_factory=dict,
        description="Lines of the bill that are of the log's account or project, by column and pattern; default: all",
        examples=[{"project_id": "proj_checkout"}],
    )
    models: Mapping[str, str] = Field(
        default_factory=dict,
        description="Models by what the bill calls them, where neither the name nor the figures tell",
        examples=[{"Claude3Sonnet": "anthropic.claude-3-sonnet-20240229-v1:0"}],
    )


class References(Section):
    """`references:` right answers, joined to the traffic's `prompt_hash`."""

    path: str = Field(
        description="JSON Lines, CSV or Parquet; or results of promptfoo, as JSON or JSON Lines, or a log of Inspect, "
        "as .eval or JSON"
    )
    key: str = Field("prompt_hash", description="Column that holds the prompt hash")
    value: str = Field(
        "reference",
        description="Column that holds the right answer; in results of promptfoo the variable that does, else it is "
        "the value of `equals`",
    )
    random_sample: bool = Field(
        False,
        description="The requests that have a right answer are a random sample of their route, so that what holds of "
        "them is taken to hold of the others. Else a route with many requests that no criterion applies to is not "
        "tested",
    )


class RateSettings(Section):
    """USD per million tokens, by token class."""

    input: float = Field(ge=0, le=HIGHEST_PRICE, description="Prompt tokens")
    output: float = Field(ge=0, le=HIGHEST_PRICE, description="Completion tokens, reasoning included")
    cached_input: float | None = Field(
        None, ge=0, le=HIGHEST_PRICE, description="Prompt tokens read from the cache; default: as `input`"
    )
    cache_write: float | None = Field(
        None, ge=0, le=HIGHEST_PRICE, description="Prompt tokens written to the cache; default: as `input`"
    )


class StepSettings(RateSettings):
    """The rates of all tokens of a call whose prompt is longer than `above` tokens."""

    above: int = Field(gt=0, description="Prompt tokens above which these rates hold")


class SteppedRates(RateSettings):
    """Rates, and those of longer prompts."""

    steps: tuple[StepSettings, ...] = Field((), description="Rates of longer prompts, shortest first")

    @field_validator("steps")
    @classmethod
    def _rising(cls, steps: tuple[StepSettings, ...]) -> tuple[StepSettings, ...]:
        """From shorter to longer prompts."""
        if any(step.above >= later.above for step, later in pairwise(steps)):
            raise ValueError("the steps must go from shorter to longer prompts")
        return steps


class EarlierRates(SteppedRates):
    """The rates of logged calls before a day."""

    until: str = Field(description="First day, UTC, on which these rates no longer hold", examples=["2026-11-15"])

    @field_validator("until")
    @classmethod
    def _day(cls, until: str) -> str:
        """A day as ISO 8601 has it."""
        return date.fromisoformat(until).isoformat()


class PriceSettings(SteppedRates):
    """A tier's price in USD per million tokens, by token class."""

    as_of: str | None = Field(None, description="Day of the price, for the report")
    earlier: tuple[EarlierRates, ...] = Field(
        (),
        description="What logged calls cost before the price changed, oldest first, as where a contract begins in the "
        "middle of a month; a replay costs what the price says",
        examples=[[{"input": 3, "output": 15, "until": "2026-11-15"}]],
    )

    @field_validator("earlier")
    @classmethod
    def _in_order(cls, earlier: tuple[EarlierRates, ...]) -> tuple[EarlierRates, ...]:
        """From older to newer rates."""
        if any(rates.until >= later.until for rates, later in pairwise(earlier)):
            raise ValueError("the rates must go from older to newer ones, each with a later `until`")
        return earlier


class SupportsSettings(Section):
    """What the endpoint can do."""

    tools: bool = Field(True, description="Tool calls")
    json_schema: bool = Field(True, description="Answers by a JSON Schema")
    images: bool = Field(False, description="Images in messages")


class TrimSettings(Section):
    """What of a logged request a tier is not sent; what is left of it is asked as it was logged."""

    tools: Literal["unused"] | tuple[str, ...] = Field(
        (),
        description="Tools that are not offered, by name. `unused`: those that no answer called on any route that the "
        "tier is a candidate of; the log fixes the list when the plan is made. One that the request itself names, in a "
        "call or in its choice of a tool, is offered all the same",
        examples=["unused"],
    )
    history: int | None = Field(
        None,
        ge=1,
        description="Turns of a conversation that are sent, the last ones, the one to be answered among them. Messages "
        "of the system stay, and no call is parted from its result; default: all turns",
    )

    @model_validator(mode="after")
    def _something(self) -> TrimSettings:
        """A trim trims."""
        if not self.tools and self.history is None:
            raise ValueError("says neither which `tools` nor how much `history`")
        return self


def _said(entry: Any) -> Any:
    """YAML reads `off` as false."""
    return {False: "off", True: "personal"}[entry] if isinstance(entry, bool) else entry


def _without_model(schema: dict[str, Any]) -> None:
    """For editors: an entry may go without a model, as rules learned from the log do."""
    schema["required"] = [name for name in schema["required"] if name != "model"]


class TierSettings(Section):
    """One entry of `tiers:`."""

    model_config = ConfigDict(json_schema_extra=_without_model)

    name: str = Field(min_length=1, description="Its name here, in reports and policies")
    model: str = Field(min_length=1, description="As the endpoint calls it; `provider: local` has none")
    provider: str = Field(description="Which protocol it speaks, and where")
    base_url: str | None = Field(None, description="Address; default: the provider's own")
    api_key_env: str | None = Field(
        None, description="Environment variable that holds the key; default: the provider's own"
    )
    plain_http: bool = Field(
        False, description="Text and key may go to another network unencrypted, where `base_url` is http://"
    )
    redact: Annotated[Literal["personal", "off"] | None, BeforeValidator(_said)] = Field(
        None,
        description="What becomes of a request that holds personal data (names, addresses, numbers and the like). "
        "`personal`: it is sent with placeholders, which are put back in the answer; `off`: it is sent as it is. "
        "Default: where text leaves this machine it is not sent, and is outside the claim",
        examples=["off"],
    )
    price: PriceSettings | None = Field(None, description="Default: the price catalogue's")
    context_tokens: int | None = Field(
        None, gt=0, description="Prompt and answer together; a longer request counts against it"
    )
    max_output_tokens: int = Field(4096, gt=0, description="Token limit of requests whose log names none")
    max_tokens: int | None = Field(None, gt=0, description="Token limit of every request, over the log's")
    reasoning_effort: str | None = Field(None, description="How much it thinks, in the vendor's word", examples=["low"])
    thinking_tokens: int | None = Field(
        None, ge=0, description="Thinking budget, added to a request's token limit; 0: none"
    )
    prompt_suffix: str | None = Field(None, description="Text after the last user message", examples=[" /no_think"])
    trim: TrimSettings | None = Field(
        None,
        description="What of each logged request it is not sent: a candidate with a shorter prompt, of today's model "
        "too",
        examples=[{"tools": "unused", "history": 4}],
    )
    service_tier: str | None = Field(None, description="As the vendor names it", examples=["flex"])
    supports: SupportsSettings = Field(SupportsSettings(), description="What the endpoint can do")
    concurrency: int = Field(16, ge=1, le=1024, description="Calls in flight, at most")
    requests_per_minute: float | None = Field(
        None, gt=0, description="Calls started per minute, at most; default: as fast as the endpoint takes them"
    )
    tokens_per_minute: float | None = Field(
        None,
        gt=0,
        description="Tokens of prompts and answers per minute, at most; an answer counts as long as it may be until it "
        "is there. Default: as many as the endpoint takes",
    )
    timeout_s: float = Field(120.0, gt=0, description="Seconds after which a call has failed")
    discount: Share = Field(0.0, description="What a contract takes off its price", examples=["12%"])
    batch_discount: Share = Field(
        0.0, description="What its price loses when a request may wait for a batch", examples=["50%"]
    )
    batch: bool = Field(
        False,
        description="Replay through the vendor's batch interface: at its lower price, within a day, all at once as "
        "with --fixed. Savings are still counted at the price online; `batch_discount` and a route's `batch_share` "
        "say what may wait",
    )
    reported_as: str | None = Field(
        None, description="Name under which replies name the model, where that is another than `model`: a deployment's"
    )
    adapt: tuple[Adapt, ...] = Field(
        KEEPS_MEANING,
        description="What may be changed where the endpoint does not take a request as logged: rename the token limit, "
        "send the role `developer` as `system`, drop a parameter so that the endpoint's default holds",
        examples=[["rename", "role", "drop"]],
    )
    repeats: int = Field(
        1,
        ge=1,
        le=10,
        description="How often each request of the quality sample is asked, where it is a candidate: one that samples "
        "(a temperature above 0, a reasoning model) answers otherwise each time. A request then counts by the share "
        "of its answers that are accepted",
        examples=[3],
    )
    options: Mapping[str, Any] = Field(default_factory=dict, description="What only this provider understands")

    @model_validator(mode="before")
    @classmethod
    def _no_model(cls, value: Any) -> Any:
        """Rules learned from the log are no model: they go by the tier's name wherever a model is named."""
        if isinstance(value, Mapping) and value.get("provider") == LEARNED:
            if other := sorted(value.keys() - {"name", "provider", "model", "price", "options"}):
                raise ValueError(
                    f"has `{other[0]}`, and rules learned from the log are sent nothing that it could shape"
                )
            return {**value, "model": value.get("name")}
        return value


class CriterionSettings(Section):
    """One entry of a route's `assert:` list: what must hold, and how it is measured."""

    type: str = Field(description="How it is measured; `not-` before it turns it round")
    value: Any = Field(
        None, description="What is expected; a template may name `incumbent`, `reference`, `metadata` and `request`"
    )
    threshold: float | None = Field(
        None, description="Score from which the answer passes; what it means depends on the type"
    )
    weight: float = Field(
        1.0, ge=0, description="Its part of the route's `threshold`; 0: it is measured and decides nothing"
    )
    metric: str | None = Field(None, description="Its name in the report")
    extract: Mapping[str, Any] | None = Field(
        None,
        description="Part of the answer that is looked at: `regex` (`which: first`, `last` or `only` of its matches), "
        "`json`, `lines`, `strip`",
    )
    judge: str | tuple[str, ...] | None = Field(
        None,
        description="Name of the tier that judges, or of an odd number of tiers, of which most decide; none of them is "
        "a candidate",
    )
    options: Mapping[str, Any] = Field(default_factory=dict)

    @property
    def judges(self) -> tuple[str, ...]:
        """Names of the tiers that judge; empty for a criterion that asks nobody."""
        return (self.judge,) if isinstance(self.judge, str) else (self.judge or ())

    # Scorers have options of their own (`tolerance`, `fields`, ...), written beside `type` as promptfoo does; they
    # are collected into `options`, and the scorer refuses the ones that it does not know.
    @classmethod
    def from_entry(cls, entry: Any) -> Any:
        """Move the keys that only a scorer knows into `options`."""
        if not isinstance(entry, Mapping) or any(not isinstance(key, str) for key in entry):
            return entry
        own = {key: value for key, value in entry.items() if key in cls.model_fields}
        extra = {key: value for key, value in entry.items() if key not in cls.model_fields}
        return {**own, "options": {**dict(own.get("options") or {}), **extra}}


Criterion = Annotated[CriterionSettings, BeforeValidator(CriterionSettings.from_entry)]


_TALK = frozenset({Control.ADDRESSED})


class ControlSettings(Section):
    """`controls:` the log's accepted answers are damaged on purpose; criteria that still accept them prove nothing."""

    accepted: Share = Field(
        0.05, description="Share of damaged answers that may still be accepted; above it nothing is certified"
    )
    by_control: Mapping[Control, Share] = Field(
        default_factory=dict, description="Other shares for single controls", examples=[{"words_sorted": "20%"}]
    )
    answers: int = Field(200, ge=20, description="Answers of a route that are damaged, at most")

    @property
    def limits(self) -> dict[Control, float]:
        """The share that may be accepted, by control of criteria that ask nobody."""
        return {control: self.by_control.get(control, self.accepted) for control in Control if control not in _TALK}

    @property
    def limits_of_judges(self) -> dict[Control, float]:
        """The share that may be accepted, by control of criteria that ask a judge."""
        return {control: self.by_control.get(control, self.accepted) for control in Control if control in BY_JUDGES}


class RuleSettings(Section):
    """One entry of a route's `rules:`: a policy that somebody wrote, tested like the learned ones."""

    when: str = Field(description="Conditions on a request, joined by `and`", examples=["messages <= 2 and not tools"])
    to: str = Field(description="Name of the tier that serves what the conditions hold for")


class RouteSettings(Section):
    """One entry of `routes:`. The first whose `match` fits a route is that route's."""

    match: str = Field(description="Glob over route names")
    candidates: tuple[str, ...] | None = Field(
        None, description="Tier names, default: every tier cheaper than the log's"
    )
    margin: Margin | None = Field(None, description="Default: the top level's", examples=["2pt"])
    criteria: tuple[Criterion, ...] = Field(
        (),
        alias="assert",
        description="What makes an answer acceptable; all must hold unless `threshold` says otherwise",
    )
    confirmed: bool = Field(
        True, description="False: the criteria were drafted from the log and nobody has confirmed them; reports say so"
    )
    controls: ControlSettings | None = Field(None, description="Default: the top level's")
    labels: str | None = Field(
        None,
        description="JSON Lines of answers that people have judged: `id` of a logged request, `right` true or false, "
        "`answer` (default: the log's own); `audit label` writes it. What the criteria get wrong on them corrects and "
        "widens every delta",
        examples=["labels.jsonl"],
    )
    graded: bool = Field(
        False,
        description="Answers keep their grades: besides the share that is accepted, the mean score of the criteria "
        "must hold the margin, in score points",
    )
    rules: tuple[RuleSettings, ...] = Field((), description="Routing rules to test, besides those that are learned")
    threshold: float | None = Field(
        None, gt=0, le=1, description="Weighted share of criteria that must hold; default: all"
    )
    batch_share: Share = Field(
        0.0, description="Share of its requests that may wait for a batch of the candidate", examples=["40%"]
    )
    floor: Share | None = Field(
        None, description="Accepted share below which the incumbent itself fails", examples=["92%"]
    )

    def fits(self, route: str) -> bool:
        """Whether this entry is about `route`."""
        return fnmatch.fnmatchcase(route, self.match)


class SliceSettings(Section):
    """`slice:` how much is replayed. Defaults come from the margin, by `statistics.md` section 7."""

    routes: tuple[str, ...] = Field(("*",), description="Globs of the routes to replay")
    tiers: tuple[str, ...] | None = Field(None, description="Only these candidates")
    power: Level = Field(
        0.8,
        description="Chance that the exact test passes for a candidate that loses nothing; a Switch, which needs the "
        "whole interval too, follows less often",
    )
    discordance: Share = Field(0.15, description="Share of pairs expected to differ, before anything is measured")
    max_per_route: int | None = Field(None, ge=1, description="Requests of the quality sample of a route, at most")
    dollars_per_route: int = Field(100, ge=10, description="Requests of the dollar sample of a route, drawn by cost")
    tuning_share: Level = Field(1 / 3, description="Part that orders the candidates; the rest certifies them")
    incumbent_share: Share = Field(
        0.25, description="Part of the quality sample on which the incumbent is replayed too"
    )
    incumbent_min: int = Field(100, ge=0, description="Requests on which the incumbent is replayed too, at least")
    looks: int = Field(
        5, ge=1, le=10, description="Declared looks at the certification split; a decided route stops. 1: fixed sample"
    )


class ReplaySettings(Section):
    """`replay:` how calls are made."""

    attempts: int = Field(6, ge=1, description="Tries per call before it counts as failed to measure")
    max_failure_rate: Share = Field(0.05, description="Above this share of failed calls the run stops")
    cassette: str | None = Field(
        None,
        description="Folder of recorded completions, read before a call and written after: in place of the store's, to "
        "be carried elsewhere. They play at any address and at any age",
    )
    offline: bool = Field(False, description="Answers come from cassettes and the store alone; nothing is sent")
    wait: bool = Field(
        True, description="Wait for batches; without it they are handed in, and a later run takes their answers"
    )


class StoreSettings(Section):
    """`store:` what runs have read and been answered, kept for the runs after them."""

    path: str | None = Field(
        None,
        description="Its folder, or the address of one that several machines share (s3://, gs://, az://); default: "
        "`store` beside the run folders: runs/store",
    )
    keep: bool = Field(True, description="False: nothing is taken from a store and nothing is kept")
    max_age_days: float = Field(
        90,
        gt=0,
        description="Answers that are older are asked again: behind the name of a model another one may answer by then",
    )
    fresh: bool = Field(
        False, description="Ask everything again: take no answer that was there before the run folder was begun"
    )

    @classmethod
    def from_entry(cls, entry: Any) -> Any:
        """A plain text is the `path`."""
        return {"path": entry} if isinstance(entry, str) else entry


Store = Annotated[StoreSettings, BeforeValidator(StoreSettings.from_entry, json_schema_input_type=str | StoreSettings)]


class RoutingSettings(Section):
    """`routing:` how routing policies are made."""

    embedder: str | None = Field(
        None, description="A sentence-transformers model that policies embed with; default: small static vectors"
    )
    canonical_prompts: bool = Field(
        False, description="Similarity to real prompts instead of centres of many, as semantic-router needs it"
    )


class EmbeddingSettings(Section):
    """`embeddings:` what criteria that compare by likeness (`similar`) embed with."""

    model: str | None = Field(
        None,
        description="A folder, or a name that sentence-transformers finds on this machine; `wordllama` for small "
        "static vectors; default: the best at hand. Nothing is downloaded",
        examples=["models/all-MiniLM-L6-v2"],
    )
    precision: Literal["fp32", "int8"] = Field(
        "fp32",
        description="int8: 8-bit integers by ONNX Runtime, in about half the processor time; the report says how far "
        "similarities lie from those at full precision",
    )


class CostSettings(Section):
    """`cost:` what the verdict's dollars assume of a candidate. The findings show every assumption."""

    prompt_cache: Literal["cold", "warm"] = Field(
        "cold",
        description="Of the candidate: reads nothing from its prompt cache, or as large a part of each prompt as the "
        "log's own call did",
    )


class ExecutorSettings(Section):
    """`executor:` where heavy work is done. It changes no number and no byte of a result."""

    name: str = Field("local", description="A name from `executors`: processes of this machine, or a Ray cluster")
    address: str | None = Field(
        None, description="Of the cluster; default: RAY_ADDRESS, else this machine", examples=["10.0.0.5:6379"]
    )
    workers: int | None = Field(None, ge=1, le=100_000, description="Jobs at a time; default: one per core")


class GateRule(Section):
    """One entry of `gate:`."""

    name: str | None = Field(None, description="In the output of the gate; default: the rule itself")
    when: str = Field(description="What must hold")
    level: Literal["error", "warn"] = Field("error", description="`warn`: told, and the gate passes all the same")


class Settings(Section):
    """The whole of `audit.yaml`."""

    margin: Margin = Field(
        0.03, description="Loss of pass rate that is accepted, fixed before replay", examples=["3pt"]
    )
    confidence: Level = Field(
        CONFIDENCE, examples=["95%"], description="Of every interval; a verdict is wrong in at most the rest of audits"
    )
    guarantee: Literal["route", "portfolio"] = Field(
        "route",
        description="What the error rate is of: each route's verdict, or all verdicts of the audit together, which "
        "takes larger samples",
    )
    max_spend: Dollars | None = Field(None, description="Hard stop for replay money", examples=["$20"])
    seed: int = Field(0, ge=0, lt=2**63, description="Of every random choice")
    ingest: IngestSettings = Field(IngestSettings(), description="How logs become traffic")
    references: References | None = Field(None, description="Right answers, by prompt")
    tiers: tuple[TierSettings, ...] = Field((), description="What may serve a request, at which price")
    routes: tuple[RouteSettings, ...] = Field(
        (), description="Criteria, margin and candidates by route; the first that fits holds"
    )
    controls: ControlSettings = Field(ControlSettings(), description="How criteria are tried on damaged answers")
    slice: SliceSettings = Field(SliceSettings(), description="How much is replayed")
    replay: ReplaySettings = Field(ReplaySettings(), description="How calls are made")
    store: Store = Field(StoreSettings(), description="What is kept for later runs; a plain text is its `path`")
    routing: RoutingSettings = Field(RoutingSettings(), description="How routing policies are made")
    embeddings: EmbeddingSettings = Field(EmbeddingSettings(), description="What criteria compare likeness with")
    gate: tuple[GateRule, ...] = Field((), description="Rules for `audit gate`")
    cost: CostSettings = Field(CostSettings(), description="What dollars assume of a candidate")
    executor: ExecutorSettings = Field(ExecutorSettings(), description="Where heavy work is done")
    reconcile: ReconcileSettings = Field(ReconcileSettings(), description="How a bill is read")
    contract: ContractSettings | None = Field(None, description="The renewal that `audit renew` works out")
    directory: Path = Field(Path(), exclude=True, description="Folder of the file: relative paths start here")

    config_file: Path | None = Field(None, exclude=True, description="The file itself; None for the defaults")

    @property
    def alpha(self) -> float:
        """One-sided error rate of a verdict."""
        return 1 - self.confidence

    @property
    def looks(self) -> int:
        """Declared looks. A batch answers too late for more than one."""
        return 1 if any(tier.batch for tier in self.tiers) else self.slice.looks

    @property
    def code(self) -> tuple[str, ...]:
        """Files of the user's own code that scoring by these settings runs, as they are written (`file://...`)."""
        entries = (entry for route in self.routes for entry in route.criteria)
        places = (str(entry.value) for entry in entries if entry.type.removeprefix("not-") == "python")
        return tuple(dict.fromkeys(place.rpartition(":")[0] for place in places))

    def route(self, name: str) -> RouteSettings | None:
        """The entry for a route, or None when none fits."""
        return next((entry for entry in self.routes if entry.fits(name)), None)

    def about(self, name: str) -> Settings:
        """The same with the entry of one route alone: what a job about that route is given."""
        entry = self.route(name)
        return self.model_copy(update={"routes": () if entry is None else (entry,)})

    def controls_of(self, name: str) -> ControlSettings:
        """What damaged answers a route's criteria may accept."""
        entry = self.route(name)
        return self.controls if entry is None or entry.controls is None else entry.controls

    def margin_of(self, name: str) -> float:
        """The margin of a route."""
        entry = self.route(name)
        return self.margin if entry is None or entry.margin is None else entry.margin
