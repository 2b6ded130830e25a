"""Amazon Bedrock's batch inference: model invocation jobs, whose requests and results are files in S3.

A tier names where the files lie and the role by which Bedrock reads and writes them:

    options: {region: eu-west-1, batch_bucket: "s3://bucket/prefix", batch_role: "arn:aws:iam::123456789012:role/batch"}

Records are Converse's bodies (`modelInvocationType: Converse`). The vendor takes a job of at least 100 records of most
models; `batch_least` says another number. A job that has not ended after 72 hours expires, with what it has by then.
Jobs are made beside the models, at `bedrock` and not at `bedrock-runtime`; the job's name keeps our mark.
https://docs.aws.amazon.com/bedrock/latest/userguide/batch-inference.html
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_CreateModelInvocationJob.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from audit.core.errors import ConfigError
from audit.core.tier import Tier
from audit.llm.batch import BatchInterface, BatchLine, BatchState, Headers, StoredFile, Unserved, json_bytes, reply_of
from audit.llm.over_protocol import base_of
from audit.llm.provider import HttpCall, HttpReply
from audit.llm.providers.bedrock import region_of

HOURS = 72
LEAST = 100
"""Records of a job at least, of most models; a quota of the vendor's that no account can change."""
NAMED = "audit-"
"""What the name of a job begins with; our mark follows."""
OPEN = frozenset({"Submitted", "Validating", "Scheduled", "InProgress", "Stopping"})
UNSERVED = {"Expired": Unserved.EXPIRED, "PartiallyCompleted": Unserved.EXPIRED, "Stopped": Unserved.CANCELLED}
PAGE = 100

_BUCKET = re.compile(r"s3://[a-z0-9][-.a-z0-9]{1,61}[a-z0-9](?:/[-!_*'().a-zA-Z0-9]+)*/?")
_ROLE = re.compile(r"arn:aws(?:-[^:]+)?:iam::[0-9]{12}:role/.+")
_REASONS = (
    (
        "too-few-records",
        re.compile(r"(?:minimum|at least|fewer|less than).{0,60}records?|records?.{0,60}minimum", re.I),
    ),
    ("no-access", re.compile(r"access|permission|not authorized|assume|role", re.I)),
)
"""What the message of a job that failed is about; its words stay with the vendor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvocationJobs(BatchInterface):
    """The interface."""

    def check(self, tier: Tier) -> None:
        """See that the tier says where its files are and by whose right they are read.

        Raises:
            ConfigError: It does not, or says it in another form.
        """
        for option, form, like in (
            ("batch_bucket", _BUCKET, "s3://bucket/prefix"),
            ("batch_role", _ROLE, "arn:aws:iam::123456789012:role/NAME"),
        ):
            value = tier.options.get(option)
            if not isinstance(value, str) or form.fullmatch(value) is None:
                what = "names no" if value is None else "has an odd"
                raise ConfigError(
                    f"tier `{tier.name}` asks Bedrock in batches, and {what} `{option}`",
                    code="config.batch",
                    hint=f'options: {{{option}: "{like}"}}',
                )
        if not isinstance(least := tier.options.get("batch_least", LEAST), int) or least < 1:
            raise ConfigError(f"tier `{tier.name}`: `batch_least` is no number of requests", code="config.batch")

    def least(self, tier: Tier) -> int:
        """Records of a job at least."""
        return int(tier.options.get("batch_least", LEAST))

    def entry(self, custom_id: str, call: HttpCall) -> bytes:
        """One line of the file."""
        return json_bytes({"recordId": custom_id, "modelInput": json.loads(call.body)})

    def shelf(self, tier: Tier, mark: str) -> StoredFile:
        """A file of the batch's own."""
        return StoredFile(f"{_folder(tier)}/{NAMED}{mark}.jsonl", region_of(tier))

    def create(self, tier: Tier, like: HttpCall, mark: str, entries: Sequence[bytes], place: str | None) -> HttpCall:
        """The job; with the same token the vendor makes it once."""
        body = {
            "jobName": NAMED + mark,
            "clientRequestToken": mark,
            "roleArn": tier.options["batch_role"],
            "modelId": tier.model,
            "modelInvocationType": "Converse",
            "inputDataConfig": {"s3InputDataConfig": {"s3InputFormat": "JSONL", "s3Uri": place}},
            "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": f"{_folder(tier)}/"}},
            "timeoutDurationInHours": HOURS,
        }
        return HttpCall(url=f"{_base(tier)}/model-invocation-job", headers=like.headers, body=json_bytes(body))

    def state(self, tier: Tier, headers: Headers, batch_id: str) -> HttpCall:
        """The job, by the last part of its ARN."""
        return HttpCall(method="GET", url=f"{_base(tier)}/model-invocation-job/{batch_id}", headers=headers)

    def read_state(self, reply: HttpReply) -> BatchState:
        """A job, or the name of one that was just made."""
        job = json.loads(reply.body)
        return _state(job) if "status" in job else BatchState(batch_id=_id(job), ended=False)

    def listing(self, tier: Tier, headers: Headers, after: str | None) -> HttpCall:
        """A page of jobs."""
        asked = {"maxResults": PAGE, "nameContains": NAMED, "sortBy": "CreationTime", "sortOrder": "Descending"}
        query = urlencode(asked | ({"nextToken": after} if after else {}))
        return HttpCall(method="GET", url=f"{_base(tier)}/model-invocation-jobs?{query}", headers=headers)

    def read_listing(self, reply: HttpReply) -> tuple[list[BatchState], str | None]:
        """A list of jobs."""
        page = json.loads(reply.body)
        return [_state(job) for job in page.get("invocationJobSummaries") or ()], page.get("nextToken")

    def results(self, tier: Tier, headers: Headers, state: BatchState) -> list[HttpCall]:
        """None: they are files."""
        return []

    def stored(self, shelf: StoredFile, state: BatchState) -> list[StoredFile]:
        """The file of results, below the folder of the requests, whatever the vendor names."""
        folder = shelf.address.rpartition("/")[0]
        return [StoredFile(f"{folder}/{place}", shelf.region) for place in state.places]

    def read_line(self, line: Mapping[str, Any]) -> BatchLine:
        """A record with what the model said, or with an error in its place."""
        custom_id, error = line["recordId"], line.get("error")
        if error is None:
            return BatchLine(custom_id=custom_id, reply=reply_of(200, line["modelOutput"]))
        status = int(error["errorCode"])
        said = {"message": error.get("errorMessage")}
        return BatchLine(custom_id=custom_id, reply=reply_of(status if 400 <= status < 600 else 500, said))


def _folder(tier: Tier) -> str:
    return str(tier.options["batch_bucket"]).rstrip("/")


def _base(tier: Tier) -> str:
    """Where jobs are made: beside the address of the models where that is Amazon's, else below the tier's own."""
    address = urlsplit(base_of(tier))
    own = tier.options.get("batch_url")
    host = re.sub(r"^bedrock-runtime\b", "bedrock", address.netloc)
    return str(own).rstrip("/") if own else urlunsplit(address._replace(netloc=host))


def _id(job: Mapping[str, Any]) -> str:
    return str(job["jobArn"]).rpartition("/")[2]


def _state(job: Mapping[str, Any]) -> BatchState:
    """A job: nothing was processed of one that expired before it began, or that failed without a record."""
    status, name, job_id = str(job["status"]), str(job.get("jobName") or ""), _id(job)
    place = str(job["inputDataConfig"]["s3InputDataConfig"]["s3Uri"]).rpartition("/")[2]
    failed = status == "Failed" and not job.get("processedRecordCount")
    created = job.get("submitTime")
    return BatchState(
        batch_id=job_id,
        ended=status not in OPEN,
        mark=name.removeprefix(NAMED) if name.startswith(NAMED) else None,
        requests=job.get("totalRecordCount"),
        created_at=datetime.fromisoformat(created).timestamp() if created else None,
        places=() if failed or status in OPEN or status == "Expired" else (f"{job_id}/{place}.out",),
        unserved=UNSERVED.get(status),
        refused=_reason(str(job.get("message") or "")) if failed else None,
        processed=status == "Completed" or bool(job.get("processedRecordCount")),
    )


def _reason(message: str) -> str:
    return next((reason for reason, form in _REASONS if form.search(message)), "failed")


BATCH = InvocationJobs(
    name="bedrock",
    summary="Amazon Bedrock's batch inference, by files in S3",
    most_requests=50_000,
    most_bytes=1_000_000_000,
    hours=HOURS,
)
