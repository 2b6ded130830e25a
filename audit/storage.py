"""Object storage by Arrow's own file system, for logs that lie there and for batches that are handed in there.

Credentials, region and address are found as every program that uses AWS finds them: `AWS_PROFILE`, `AWS_ACCESS_KEY_ID`,
`AWS_REGION`, `AWS_ENDPOINT_URL`, the machine's role.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

# Loading Arrow's file systems starts a client: only what is in object storage pays for it.
if TYPE_CHECKING:
    from pyarrow.fs import S3FileSystem

ATTEMPTS = 10
"""Tries of a request that is throttled or fails in passing."""
VARIABLES = "AWS_PROFILE or AWS_ACCESS_KEY_ID, AWS_REGION (the bucket's) and AWS_ENDPOINT_URL"

_PASSING = frozenset({
    "NETWORK_CONNECTION", "SLOW_DOWN", "SERVICE_UNAVAILABLE", "THROTTLING", "INTERNAL_FAILURE", "REQUEST_TIMEOUT",
    "REQUEST_EXPIRED",
})  # fmt: skip
_CODE = re.compile(r"AWS Error (\w+)")


def connected(region: str | None = None) -> S3FileSystem:
    """The file system.

    Args:
        region: Of the bucket; default: the machine's.
    """
    from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem

    # Arrow leaves this one variable to its caller; all others its client reads.
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    retries = AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS)
    placed = {"region": region} if region else {}
    return S3FileSystem(endpoint_override=endpoint or None, retry_strategy=retries, **placed)


def is_absent(error: OSError) -> bool:
    """Whether an error says that an object or its bucket is not there."""
    code = _CODE.search(str(error))
    return isinstance(error, FileNotFoundError) or bool(code and code[1] in ("NO_SUCH_KEY", "NO_SUCH_BUCKET"))


def is_passing(error: OSError) -> bool:
    """Whether the same may work later."""
    code = _CODE.search(str(error))
    return bool(code and code[1] in _PASSING)


def why(error: OSError) -> str:
    """Why object storage did not do it, by its own code; the rest of its words may say anything."""
    if is_absent(error):
        return "it is not there, or not any more"
    code = _CODE.search(str(error))
    return code[1].lower().replace("_", " ") if code else type(error).__name__
