"""Files of batches in object storage: requests are put there whole, and results taken from there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from audit.core.errors import EndpointError, TerminalError, TransientError
from audit.llm.batch import StoredFile
from audit.protocols.faults import Fault
from audit.storage.s3 import STORAGE, connected


async def put(file: StoredFile, lines: Sequence[bytes]) -> None:
    """Write a file of lines.

    Raises:
        TransientError, TerminalError: It cannot be written; nothing is there then.
    """
    await asyncio.to_thread(_put, file, b"".join(line + b"\n" for line in lines))


async def take(file: StoredFile) -> bytes | None:
    """The content of a file; None where there is none.

    Raises:
        TransientError, TerminalError: It cannot be read.
    """
    return await asyncio.to_thread(_take, file)


def _put(file: StoredFile, content: bytes) -> None:
    try:
        with connected(file.region).open_output_stream(_key(file)) as stream:
            stream.write(content)
    except OSError as error:
        raise _refused(file, "written", error) from None


def _take(file: StoredFile) -> bytes | None:
    try:
        with connected(file.region).open_input_stream(_key(file)) as stream:
            content: bytes = stream.read()
            return content
    except OSError as error:
        if STORAGE.is_absent(error):
            return None
        raise _refused(file, "read", error) from None


def _key(file: StoredFile) -> str:
    return file.address.removeprefix("s3://")


def _refused(file: StoredFile, done: str, error: OSError) -> EndpointError:
    what = f"{file.address} cannot be {done}: {STORAGE.why(error)}"
    if STORAGE.is_passing(error):
        return TransientError(what, kind=Fault.CONNECT, code="replay.batch-storage")
    return TerminalError(
        what,
        kind=Fault.BAD_REQUEST,
        code="replay.batch-storage",
        hint=f"are {STORAGE.variables} as they should be, and may they use the bucket?",
    )
