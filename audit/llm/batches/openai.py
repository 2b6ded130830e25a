"""OpenAI's Batch API: requests in a file, a batch made of the file, answers in one file and errors in another.

A file holds at most 50,000 requests and 200 MB. A batch that is not done within 24 hours expires: what was answered is
in the output file and billed, the rest is in the error file with the code `batch_expired`. The metadata of a batch
keeps our mark. Batches are listed newest first.
https://platform.openai.com/docs/guides/batch
https://platform.openai.com/docs/api-reference/batch
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.core.tier import Tier
from audit.llm.batch import BatchInterface, BatchLine, BatchState, Headers, Unserved, json_bytes, reply_of
from audit.llm.over_protocol import base_of
from audit.llm.provider import HttpCall, HttpReply

MARK = "audit_batch"
"""The key of our mark in the metadata."""
ENDED = ("completed", "failed", "expired", "cancelled")
UNSERVED = {"batch_expired": Unserved.EXPIRED, "batch_cancelled": Unserved.CANCELLED}
"""Codes of lines to why a request was not processed."""
PAGE = 100
_CODE = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileBatches(BatchInterface):
    """The interface of OpenAI and of those that speak the same.

    Attributes:
        endpoint: Path of the operation, as the file's lines and the batch name it.
    """

    endpoint: str = "/v1/chat/completions"

    def address(self, tier: Tier, path: str) -> str:
        """Where a path of the interface is."""
        return f"{base_of(tier)}{path}"

    def operation(self, tier: Tier) -> str:
        """The path of the operation for a tier."""
        return self.endpoint

    def entry(self, custom_id: str, call: HttpCall) -> bytes:
        """A line of the file."""
        return line_of(custom_id, self.endpoint, call)

    def upload(self, tier: Tier, like: HttpCall, mark: str, entries: Sequence[bytes]) -> HttpCall:
        """The file, as a form. The mark is long enough a boundary: nothing in a request can know it."""
        boundary = f"audit-{mark}"
        disposition = 'Content-Disposition: form-data; name="file"; '
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
            f'--{boundary}\r\n{disposition}filename="audit-{mark}.jsonl"\r\nContent-Type: application/jsonl\r\n\r\n'
        )
        body = b"".join([head.encode(), *(line + b"\n" for line in entries), f"\r\n--{boundary}--\r\n".encode()])
        headers = {**like.headers, "Content-Type": f"multipart/form-data; boundary={boundary}"}
        return HttpCall(url=self.address(tier, "/files"), headers=headers, body=body)

    def uploaded(self, tier: Tier, like: HttpCall, reply: HttpReply) -> tuple[str, HttpCall | None]:
        """The file's id; some servers read a file for a while before a batch may be made of it."""
        file = json.loads(reply.body)
        ready = file.get("status") in (None, "processed", "uploaded")
        again = HttpCall(method="GET", url=self.address(tier, f"/files/{file['id']}"), headers=like.headers)
        return str(file["id"]), None if ready else again

    def create(self, tier: Tier, like: HttpCall, mark: str, entries: Sequence[bytes], place: str | None) -> HttpCall:
        """A batch of the file."""
        body = {
            "input_file_id": place,
            "endpoint": self.operation(tier),
            "completion_window": "24h",
            "metadata": {MARK: mark},
        }
        return HttpCall(url=self.address(tier, "/batches"), headers=like.headers, body=json_bytes(body))

    def state(self, tier: Tier, headers: Headers, batch_id: str) -> HttpCall:
        """The batch."""
        return HttpCall(method="GET", url=self.address(tier, f"/batches/{batch_id}"), headers=headers)

    def read_state(self, reply: HttpReply) -> BatchState:
        """A batch object."""
        return _state(json.loads(reply.body))

    def listing(self, tier: Tier, headers: Headers, after: str | None) -> HttpCall:
        """A page of batches."""
        url = self.address(tier, "/batches")
        url += ("&" if "?" in url else "?") + f"limit={PAGE}" + (f"&after={after}" if after else "")
        return HttpCall(method="GET", url=url, headers=headers)

    def read_listing(self, reply: HttpReply) -> tuple[list[BatchState], str | None]:
        """A list of batch objects."""
        page = json.loads(reply.body)
        states = [_state(batch) for batch in page["data"]]
        return states, states[-1].batch_id if states and page.get("has_more") else None

    def results(self, tier: Tier, headers: Headers, state: BatchState) -> list[HttpCall]:
        """The contents of the output file and of the error file, as far as there are such."""
        urls = [self.address(tier, f"/files/{place}/content") for place in state.places]
        return [HttpCall(method="GET", url=url, headers=headers) for url in urls]

    def read_line(self, line: Mapping[str, Any]) -> BatchLine:
        """A response with its status, or an error of the batch."""
        custom_id, response, error = line["custom_id"], line.get("response"), line.get("error") or {}
        if response is not None and response.get("status_code"):
            return BatchLine(custom_id=custom_id, reply=reply_of(int(response["status_code"]), response["body"]))
        code = str(error.get("code"))
        if code in UNSERVED:
            return BatchLine(custom_id=custom_id, unserved=UNSERVED[code])
        return BatchLine(custom_id=custom_id, reply=reply_of(500, {"error": error}))


def line_of(custom_id: str, endpoint: str, call: HttpCall) -> bytes:
    """A line of the file: what is asked of which operation."""
    return json_bytes({"custom_id": custom_id, "method": "POST", "url": endpoint, "body": json.loads(call.body)})


def _state(batch: Mapping[str, Any]) -> BatchState:
    status, counts = batch["status"], batch.get("request_counts") or {}
    refused = None
    if status == "failed":
        problems = (batch.get("errors") or {}).get("data") or [{}]
        code = str(problems[0].get("code"))
        refused = code if _CODE.fullmatch(code) else "unknown"
    return BatchState(
        batch_id=str(batch["id"]),
        ended=status in ENDED,
        mark=(batch.get("metadata") or {}).get(MARK),
        requests=counts.get("total") or None,
        created_at=batch.get("created_at"),
        places=tuple(batch[name] for name in ("output_file_id", "error_file_id") if batch.get(name)),
        # What expired has a line that says so; of a cancelled batch, only what was answered is promised one.
        unserved=Unserved.CANCELLED if status == "cancelled" else None,
        refused=refused,
    )


BATCH = FileBatches(
    name="openai",
    summary="OpenAI's Batch API, over chat completions",
    most_requests=50_000,
    most_bytes=200_000_000,
    hours=24,
    queue_full="token_limit_exceeded",
)
