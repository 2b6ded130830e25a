"""Batch interfaces: many requests handed over at once, and answered within a day at a lower price.

An interface is pure: it writes HTTP calls and reads their replies, and names files in object storage where a vendor
wants those. A request in a batch is the call that the provider would have made online, so that its body is the
protocol's; an answer is read as the reply to that call.

A batch carries a mark of ours where the vendor has a place for one, and the custom ids of its requests begin with it:
by these a batch is found again whose acceptance nobody wrote down.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from audit.core.errors import EndpointError, TerminalError, TransientError
from audit.core.tier import Tier
from audit.llm.provider import HttpCall, HttpReply
from audit.protocols.faults import Fault

T = TypeVar("T")
Headers = Mapping[str, str]


class Unserved(StrEnum):
    """Why a request of a batch was not processed. Vendors bill none of these."""

    EXPIRED = "did not answer before the batch expired"
    CANCELLED = "did not answer before the batch was cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchState:
    """What a vendor says of a batch.

    Attributes:
        batch_id: The vendor's.
        ended: Nothing more will be processed.
        mark: Ours, where the vendor keeps one.
        requests: In it; None where the vendor does not say yet.
        created_at: Seconds since 1970, UTC; None where the vendor does not say.
        places: Where its results are: ids of files, or addresses.
        unserved: Why requests without a line in the results have none; None where every one should have a line.
        refused: The vendor's code where the whole batch was refused before anything was processed.
        processed: The vendor says that it processed requests, so that results which are not there are missing.
    """

    batch_id: str
    ended: bool
    mark: str | None = None
    requests: int | None = None
    created_at: float | None = None
    places: tuple[str, ...] = ()
    unserved: Unserved | None = None
    refused: str | None = None
    processed: bool = False


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in object storage: its address (`s3://bucket/key`), and the region of its bucket."""

    address: str
    region: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLine:
    """What became of one request: the reply that it would have had online, or why it was not processed."""

    custom_id: str
    reply: HttpReply | None = None
    unserved: Unserved | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchInterface(ABC):
    """A vendor's batch interface.

    Attributes:
        name: Of the provider that has it.
        summary: One sentence for lists.
        most_requests: In one batch.
        most_bytes: Of one batch's requests.
        hours: After which the vendor gives up what it has not processed; None: it does not.
        keeps_mark: A batch has a place for our mark, so that its state tells whether it is ours.
        queue_full: The code with which the vendor refuses a batch only because others wait; None where it has none.
    """

    name: str
    summary: str
    most_requests: int
    most_bytes: int
    hours: int | None
    queue_full: str | None = None
    keeps_mark: bool = True

    def check(self, tier: Tier) -> None:
        """See that a tier says all that its batches need. Raises `ConfigError` where it does not."""
        return

    def least(self, tier: Tier) -> int:
        """Requests in one batch at least."""
        return 1

    @abstractmethod
    def entry(self, custom_id: str, call: HttpCall) -> bytes:
        """One request as the batch holds it."""

    def upload(self, tier: Tier, like: HttpCall, mark: str, entries: Sequence[bytes]) -> HttpCall | None:
        """The call that puts the requests where the batch finds them; None where they travel with its creation.

        Args:
            like: One of the calls that the requests were online: its headers hold for all.
        """
        return None

    def shelf(self, tier: Tier, mark: str) -> StoredFile | None:
        """The file in object storage that the requests are put into, a line each; None where there is none."""
        return None

    def uploaded(self, tier: Tier, like: HttpCall, reply: HttpReply) -> tuple[str, HttpCall | None]:
        """Where the requests were put, and the call that shows whether they may be used; None when they may."""
        raise NotImplementedError

    @abstractmethod
    def create(self, tier: Tier, like: HttpCall, mark: str, entries: Sequence[bytes], place: str | None) -> HttpCall:
        """The call that hands the batch in. It is never made twice without looking whether the first one arrived."""

    @abstractmethod
    def state(self, tier: Tier, headers: Headers, batch_id: str) -> HttpCall:
        """The call that asks for a batch's state."""

    @abstractmethod
    def read_state(self, reply: HttpReply) -> BatchState:
        """The reply to `create` and to `state`. Raises `ValueError`, `KeyError` or `TypeError` for another shape."""

    @abstractmethod
    def listing(self, tier: Tier, headers: Headers, after: str | None) -> HttpCall:
        """The call that lists batches, newest first, after a cursor."""

    @abstractmethod
    def read_listing(self, reply: HttpReply) -> tuple[list[BatchState], str | None]:
        """The batches of a page, and the cursor of the next one; raises as `read_state`."""

    @abstractmethod
    def results(self, tier: Tier, headers: Headers, state: BatchState) -> list[HttpCall]:
        """The calls that fetch the results of a batch that has ended."""

    def stored(self, shelf: StoredFile, state: BatchState) -> list[StoredFile]:
        """The files in object storage that hold the results of a batch that has ended.

        Args:
            shelf: The file that its requests were put into.
        """
        return []

    @abstractmethod
    def read_line(self, line: Mapping[str, Any]) -> BatchLine:
        """One line of the results; raises as `read_state`."""

    def read_results(self, reply: HttpReply) -> Iterator[BatchLine]:
        """The lines of the reply to one of `results`; one that cannot be read is left out. Raises as `read_state`."""
        return self.read_lines(reply.body)

    def read_lines(self, raw: bytes) -> Iterator[BatchLine]:
        """The lines of a file of results; one that cannot be read is left out."""
        for line in raw.split(b"\n"):
            try:
                yield self.read_line(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError):
                continue


def no_answer(host: str, line: BatchLine | None) -> EndpointError:
    """Why a request has no answer: it was not processed, or the batch has no word about it (None)."""
    if line is None:
        return TransientError(f"{host} says nothing of this request in its batch", kind=Fault.UNDECODABLE)
    if line.unserved is Unserved.EXPIRED:
        return TransientError(f"{host} {line.unserved.value}", kind=Fault.TIMEOUT)
    return TerminalError(f"{host} {Unserved.CANCELLED.value}", kind=Fault.HTTP)


def too_large(host: str, tier: str, least: int, most_bytes: int) -> EndpointError:
    """The error of a vendor whose smallest batch of these requests has more bytes than its largest."""
    words = (
        f"{host} takes batches of at least {least:,} requests and of at most {most_bytes / 1e6:,.0f} MB, "
        f"and {least:,} requests of tier `{tier}` have more"
    )
    hint = "ask the tier online, or leave routes with images out of it"
    return TerminalError(words, kind=Fault.BAD_REQUEST, code="replay.batch-refused", hint=hint)


def missing(host: str, tier: str, address: str) -> EndpointError:
    """The error where a vendor processed a batch and its results are not where they were to be."""
    words = f"{host} has processed a batch of tier `{tier}`, and {address} is not there"
    hint = (
        "put the file back if it was moved, and run the same command again: the batch stays open, its money set aside"
    )
    return TerminalError(words, kind=Fault.BAD_REQUEST, code="replay.batch-storage", hint=hint)


def too_few(host: str, tier: str, n: int, least: int) -> EndpointError:
    """The error of a vendor that takes no batch of so few requests."""
    words = f"{host} takes batches of at least {least:,} requests, and tier `{tier}` has {n:,} to ask"
    hint = "ask the tier online, or give its routes more requests"
    return TerminalError(words, kind=Fault.BAD_REQUEST, code="replay.batch-refused", hint=hint)


def refused(host: str, tier: str, code: str) -> EndpointError:
    """The error of a vendor that refuses batches as a whole."""
    words = f"{host} refused the batches of tier `{tier}` ({code})"
    return TerminalError(words, kind=Fault.BAD_REQUEST, code="replay.batch-refused")


def named_by_a_key(host: str) -> EndpointError:
    """The error of a vendor whose name of a batch holds a secret: it would have to be written down as it is."""
    words = f"{host} names a batch by what looks like a key"
    return TerminalError(words, kind=Fault.UNDECODABLE, code="replay.batch-refused")


def read_as(reader: Callable[[HttpReply], T], reply: HttpReply, host: str) -> T:
    """What a reply says, where it has the shape that the vendor documents.

    Raises:
        TransientError: It has another.
    """
    try:
        return reader(reply)
    except (ValueError, KeyError, TypeError, AttributeError):
        words = f"{host} answered a question about a batch with something else"
        raise TransientError(words, kind=Fault.UNDECODABLE) from None


def json_bytes(value: Any) -> bytes:
    """Compact JSON; a lone surrogate, which has no UTF-8, as an escape."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def reply_of(status: int, body: Any) -> HttpReply:
    """A reply as it would have come online."""
    return HttpReply(status=status, headers={}, body=json_bytes(body))
