"""What every batch interface keeps to, over every name of the catalog, and that vendors' SDKs see what we see."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from audit.core.errors import ConfigError, EndpointError, PriceUnknown
from audit.core.exchange import Request
from audit.core.fingerprint import request_fp
from audit.core.settings import Settings, TierSettings
from audit.core.tier import LEARNED, Price, Tier
from audit.llm.batch import BatchInterface, BatchState, StoredFile, Unserved, read_as
from audit.llm.batches import BATCHES
from audit.llm.batches.bedrock import OPEN, UNSERVED
from audit.llm.pricing import resolve_batch_price, resolve_price
from audit.llm.provider import HttpCall, HttpReply, WireProvider
from audit.llm.providers import PROVIDERS
from audit.llm.tiers import hosts, resolve_tier
from tests.batch_server import Vendor, store, stored, vendor
from tests.object_servers import environment, s3_server, storage_at

KEY = "the-key"
MESSAGES = [{"role": "user", "content": "the prompt, with a lone \ud800 surrogate"}]
REQUEST = Request(request_fp=request_fp(MESSAGES), messages=MESSAGES, params={"max_tokens": 9})
ADDRESS = {"azure-openai": "https://tier.test/openai/v1"}
FILES = {"region": "eu-west-1", "batch_bucket": "s3://audits/batches", "batch_role": "arn:aws:iam::123456789012:role/b"}
OPTIONS: dict[str, dict[str, Any]] = {"bedrock": FILES}


def tier(name: str, **rest: Any) -> Tier:
    """A tier of the provider with this interface."""
    placed = {"base_url": ADDRESS.get(name, "https://tier.test/v1"), "options": OPTIONS.get(name, {})}
    settings = {**placed, "price": Price(input=1, output=1), **rest}
    return Tier(name="t", model="m", provider=name, batch=True, **settings)


def online(name: str, asked: Tier) -> HttpCall:
    """The request as it goes online."""
    provider = PROVIDERS.get(name)
    assert isinstance(provider, WireProvider)
    return provider.encode(REQUEST, asked, KEY)


def handed_in(interface: BatchInterface, asked: Tier) -> list[HttpCall]:
    """The calls that hand one request in."""
    like = online(interface.name, asked)
    entries = [interface.entry("mark-0", like)]
    upload = interface.upload(asked, like, "mark", entries)
    file = interface.shelf(asked, "mark")
    place = file.address if file else "file-1" if upload else None
    create = interface.create(asked, like, "mark", entries, place)
    return [call for call in (upload, create) if call is not None]


def test_the_list_is_the_folder() -> None:
    """Every interface's file is in the list, and every name is a provider's."""
    folder = Path(__import__("audit.llm.batches", fromlist=["x"]).__file__).parent
    files = {path.stem for path in folder.glob("*.py") if not path.stem.startswith("_")}
    assert files == {name.replace("-", "_") for name in BATCHES.names}
    assert set(BATCHES.names) <= set(PROVIDERS.names)


@pytest.mark.parametrize("name", BATCHES.names)
def test_a_request_in_a_batch_is_the_request_online(name: str) -> None:
    """The body is the provider's own, its custom id is there, and the key is in headers and nowhere else."""
    interface, asked = BATCHES.get(name), tier(name)
    assert (interface.name, bool(interface.summary)) == (name, True)
    entry = json.loads(interface.entry("mark-0", online(name, asked)))
    body = json.loads(online(name, asked).body)
    assert body in entry.values()
    assert "mark-0" in json.dumps(entry)
    calls = handed_in(interface, asked)
    file = interface.shelf(asked, "mark")
    assert b"mark-0" in b"".join(call.body for call in calls) or file
    assert not file or (file.address.startswith("s3://audits/batches/") and file.address.encode() in calls[-1].body)
    for call in calls:
        assert KEY not in call.url
        assert KEY.encode() not in call.body
        assert any(KEY in value for value in call.headers.values())
        assert call.url.startswith(asked.base_url or "")
    assert calls == handed_in(interface, asked)


@pytest.mark.parametrize("name", BATCHES.names)
def test_a_key_goes_to_the_tiers_address_alone(name: str) -> None:
    """Wherever the vendor says that results are, they are asked for where the tier is."""
    interface, asked = BATCHES.get(name), tier(name)
    headers = online(name, asked).headers
    state = BatchState(batch_id="b", ended=True, places=("https://elsewhere.test/x",))
    calls = [interface.state(asked, headers, "b"), interface.listing(asked, headers, "after")]
    calls += interface.results(asked, headers, state)
    if (shelf := interface.shelf(asked, "ab")) is not None:
        assert all(file.address.startswith("s3://audits/batches/") for file in interface.stored(shelf, state))
    assert all(call.method == "GET" and call.url.startswith("https://tier.test/") for call in calls)


@pytest.mark.parametrize("name", BATCHES.names)
@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{}", b'"x"', b'{"data": 5}', b'{"id": 1}', b"<html>"])
def test_another_shape_is_an_error_of_the_endpoint(name: str, body: bytes) -> None:
    """What is no batch is told as such, and a line that is none is left out."""
    interface, reply = BATCHES.get(name), HttpReply(status=200, headers={}, body=body)
    with pytest.raises(EndpointError):
        read_as(interface.read_state, reply, "tier.test")
    for reader, nothing in ((interface.read_listing, ([], None)), (lambda got: list(interface.read_results(got)), [])):
        with suppress(EndpointError):
            assert read_as(reader, reply, "tier.test") == nothing


def test_azure_names_operations_as_its_address_does() -> None:
    """The classic address has a version and operations without `/v1`; the other one is as OpenAI's."""
    interface = BATCHES.get("azure-openai")
    classic = tier("azure-openai", base_url="https://r.test", options={"api_version": "2024-10-21"})
    upload, create = handed_in(interface, classic)
    assert upload.url == "https://r.test/openai/files?api-version=2024-10-21"
    assert create.url == "https://r.test/openai/batches?api-version=2024-10-21"
    assert b'"url":"/chat/completions"' in upload.body
    assert json.loads(create.body)["endpoint"] == "/chat/completions"
    listing = interface.listing(classic, {}, "b1").url
    assert listing == "https://r.test/openai/batches?api-version=2024-10-21&limit=100&after=b1"
    assert json.loads(handed_in(interface, tier("azure-openai"))[1].body)["endpoint"] == "/v1/chat/completions"


def entry(**rest: Any) -> TierSettings:
    """One entry of `tiers:`."""
    return TierSettings.model_validate(
        {"name": "t", "model": "gpt-4o-mini", "provider": "openai", "batch": True, **rest}
    )


def test_prices_of_batches_are_known_or_asked_for() -> None:
    """The catalogue's batch price, less a contract's discount; or what the tier says; never half by guess."""
    listed = resolve_tier(entry())
    assert (listed.price.input, listed.price.output) == (0.15, 0.6)
    assert (listed.replay_price.input, listed.replay_price.output) == (0.075, 0.3)
    assert listed.replay_price.source.endswith("openai/gpt-4o-mini, batch")
    assert resolve_tier(entry(discount="10%")).replay_price.input == pytest.approx(0.0675)
    own = {"price": {"input": 4.0, "output": 8.0, "cached_input": 2.0}}
    told = resolve_tier(entry(**own, batch_discount="25%"))
    assert (told.replay_price.input, told.replay_price.output, told.replay_price.cached_input) == (3.0, 6.0, 1.5)
    with pytest.raises(PriceUnknown, match="no price of batches for tier `t`"):
        resolve_batch_price(entry(**own), resolve_price(entry(**own)))


@pytest.mark.parametrize("provider", sorted(set(PROVIDERS.names) - set(BATCHES.names) - {LEARNED}))
def test_a_provider_without_batches_says_which_have_them(provider: str) -> None:
    """An error of the configuration, not a tier that is asked online at another price. Rules take no such setting."""
    own = {"price": {"input": 4.0, "output": 8.0}, "base_url": "https://tier.test", "batch_discount": "50%"}
    with pytest.raises(ConfigError, match="has no batch interface") as caught:
        resolve_tier(entry(provider=provider, **own))
    assert caught.value.notes == (f"with one: {', '.join(BATCHES.known())}",)


def test_a_tier_in_batches_makes_the_sample_fixed() -> None:
    """One look at the whole sample: a batch answers too late for more."""
    plain = {"name": "t", "model": "m", "provider": "openai"}
    assert Settings.model_validate({"tiers": [plain]}).looks == 5
    assert Settings.model_validate({"tiers": [plain, {**plain, "name": "u", "batch": True}]}).looks == 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "names no `batch_bucket`"),
        ({"batch_bucket": "audits"}, "has an odd `batch_bucket`"),
        ({"batch_bucket": "s3://audits/a b"}, "has an odd `batch_bucket`"),
        ({"batch_bucket": FILES["batch_bucket"]}, "names no `batch_role`"),
        ({**FILES, "batch_role": "batch"}, "has an odd `batch_role`"),
        ({**FILES, "batch_least": 0}, "`batch_least` is no number"),
    ],
)
def test_batches_by_files_need_a_bucket_and_a_role(options: dict[str, Any], says: str) -> None:
    """What is missing is said before anything is asked, with the option that helps."""
    own = {"price": {"input": 4.0, "output": 8.0}, "batch_discount": "50%", "provider": "bedrock"}
    with pytest.raises(ConfigError, match=says) as caught:
        resolve_tier(entry(**own, options={"region": "eu-west-1", **options}))
    assert caught.value.code == "config.batch"
    assert resolve_tier(entry(**own, options=FILES)).replay_price.input == 2.0


def test_a_bucket_is_named_among_the_places_that_text_goes_to() -> None:
    """Requests lie there, so whoever is asked for consent is told."""
    found = hosts([tier("bedrock"), tier("openai")])
    assert found == ("s3://audits", "tier.test")


def test_jobs_are_made_beside_the_models() -> None:
    """At Amazon's address for what is no model; at the tier's own where it has one; at another where it says so."""
    interface = BATCHES.get("bedrock")
    for address, more, where in (
        ("https://bedrock-runtime.eu-west-1.amazonaws.com", {}, "https://bedrock.eu-west-1.amazonaws.com"),
        ("https://bedrock-runtime-fips.us-east-1.amazonaws.com", {}, "https://bedrock-fips.us-east-1.amazonaws.com"),
        ("https://proxy.test/aws/", {}, "https://proxy.test/aws"),
        ("https://vpce-1.test", {"batch_url": "https://vpce-2.test/"}, "https://vpce-2.test"),
    ):
        asked = tier("bedrock", base_url=address, options={**FILES, **more})
        assert interface.state(asked, {}, "abc").url == f"{where}/model-invocation-job/abc"


def test_a_job_is_what_amazons_own_model_of_it_takes() -> None:
    """Names, types and forms of every field."""
    from botocore.session import Session
    from botocore.validate import ParamValidator

    shapes = Session().get_component("data_loader").load_service_model("bedrock", "service-2")["shapes"]
    operation = Session().get_service_model("bedrock").operation_model("CreateModelInvocationJob")
    like = online("bedrock", tier("bedrock"))
    interface, mark = BATCHES.get("bedrock"), "0123456789abcdef"
    file = interface.shelf(tier("bedrock"), mark)
    assert file is not None
    call = interface.create(tier("bedrock"), like, mark, [], file.address)
    body = json.loads(call.body)
    report = ParamValidator().validate(body, operation.input_shape)
    assert not report.has_errors(), report.generate_report()
    assert call.url == "https://tier.test/v1" + operation.http["requestUri"]
    given, taken = body["inputDataConfig"]["s3InputDataConfig"], body["outputDataConfig"]["s3OutputDataConfig"]
    for shape, text in (
        ("ModelInvocationJobName", body["jobName"]),
        ("ModelInvocationIdempotencyToken", body["clientRequestToken"]),
        ("RoleArn", body["roleArn"]),
        *(("S3Uri", place["s3Uri"]) for place in (given, taken)),
    ):
        assert re.fullmatch(shapes[shape]["pattern"], text), shape
    assert body["modelInvocationType"] in shapes["ModelInvocationType"]["enum"]
    assert {*OPEN, *UNSERVED, "Completed", "Failed"} == set(shapes["ModelInvocationJobStatus"]["enum"])
    listing = Session().get_service_model("bedrock").operation_model("ListModelInvocationJobs").input_shape
    query = parse_qs(urlsplit(interface.listing(tier("bedrock"), {}, "next").url).query)
    assert query.keys() <= listing.members.keys()


@pytest.mark.parametrize(
    ("job", "refused", "unserved", "has_results"),
    [
        ({"status": "Failed", "message": "Each record ... minimum of 100 records"}, "too-few-records", None, False),
        ({"status": "Failed", "message": "The role cannot be assumed"}, "no-access", None, False),
        ({"status": "Failed", "message": "boom"}, "failed", None, False),
        ({"status": "Failed", "processedRecordCount": 7}, None, None, True),
        ({"status": "Expired"}, None, Unserved.EXPIRED, False),
        ({"status": "PartiallyCompleted"}, None, Unserved.EXPIRED, True),
        ({"status": "Stopped"}, None, Unserved.CANCELLED, True),
        ({"status": "Completed"}, None, None, True),
    ],
)
def test_the_ends_of_a_job(
    job: dict[str, Any], refused: str | None, unserved: Unserved | None, has_results: bool
) -> None:
    """What failed before a record was processed is refused; what began has results."""
    place = {"s3InputDataConfig": {"s3Uri": "s3://audits/batches/audit-ab.jsonl"}}
    named = {"jobArn": "arn:aws:bedrock:eu-west-1:123456789012:model-invocation-job/abc", "jobName": "audit-ab"}
    body = json.dumps({**named, "inputDataConfig": place, **job}).encode()
    state = BATCHES.get("bedrock").read_state(HttpReply(status=200, headers={}, body=body))
    assert (state.batch_id, state.mark, state.ended) == ("abc", "ab", True)
    assert (state.refused, state.unserved, bool(state.places)) == (refused, unserved, has_results)
    assert state.processed == (job["status"] == "Completed" or "processedRecordCount" in job)
    shelf = StoredFile("s3://audits/batches/audit-ab.jsonl")
    files = [file.address for file in BATCHES.get("bedrock").stored(shelf, state)]
    assert files == (["s3://audits/batches/abc/audit-ab.jsonl.out"] if has_results else [])


def by_openai(at: Vendor) -> list[str]:
    """Hand in, wait and read with OpenAI's SDK."""
    import openai

    with openai.OpenAI(api_key=KEY, base_url=at.base_url) as client:
        line = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions"}
        line["body"] = {"model": "m", "messages": [{"role": "user", "content": "q"}]}  # type: ignore[assignment]
        file = client.files.create(file=("x.jsonl", json.dumps(line).encode()), purpose="batch")
        batch = client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={"k": "v"}
        )
        batch = client.batches.retrieve(batch.id)
        assert [one.id for one in client.batches.list()] == [batch.id]
        lines = client.files.content(batch.output_file_id or "").text.splitlines()
        return [json.loads(one)["response"]["body"]["choices"][0]["message"]["content"] for one in lines]


def by_anthropic(at: Vendor) -> list[str]:
    """The same with Anthropic's."""
    import anthropic

    with anthropic.Anthropic(api_key=KEY, base_url=at.base_url.removesuffix("/v1")) as client:
        params: Any = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "q"}]}
        batch = client.messages.batches.create(requests=[{"custom_id": "a", "params": params}])
        batch = client.messages.batches.retrieve(batch.id)
        assert batch.processing_status == "ended"
        assert [one.id for one in client.messages.batches.list()] == [batch.id]
        page = client.messages.batches.with_raw_response.retrieve(batch.id)
        assert page.parse().id == batch.id
        return ["answer to q"]


def by_gemini(at: Vendor) -> list[str]:
    """The same with Google's."""
    from google import genai

    options: Any = {"base_url": at.base_url.removesuffix("/v1"), "api_version": "v1"}
    client = genai.Client(api_key=KEY, http_options=options)
    request: Any = {"contents": [{"role": "user", "parts": [{"text": "q"}]}], "metadata": {"key": "a"}}
    job = client.batches.create(model="m", src=[request], config={"display_name": "d"})
    job = client.batches.get(name=job.name or "")
    assert job.dest is not None
    assert [one.name for one in client.batches.list(config={"page_size": 5})] == [job.name]
    found = job.dest.inlined_responses or []
    assert [one.metadata for one in found] == [{"key": "a"}]
    return [one.response.text or "" for one in found if one.response]


def by_amazon(at: Vendor) -> list[str]:
    """The same with Amazon's, and the requests as a file in S3."""
    import boto3

    bucket = "s3://audits/batches"
    line = {"recordId": "a", "modelInput": {"messages": [{"role": "user", "content": [{"text": "q"}]}]}}
    store(f"{bucket}/in.jsonl", [line])
    client = boto3.client("bedrock", region_name="us-east-1", endpoint_url=at.base_url)
    job = client.create_model_invocation_job(
        jobName="audit-x",
        roleArn=FILES["batch_role"],
        modelId="m",
        modelInvocationType="Converse",
        inputDataConfig={"s3InputDataConfig": {"s3Uri": f"{bucket}/in.jsonl"}},
        outputDataConfig={"s3OutputDataConfig": {"s3Uri": f"{bucket}/"}},
    )
    job_id = job["jobArn"].rpartition("/")[2]
    found = client.get_model_invocation_job(jobIdentifier=job_id)
    assert found["status"] == "Completed"
    listed = client.list_model_invocation_jobs(nameContains="audit-")["invocationJobSummaries"]
    assert [one["jobArn"] for one in listed] == [job["jobArn"]]
    (record,) = map(json.loads, stored(f"{bucket}/{job_id}/in.jsonl.out").splitlines())
    client.close()
    return [record["modelOutput"]["output"]["message"]["content"][0]["text"]]


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """An S3 server with a bucket named `audits`."""
    with s3_server() as url:
        storage_at(url).create_dir("audits")
        yield url


@pytest.mark.parametrize("drive", [by_openai, by_anthropic, by_gemini, by_amazon])
def test_the_test_server_is_what_sdks_expect(
    tmp_path: Path,
    drive: Callable[[Vendor], list[str]],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The server that the replays are tested against is taken for the vendor's by the vendor's own SDK."""
    if drive is by_amazon:
        for variable, value in environment(request.getfixturevalue("s3")).items():
            monkeypatch.setenv(variable, value)
    with vendor(tmp_path / "books") as at:
        assert drive(at) == ["answer to q"]
        assert len(at.events("batch")) == 1
