"""Anthropic's Message Batches: requests in the call itself, results as lines in any order.

A batch holds at most 100,000 requests and 256 MB, and ends within 24 hours; what was not processed by then is expired.
Requests that end in an error, are cancelled or expire are not billed. Results are kept for 29 days. A custom id has 64
letters, digits, `_` and `-`. A batch has no place for a mark of ours, so that only its results tell whose it is.
https://platform.claude.com/docs/en/build-with-claude/batch-processing
https://platform.claude.com/docs/en/api/creating-message-batches
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.core.tier import Tier
from audit.llm.batch import BatchInterface, BatchLine, BatchState, Headers, Unserved, json_bytes, reply_of
from audit.llm.over_protocol import base_of
from audit.llm.provider import HttpCall, HttpReply

STATUS_OF_ERROR = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""The status that an error has online. https://platform.claude.com/docs/en/api/errors"""
UNSERVED = {"expired": Unserved.EXPIRED, "canceled": Unserved.CANCELLED}
PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageBatches(BatchInterface):
    """The interface."""

    def entry(self, custom_id: str, call: HttpCall) -> bytes:
        """One of `requests`."""
        return json_bytes({"custom_id": custom_id, "params": json.loads(call.body)})

    def create(self, tier: Tier, like: HttpCall, mark: str, entries: Sequence[bytes], place: str | None) -> HttpCall:
        """The batch with all its requests; the version of the API is that of the requests."""
        body = b'{"requests":[' + b",".join(entries) + b"]}"
        return HttpCall(url=f"{base_of(tier)}/messages/batches", headers=like.headers, body=body)

    def state(self, tier: Tier, headers: Headers, batch_id: str) -> HttpCall:
        """The batch."""
        return HttpCall(method="GET", url=f"{base_of(tier)}/messages/batches/{batch_id}", headers=headers)

    def read_state(self, reply: HttpReply) -> BatchState:
        """A message batch."""
        return _state(json.loads(reply.body))

    def listing(self, tier: Tier, headers: Headers, after: str | None) -> HttpCall:
        """A page of batches."""
        url = f"{base_of(tier)}/messages/batches?limit={PAGE}" + (f"&after_id={after}" if after else "")
        return HttpCall(method="GET", url=url, headers=headers)

    def read_listing(self, reply: HttpReply) -> tuple[list[BatchState], str | None]:
        """A list of message batches."""
        page = json.loads(reply.body)
        return [_state(batch) for batch in page["data"]], page.get("last_id") if page.get("has_more") else None

    def results(self, tier: Tier, headers: Headers, state: BatchState) -> list[HttpCall]:
        """The lines of all results. They are asked for at the tier's address: a key goes nowhere else."""
        urls = [f"{base_of(tier)}/messages/batches/{state.batch_id}/results"] if state.places else []
        return [HttpCall(method="GET", url=url, headers=headers) for url in urls]

    def read_line(self, line: Mapping[str, Any]) -> BatchLine:
        """The result of one request."""
        custom_id, result = line["custom_id"], line["result"]
        if result["type"] in UNSERVED:
            return BatchLine(custom_id=custom_id, unserved=UNSERVED[result["type"]])
        if result["type"] == "succeeded":
            return BatchLine(custom_id=custom_id, reply=reply_of(200, result["message"]))
        error = result["error"]
        kind = (error.get("error") or error).get("type")
        return BatchLine(custom_id=custom_id, reply=reply_of(STATUS_OF_ERROR.get(kind, 500), error))


def _state(batch: Mapping[str, Any]) -> BatchState:
    created = batch.get("created_at")
    return BatchState(
        batch_id=str(batch["id"]),
        ended=batch["processing_status"] == "ended",
        requests=sum((batch.get("request_counts") or {}).values()) or None,
        created_at=datetime.fromisoformat(created).timestamp() if created else None,
        places=(str(batch["results_url"]),) if batch.get("results_url") else (),
    )


BATCH = MessageBatches(
    name="anthropic",
    summary="Anthropic's Message Batches",
    most_requests=100_000,
    most_bytes=256_000_000,
    hours=24,
    keeps_mark=False,
)
