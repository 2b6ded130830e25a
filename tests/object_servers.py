"""Object storage in processes of their own: Moto for S3, emulators for Google's and Azure's."""

from __future__ import annotations

import base64
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from pyarrow.fs import AzureFileSystem, FileSystem, GcsFileSystem, S3FileSystem

from tests.server import REPO, free_port


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
    """The variables with which every program finds the S3 server."""
    return {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": url,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def storage_at(url: str) -> S3FileSystem:
    """The S3 server as Arrow's file system, which may make buckets."""
    keys = {"access_key": "testing", "secret_key": "testing", "region": "us-east-1"}
    return S3FileSystem(
        allow_bucket_creation=True, endpoint_override=url.removeprefix("http://"), scheme="http", **keys
    )


@contextmanager
def _listening(command: Sequence[str], port: int, **variables: str) -> Iterator[str]:
    """A server from when it takes connections to the end of the context."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=os.environ | variables, **quiet) as process:
        while process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        assert process.poll() is None, f"{command[0]} ended at once"
        yield f"http://127.0.0.1:{port}"
        process.kill()


@contextmanager
def faulty(server: str, fault: Callable[[str, int], int]) -> Iterator[str]:
    """A proxy before the server that answers some requests with a fault: a status, or 0 for none."""
    asked: dict[str, int] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self._body()
            asked[self.path] = asked.get(self.path, 0) + 1
            status = fault(self.path, asked[self.path])
            data, headers = b"<Error><Code>%s</Code></Error>" % (b"AccessDenied" if status == 403 else b"SlowDown"), {}
            if not status:
                kept = {
                    k: v
                    for k, v in self.headers.items()
                    if k.lower() not in ("connection", "accept-encoding", "transfer-encoding")
                }
                try:
                    reply = urlopen(Request(server + self.path, body, kept, method=self.command))
                except HTTPError as error:
                    reply = error
                with reply:
                    data, status, headers = reply.read(), reply.status, dict(reply.headers.items())
            length = headers.get("Content-Length", "0") if self.command == "HEAD" else str(len(data))
            self.send_response(status)
            for key, value in headers.items():
                if key.lower() not in ("content-length", "connection", "transfer-encoding", "server", "date"):
                    self.send_header(key, value)
            self.send_header("Content-Length", length)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

        def _body(self) -> bytes | None:
            """What was sent with a request; S3's clients send objects in chunks."""
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
            found = b""
            while size := int(self.rfile.readline(), 16):
                found += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return found

        do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815 - the names that the base class wants

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{proxy.server_port}"
        proxy.shutdown()
        thread.join()


def _gs_server() -> AbstractContextManager[str]:
    port = free_port()
    options = ["start", "--host", "127.0.0.1", "--port", str(port), "--in-memory"]
    return _listening([sys.executable, "-m", "gcp_storage_emulator", *options], port)


def _az_server() -> AbstractContextManager[str]:
    port = free_port()
    command = azurite()
    assert command is not None
    place = ["--blobHost", "127.0.0.1", "--blobPort", str(port)]
    return _listening(
        [command, "--silent", "--inMemoryPersistence", "--skipApiVersionCheck", *place],
        port,
        AZURITE_ACCOUNTS=f"{ACCOUNT}:{ACCOUNT_KEY}",
    )


def azurite() -> str | None:
    """Azure's emulator, where it is installed: it comes from npm (`make test-azure`)."""
    ours = REPO / ".azurite" / "node_modules" / ".bin" / "azurite-blob"
    return str(ours) if ours.exists() else shutil.which("azurite-blob")


ACCOUNT = "audits"
ACCOUNT_KEY = base64.b64encode(b"a key of the tests' own").decode()


def _az_environment(url: str) -> dict[str, str]:
    parts = {"AccountName": ACCOUNT, "AccountKey": ACCOUNT_KEY, "BlobEndpoint": f"{url}/{ACCOUNT}"}
    return {"AZURE_STORAGE_CONNECTION_STRING": ";".join(f"{name}={value}" for name, value in parts.items())}


def _az_storage(url: str) -> AzureFileSystem:
    host = url.removeprefix("http://")
    places = {f"{kind}_storage_authority": host for kind in ("blob", "dfs")}
    schemes = {f"{kind}_storage_scheme": "http" for kind in ("blob", "dfs")}
    return AzureFileSystem(ACCOUNT, account_key=ACCOUNT_KEY, **places, **schemes)


def _gs_storage(url: str) -> GcsFileSystem:
    return GcsFileSystem(
        anonymous=True, scheme="http", endpoint_override=url.removeprefix("http://"), project_id="audits"
    )


@dataclass(frozen=True)
class ObjectServer:
    """How the tests start one, how programs find it, and how the tests write there."""

    start: Callable[[], AbstractContextManager[str]]
    environment: Callable[[str], Mapping[str, str]]
    storage: Callable[[str], FileSystem]


SERVERS: Mapping[str, ObjectServer] = {
    "s3": ObjectServer(s3_server, environment, storage_at),
    "gs": ObjectServer(_gs_server, lambda url: {"STORAGE_EMULATOR_HOST": url}, _gs_storage),
    "az": ObjectServer(_az_server, _az_environment, _az_storage),
}
"""By the scheme of an address."""


@contextmanager
def started_when_asked() -> Iterator[Callable[[str], str]]:
    """The address of a scheme's server, a process of its own that is started when it is first asked for."""
    started: dict[str, str] = {}
    with ExitStack() as running:

        def address(scheme: str) -> str:
            if scheme not in started:
                started[scheme] = running.enter_context(SERVERS[scheme].start())
            return started[scheme]

        yield address
