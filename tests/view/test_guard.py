"""Who may talk to the local server: everything that does not pass gets no byte of a run."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from audit.core.errors import AuditError
from audit.view.app import application
from audit.view.guard import Guard
from audit.view.serving import open_address
from tests.view.asking import HOST, PORT, TOKEN, ask
from tests.view.big import write_run

SECRET = "Question 3 about order"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Guard:
    """The viewer of a small run, guarded."""
    folder = write_run(tmp_path_factory.mktemp("run"), 60, filler=40)
    return Guard(application(folder), token=TOKEN, port=PORT)


def test_its_own_browser_is_answered(app: Guard) -> None:
    """By either name of this machine, from its own page or from none, with headers that keep everything in."""
    for host in ("127.0.0.1", "localhost", "[::1]"):
        for more in ((), (("origin", f"http://{host}:{PORT}"),)):
            answer = ask(app, f"/{TOKEN}/cases", headers=[("host", f"{host}:{PORT}"), *more])
            assert answer.status == 200
            assert SECRET in answer.text
    for header, value in {
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "cross-origin-resource-policy": "same-origin",
    }.items():
        assert answer.headers[header] == value
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http:" not in policy


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("host", "evil.example"),),
        (("host", "127.0.0.1"),),
        (("host", f"127.0.0.1:{PORT + 1}"),),
        (("host", f"127.0.0.1.evil.example:{PORT}"),),
        (("host", f"evil.example:{PORT}"),),
        (HOST, HOST),
        (HOST, ("host", f"evil.example:{PORT}")),
        (HOST, ("origin", "http://evil.example")),
        (HOST, ("origin", "null")),
        (HOST, ("origin", f"https://127.0.0.1:{PORT}")),
        (HOST, ("origin", f"http://127.0.0.1:{PORT + 1}")),
        (HOST, ("origin", f"http://127.0.0.1:{PORT}"), ("origin", "http://evil.example")),
    ],
)
def test_another_name_or_another_origin_is_refused(app: Guard, headers: tuple[tuple[str, str], ...]) -> None:
    """A name that was made to resolve here, a page elsewhere, a file, a frame: each with the token."""
    answer = ask(app, f"/{TOKEN}/cases", headers=headers)
    assert answer.status == 403
    assert SECRET not in answer.body


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/cases", "//cases", f"/{TOKEN[:-1]}/cases", f"/{TOKEN}x/cases", f"/{TOKEN.upper()}/cases"),
        *(f"/x/../{TOKEN}/cases", f"/{TOKEN}/../{TOKEN}/cases", f"/{TOKEN}/%2e%2e/manifest.json", f"/{TOKEN}/..%2fetc"),
        *(f"/{TOKEN}/../../../etc/passwd", f"/{TOKEN}/manifest.json", f"/{TOKEN}/view.json", f"/{TOKEN}//etc/passwd"),
        *(f"/{TOKEN}/case?id=../manifest.json", f"/{TOKEN}/case?id=%2Fetc%2Fpasswd", f"/{TOKEN}/case"),
        "/\ud800",
    ],
)
def test_without_the_token_or_beside_the_pages_there_is_nothing(app: Guard, path: str) -> None:
    """No page, no file of the run folder, and none outside of it."""
    answer = ask(app, path.replace("\ud800", "%ff"))
    assert answer.status == 404
    assert SECRET not in answer.body
    assert "audit-run/1" not in answer.body
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"])
def test_reading_is_all_that_can_be_done(app: Guard, method: str) -> None:
    """Nothing is taken in, whoever sends it."""
    own = ("origin", f"http://127.0.0.1:{PORT}")
    assert ask(app, f"/{TOKEN}/cases", method=method, headers=[HOST, own]).status == 405


def test_an_address_stays_from_start_to_start(tmp_path: Path) -> None:
    """Port and token are those of last time; nobody else can read them, and a file that was tampered with is not
    believed."""
    file = tmp_path / "view.json"
    first, address = open_address(file, None)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert first.getsockname()[0] == "127.0.0.1"
    taken, other = open_address(file, None)
    assert (other.token, other.port != address.port) == (address.token, True)
    with pytest.raises(AuditError, match="is taken"):
        open_address(file, other.port)
    for listening in (first, taken):
        listening.close()
    again, same = open_address(file, None)
    again.close()
    assert same == other
    for spoiled in ('{"port": 80, "token": "%s"}' % ("a" * 32), '{"port": 5000, "token": "short"}', "[", '{"port": 1}'):
        file.write_text(spoiled)
        listening, fresh = open_address(file, None)
        listening.close()
        assert len(fresh.token) >= 32
        assert fresh.port >= 1024
        assert json.loads(file.read_text())["token"] == fresh.token
