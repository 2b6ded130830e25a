"""Amazon S3, and what speaks its protocol.

Credentials, region and address are found as every program that uses AWS finds them: `AWS_PROFILE`, `AWS_ACCESS_KEY_ID`,
`AWS_REGION`, `AWS_ENDPOINT_URL`, the machine's role.

Reference: Amazon S3, API reference, "Error responses"; AWS SDKs and tools, "Environment variables".
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from audit.storage.object_storage import ATTEMPTS, ObjectStorage

if TYPE_CHECKING:
    from pyarrow.fs import S3FileSystem


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


STORAGE = ObjectStorage(
    name="s3",
    summary="Amazon S3, and what speaks its protocol",
    connect=connected,
    variables="AWS_PROFILE or AWS_ACCESS_KEY_ID, AWS_REGION (the bucket's) and AWS_ENDPOINT_URL",
    code=re.compile(r"AWS Error (\w+)"),
    absent=frozenset({"NO_SUCH_KEY", "NO_SUCH_BUCKET"}),
    passing=frozenset({
        "NETWORK_CONNECTION", "SLOW_DOWN", "SERVICE_UNAVAILABLE", "THROTTLING", "INTERNAL_FAILURE", "REQUEST_TIMEOUT",
        "REQUEST_EXPIRED",
    }),
)  # fmt: skip
