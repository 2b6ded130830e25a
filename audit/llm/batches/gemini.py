"""Gemini's Batch API: requests in the call itself, answers in the batch once it has ended.

Requests that travel in the call may have 20 MB; the vendor does not limit how many they are, the number below is ours.
A batch that waits or runs for more than 48 hours expires, without any results. The display name of a batch keeps our
mark, and the metadata of a request its custom id.
https://ai.google.dev/gemini-api/docs/batch-api
https://ai.google.dev/api/batch-api
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.core.tier import Tier
from audit.llm.batch import BatchInterface, BatchLine, BatchState, Headers, Unserved, json_bytes, reply_of
from audit.llm.over_protocol import base_of
from audit.llm.provider import HttpCall, HttpReply

ENDED = frozenset({"SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"})
UNSERVED = {"CANCELLED": Unserved.CANCELLED, "EXPIRED": Unserved.EXPIRED}
STATUS_OF_CODE = {3: 400, 4: 504, 5: 404, 7: 403, 8: 429, 9: 400, 11: 400, 13: 500, 14: 503, 16: 401}
"""HTTP's status of an RPC code. https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto"""
PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineBatches(BatchInterface):
    """The interface, with requests and answers in its own calls."""

    def entry(self, custom_id: str, call: HttpCall) -> bytes:
        """One of the requests."""
        return json_bytes({"request": json.loads(call.body), "metadata": {"key": custom_id}})

    def create(self, tier: Tier, like: HttpCall, mark: str, entries: Sequence[bytes], place: str | None) -> HttpCall:
        """The batch with all its requests, beside the model's `generateContent`."""
        url = like.url.removesuffix(":generateContent") + ":batchGenerateContent"
        head = json_bytes({"displayName": mark})[:-1] + b',"inputConfig":{"requests":{"requests":['
        body = b'{"batch":' + head + b",".join(entries) + b"]}}}}"
        return HttpCall(url=url, headers=like.headers, body=body)

    def state(self, tier: Tier, headers: Headers, batch_id: str) -> HttpCall:
        """The batch, which the vendor names `batches/ID`."""
        return HttpCall(method="GET", url=f"{base_of(tier)}/{batch_id}", headers=headers)

    def read_state(self, reply: HttpReply) -> BatchState:
        """A long-running operation."""
        return _state(json.loads(reply.body))

    def listing(self, tier: Tier, headers: Headers, after: str | None) -> HttpCall:
        """A page of batches."""
        url = f"{base_of(tier)}/batches?pageSize={PAGE}" + (f"&pageToken={after}" if after else "")
        return HttpCall(method="GET", url=url, headers=headers)

    def read_listing(self, reply: HttpReply) -> tuple[list[BatchState], str | None]:
        """A list of operations."""
        page = json.loads(reply.body)
        return [_state(batch) for batch in page.get("operations", [])], page.get("nextPageToken") or None

    def results(self, tier: Tier, headers: Headers, state: BatchState) -> list[HttpCall]:
        """The batch itself, which has its answers."""
        return [self.state(tier, headers, state.batch_id)]

    def read_results(self, reply: HttpReply) -> Iterator[BatchLine]:
        """The answers in a batch; one that cannot be read is left out."""
        batch = json.loads(reply.body)
        output = (batch.get("metadata") or {}).get("output") or batch.get("response") or {}
        answers = output.get("inlinedResponses") or {}
        for line in answers.get("inlinedResponses") or ():
            try:
                yield self.read_line(line)
            except (ValueError, KeyError, TypeError, AttributeError):
                continue

    def read_line(self, line: Mapping[str, Any]) -> BatchLine:
        """An answer, or a status."""
        custom_id, error = line["metadata"]["key"], line.get("error")
        if error is None:
            return BatchLine(custom_id=custom_id, reply=reply_of(200, line["response"]))
        return BatchLine(custom_id=custom_id, reply=reply_of(STATUS_OF_CODE.get(error["code"], 500), {"error": error}))


def _state(batch: Mapping[str, Any]) -> BatchState:
    facts = batch["metadata"]
    state = str(facts["state"]).rpartition("STATE_")[2]
    count = (facts.get("batchStats") or {}).get("requestCount")
    created = facts.get("createTime")
    return BatchState(
        batch_id=str(batch["name"]),
        ended=state in ENDED,
        mark=facts.get("displayName"),
        requests=None if count is None else int(count),
        created_at=datetime.fromisoformat(created).timestamp() if created else None,
        unserved=UNSERVED.get(state),
    )


BATCH = InlineBatches(
    name="gemini",
    summary="Gemini's Batch API",
    most_requests=10_000,
    most_bytes=19_000_000,
    hours=48,
)
