"""An S3 server of its own process, for what lies in object storage: `with s3_server() as url`."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pyarrow.fs import S3FileSystem

from tests.server import free_port


@contextmanager
def s3_server() -> Iterator[str]:
    """Moto's, at an address of this machine."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "Running on" in line:
                break
        # It writes a line for each request, and stands still when nobody reads them.
        reading = threading.Thread(target=process.stderr.read, daemon=True)
        reading.start()
        yield f"http://127.0.0.1:{port}"
        process.kill()
        reading.join()


def environment(url: str) -> dict[str, str]:
    """The variables with which every program finds the server."""
    return {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": url,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def storage_at(url: str) -> S3FileSystem:
    """The server as Arrow's file system, which may make buckets."""
    keys = {"access_key": "testing", "secret_key": "testing", "region": "us-east-1"}
    return S3FileSystem(
        allow_bucket_creation=True, endpoint_override=url.removeprefix("http://"), scheme="http", **keys
    )
