"""The local server: one address of this machine, a secret in it that stays from start to start, and nothing else."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from audit.core.artifacts import write_atomic
from audit.core.errors import AuditError, MissingPackage
from audit.view.guard import Application, Guard

LOOPBACK = "127.0.0.1"
ADDRESS_FILE = "view.json"
"""In the run folder: port and token, so that an address of a case holds tomorrow. Who can read it can read the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the server listens."""

    port: int
    token: str

    @property
    def url(self) -> str:
        """Of the first page, with `/` at its end."""
        return f"http://{LOOPBACK}:{self.port}/{self.token}/"


PACKAGES = ("starlette", "uvicorn")
"""Of the extra `view`."""


def needs_server() -> None:
    """Whether a server can be made at all.

    Raises:
        MissingPackage: A package of the extra `view` is not installed.
    """
    try:
        import starlette
        import uvicorn
    except ImportError as error:
        missing = error.name or PACKAGES[0]
        raise MissingPackage(missing, extra="view", why="it serves the local page", beside=PACKAGES) from None
    assert starlette
    assert uvicorn


def open_address(remembered: Path | None, port: int | None) -> tuple[socket.socket, Address]:
    """A listening socket on the loopback interface, and its address.

    Args:
        remembered: File that holds the address of last time, and gets this one; None for an address of its own.
        port: That the user asks for; None for that of last time, else any that is free.

    Raises:
        AuditError: The port that the user asks for is taken.
    """
    last = _read(remembered)
    wanted = port if port is not None else (last.port if last else 0)
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((LOOPBACK, wanted))
    except OSError:
        if port is not None:
            listening.close()
            raise AuditError(
                f"port {port} is taken", code="view.port", hint="leave --port out for a free one"
            ) from None
        listening.bind((LOOPBACK, 0))
    listening.listen(64)
    address = Address(port=listening.getsockname()[1], token=last.token if last else secrets.token_urlsafe(24))
    if remembered is not None and address != last:
        # A folder that may not be written gets an address for this time only.
        with contextlib.suppress(OSError):
            write_atomic(remembered, json.dumps({"port": address.port, "token": address.token}).encode() + b"\n")
            os.chmod(remembered, 0o600)
    return listening, address


def _read(remembered: Path | None) -> Address | None:
    """The address of last time; None where there is none that holds."""
    if remembered is None:
        return None
    try:
        value = json.loads(remembered.read_text("utf-8"))
        found = Address(port=value["port"], token=value["token"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
    holds = isinstance(found.port, int) and 1024 <= found.port < 65_536
    holds = holds and isinstance(found.token, str) and len(found.token) >= 32
    return found if holds and found.token.replace("-", "a").replace("_", "a").isalnum() else None


def serve(inner: Application, listening: socket.socket, address: Address, *, ready: Callable[[], None]) -> None:
    """Answer until somebody stops it; Ctrl-C is how a server ends, and no error.

    Args:
        inner: The application.
        listening: From `open_address`.
        address: From `open_address`.
        ready: Called before the first request.
    """
    import uvicorn

    # Its log lines hold addresses, and with them the token and whatever somebody searched for.
    logging.getLogger("uvicorn").disabled = logging.getLogger("uvicorn.error").disabled = True
    config = uvicorn.Config(
        Guard(inner, token=address.token, port=address.port),
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    ready()
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listening])
