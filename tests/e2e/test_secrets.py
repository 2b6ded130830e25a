"""A whole audit of a log, a tier, an environment and a configuration that are full of secrets, and of personal data
where it is to be replaced: none is in any byte."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pyarrow.parquet as pq
import pytest

from audit.cli.main import run
from tests.e2e.tiny import record
from tests.masking.planted import planted
from tests.masking.test_secrets import CASES, whole

REQUESTS = 240
"""Enough for every secret and for every person's data."""
KEY, TEAM = "violet-anchor-lantern", "amber.thistle.harbour"
"""Keys in use that look like words."""
CONFIG = """\
margin: 16pt
max_spend: $1
ingest: {{route: metadata.route, redact: personal}}
replay: {{attempts: 2, cassette: tape}}
slice: {{looks: 1}}
tiers:
  - name: small
    model: acme-small-1
    provider: openai-compatible
    base_url: "{url}"
    api_key_env: SMALL_KEY
    options: {{headers: {{X-Team: "env:TEAM_KEY"}}}}
    price: {{input: 0.1, output: 0.3}}
routes:
  - match: "/add"
    candidates: [small]
    assert: [{{type: numeric, extract: {{regex: "^([0-9]+) "}}, value: "{{{{incumbent.text.split()[0]}}}}"}}]
gate:
  - {{name: quality holds, when: "quality_delta{{route:/add}} >= -16pt"}}
"""


PEOPLE = list(planted(seed=5, each=2))
"""Personal data of every kind in every language, in sentences that give it away."""


def person_of(number: int) -> str:
    """One of these, without the sentences around it."""
    return PEOPLE[number % len(PEOPLE)].text


def secret_of(number: int) -> str:
    """One of the secrets of the cases, with the words in front of it that give it away."""
    case = CASES[number % len(CASES)]
    return case["before"] + whole(case) + case["after"]


def reply_to(number: int, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """What a careless gateway says: the right answer with the caller's keys and somebody's secrets around it."""
    echo = f"{headers['authorization']} {headers['x-team']} {secret_of(number)} {person_of(number)}"
    if number % 40 == 7:
        return 500, {"error": {"message": echo, "code": echo, "type": echo}}
    if number % 140 == 9:
        return 400, {"error": {"message": f"Unsupported value: '{KEY}'", "param": KEY, "code": KEY}}
    call = {"id": KEY, "type": "function", "function": {"name": "log", "arguments": json.dumps({"k": echo})}}
    message = {
        "role": "assistant",
        "content": f"{2 * number} ({echo})",
        "tool_calls": [call] if number % 9 == 0 else [],
    }
    return 200, {
        "id": TEAM,
        "model": f"acme-small-1-{KEY}" if number % 5 == 0 else "acme-small-1",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 90, "completion_tokens": 6},
    }


@pytest.fixture
def endpoint() -> Iterator[str]:
    """A tier that says everything it hears, in bodies and in headers."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send(200, {"object": "list", "data": [{"id": KEY}]})

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            number = int(asked["messages"][-1]["content"].split()[2])
            self.send(*reply_to(number, {name.lower(): value for name, value in self.headers.items()}))

        def send(self, status: int, body: dict[str, Any]) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            for name in ("x-request-id", "x-key", "set-cookie"):
                self.send_header(name, self.headers.get("Authorization") or KEY)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def secret_record(number: int) -> dict[str, Any]:
    """A logged request with a secret in every place that a log has for text."""
    secret = f"{secret_of(number)} {KEY} {TEAM} {person_of(number)}"
    line = record(number)
    line["messages"][0]["content"] += f" Context: {secret}"
    line["response"]["choices"][0]["message"]["content"] += f" ({secret})"
    line["metadata"] |= {"note": secret, "user_api_key_alias": KEY, "headers": json.dumps({"authorization": KEY})}
    line["request_tags"] = [secret]
    line["end_user"] = line["user"] = secret
    line["model_parameters"]["stop"] = [secret]
    line["hidden_params"] = {"api_base": f"https://u:{whole(CASES[number % len(CASES)])}@x.example/v1", "key": secret}
    line["error_information"] = {"error_message": secret, "error_code": secret, "traceback": secret}
    return line


def bytes_of(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file below a folder as text: as it is, and what is inside of Parquet and zip files."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            yield f"{path.name} raw", data.decode("utf-8", "replace") + path.name
            if path.suffix == ".parquet":
                table = pq.read_table(path)
                yield path.name, str(table.schema) + str(table.to_pylist())
            if path.suffix == ".zip":
                with zipfile.ZipFile(path) as archive:
                    for name in archive.namelist():
                        yield f"{path.name}/{name}", archive.read(name).decode("utf-8", "replace")


def test_no_secret_is_in_any_byte(
    tmp_path: Path,
    endpoint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    """Log, environment, headers, answers and error bodies hold them; run folder, store, cassette, pack, reports,
    policies and what every command prints do not; and what is kept is closed to others, under the widest umask."""
    monkeypatch.setenv("SMALL_KEY", KEY)
    monkeypatch.setenv("TEAM_KEY", TEAM)
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(secret_record(n)) + "\n" for n in range(REQUESTS)), "utf-8")
    config, folder = out / "audit.yaml", out / "run"
    config.write_text(CONFIG.format(url=endpoint), "utf-8")
    given = ["--config", str(config), "--out", str(folder)]
    log = str(tmp_path / "log.jsonl")
    printed = ""
    umask = os.umask(0)
    request.addfinalizer(lambda: os.umask(umask))
    for command in (
        ["plan", log, *given, "-o", str(out / "plan.json")],
        ["replay", log, *given, "--yes"],
        ["mix", log, "--config", str(config)],
        ["tiers", "--config", str(config)],
        ["gate", str(folder), "--format", f"markdown:{out / 'gate.md'}", "--format", f"junit:{out / 'gate.xml'}"],
        ["show", str(folder)],
        ["show", str(folder), "--json"],
        ["report", str(folder), "-o", str(out / "again.html")],
        ["report", str(folder), "--pack", str(out / "pack.zip")],
        ["verify", str(out / "pack.zip")],
        ["score", str(folder)],
        ["policy", "show", str(folder)],
    ):
        run(command)
        streams = capsys.readouterr()
        assert "this is a bug" not in streams.err, streams.err
        printed += streams.out + streams.err
    assert (folder / "findings.json").exists(), printed
    asked = pq.read_table(folder / "replays" / "replays.parquet").to_pylist()
    assert sum("<secret:" in (row["text"] or "") for row in asked) > REQUESTS / 2
    secrets = {KEY, TEAM} | {whole(case) for case in CASES}
    secrets |= {form for one in PEOPLE for form in (one.value, json.dumps(one.value)[1:-1])}
    assert sum("<email:" in (row["text"] or "") for row in asked) > 10
    for name, text in [("printed", printed), *bytes_of(out)]:
        found = [secret for secret in secrets if secret in text]
        assert not found, (name, found, text[max(text.find(found[0]) - 200, 0) :][:300])
    closed = (folder, out / "tape", out / "store")
    for path in (*closed, *(path for one in closed for path in one.rglob("*"))):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path
    assert (out / "pack.zip").stat().st_mode & 0o777 == 0o666
