"""Google Cloud Storage.

Credentials are found as every program that uses Google Cloud finds them: `GOOGLE_APPLICATION_CREDENTIALS`, what
`gcloud auth application-default login` left, the machine's service account. `STORAGE_EMULATOR_HOST` names an emulator,
which is asked without credentials.

Reference: Google Cloud, "How Application Default Credentials works"; google.rpc.Code.
"""

from __future__ import annotations

import os
import re
from datetime import timedelta
from typing import TYPE_CHECKING

from audit.storage.object_storage import PATIENCE_S, ObjectStorage

if TYPE_CHECKING:
    from pyarrow.fs import GcsFileSystem


def connected() -> GcsFileSystem:
    """The file system."""
    from pyarrow.fs import GcsFileSystem

    patience = timedelta(seconds=PATIENCE_S)
    # Arrow leaves the emulator to its caller; credentials its client looks up.
    scheme, _, host = os.environ.get("STORAGE_EMULATOR_HOST", "").rpartition("://")
    if host:
        return GcsFileSystem(
            anonymous=True, scheme=scheme or "http", endpoint_override=host.rstrip("/"), retry_time_limit=patience
        )
    return GcsFileSystem(retry_time_limit=patience)


STORAGE = ObjectStorage(
    name="gs",
    summary="Google Cloud Storage",
    connect=connected,
    variables="GOOGLE_APPLICATION_CREDENTIALS, or what `gcloud auth application-default login` leaves",
    code=re.compile(r"google::cloud::Status\((\w+)"),
    absent=frozenset({"NOT_FOUND"}),
    passing=frozenset({"UNAVAILABLE", "RESOURCE_EXHAUSTED", "ABORTED", "INTERNAL", "DEADLINE_EXCEEDED"}),
)
