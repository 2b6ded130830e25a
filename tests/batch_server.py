"""A real local endpoint with batch interfaces and books of its own: `with vendor(books, ends_after=2) as at`.

It speaks OpenAI's files and batches, Anthropic's Message Batches, Gemini's batches and Bedrock's jobs, all below `/v1`.
It keeps everything in memory, but for the files of jobs, which lie in the S3 server that `AWS_ENDPOINT_URL` names, and
a line in its books for each batch that it made and each answer that it billed. An answer is a
function of the last user message; words in it say what becomes of the request:

    expire       the batch expires before it, as often as the flag says          error        a 400 of its own line
    server-error a 500 of its own line                                           silent       no line at all

What else becomes of batches, `Habits` says.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.object_servers import storage_at

PROMPT_TOKENS, COMPLETION_TOKENS = 10, 5


@dataclass(frozen=True, kw_only=True)
class Habits:
    """How a server treats batches.

    Attributes:
        ends_after: Looks at a batch before it ends.
        expire_times: How often `expire` expires.
        full: Batches of more requests are refused, as by a vendor whose queue is full; 0: none.
        lose_reply: A batch is made, and the reply to its creation is a dropped connection.
        cancel: Every batch is cancelled, with half of its answers.
        least: Jobs of fewer records fail.
    """

    ends_after: int = 0
    expire_times: int = 1
    full: int = 0
    lose_reply: bool = False
    cancel: bool = False
    least: int = 1


@dataclass(frozen=True)
class Vendor:
    """A running server and its books."""

    base_url: str
    books: Path

    def events(self, kind: str) -> list[dict[str, Any]]:
        """Entries of one kind."""
        entries = map(json.loads, self.books.read_text().splitlines())
        return [entry for entry in entries if entry["event"] == kind]

    @property
    def billed(self) -> Counter[str]:
        """How often each request was billed."""
        return Counter(entry["key"] for entry in self.events("billed"))


def text_of(body: dict[str, Any]) -> str:
    """The last user message."""
    if "contents" in body:
        return str(body["contents"][-1]["parts"][-1]["text"])
    content = body["messages"][-1]["content"]
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def chat_answer(body: dict[str, Any]) -> dict[str, Any]:
    """A chat completion."""
    message = {"role": "assistant", "content": f"answer to {text_of(body)}"}
    usage = {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": COMPLETION_TOKENS}
    usage["total_tokens"] = PROMPT_TOKENS + COMPLETION_TOKENS
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": "c", "object": "chat.completion", "model": body["model"], "choices": [choice], "usage": usage}


def message_answer(body: dict[str, Any]) -> dict[str, Any]:
    """A message of Anthropic's."""
    usage = {"input_tokens": PROMPT_TOKENS, "output_tokens": COMPLETION_TOKENS}
    content = [{"type": "text", "text": f"answer to {text_of(body)}"}]
    known = {"id": "m", "type": "message", "role": "assistant", "model": body["model"], "stop_reason": "end_turn"}
    return {**known, "content": content, "usage": usage}


def content_answer(body: dict[str, Any]) -> dict[str, Any]:
    """What Gemini generates."""
    content = {"role": "model", "parts": [{"text": f"answer to {text_of(body)}"}]}
    usage = {"promptTokenCount": PROMPT_TOKENS, "candidatesTokenCount": COMPLETION_TOKENS}
    usage["totalTokenCount"] = PROMPT_TOKENS + COMPLETION_TOKENS
    return {"candidates": [{"content": content, "finishReason": "STOP"}], "usageMetadata": usage, "modelVersion": "m"}


def converse_answer(body: dict[str, Any]) -> dict[str, Any]:
    """What Converse answers."""
    usage = {"inputTokens": PROMPT_TOKENS, "outputTokens": COMPLETION_TOKENS}
    message = {"role": "assistant", "content": [{"text": f"answer to {text_of(body)}"}]}
    known = {"stopReason": "end_turn", "metrics": {"latencyMs": 1}}
    return {"output": {"message": message}, "usage": {**usage, "totalTokens": sum(usage.values())}, **known}


def stored(address: str) -> bytes:
    """A file in S3."""
    with storage_at(os.environ["AWS_ENDPOINT_URL"]).open_input_stream(address.removeprefix("s3://")) as file:
        return bytes(file.read())


def store(address: str, lines: list[dict[str, Any]]) -> None:
    """Put lines into a file in S3."""
    with storage_at(os.environ["AWS_ENDPOINT_URL"]).open_output_stream(address.removeprefix("s3://")) as file:
        file.write("".join(json.dumps(line) + "\n" for line in lines).encode())


class Batches:
    """The handlers, and what they know."""

    def __init__(self, books: Path, options: Habits) -> None:
        self.options = options
        self.files: dict[str, str] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.results: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
        self.looks: Counter[str] = Counter()
        self.expired: Counter[str] = Counter()
        self.books = books.open("a", buffering=1)

    def note(self, event: str, **facts: Any) -> None:
        self.books.write(json.dumps({"event": event, **facts}) + "\n")

    def process(self, batch_id: str, asked: list[tuple[str, dict[str, Any]]], *, whole: bool = False) -> None:
        """Decide what becomes of each request: (custom id, fate, body); what is answered is billed.

        Args:
            whole: Where one expires, all do, without any result.
        """
        found = []
        doomed = [text for _, body in asked if "expire" in (text := text_of(body))] if whole else []
        if any(self.expired[text] < self.options.expire_times for text in doomed):
            self.expired.update(doomed)
            self.results[batch_id] = [(custom_id, "expired", body) for custom_id, body in asked]
            return
        for number, (custom_id, body) in enumerate(asked):
            text, fate = text_of(body), "answered"
            if self.options.cancel and number % 2:
                fate = "cancelled"
            elif "expire" in text and self.expired[text] < self.options.expire_times:
                self.expired[text] += 1
                fate = "expired"
            elif "server-error" in text:
                fate = "server-error"
            elif "error" in text:
                fate = "error"
            if fate == "answered":
                self.note("billed", key=text, prompt=PROMPT_TOKENS, completion=COMPLETION_TOKENS)
            if "silent" not in text:
                found.append((custom_id, fate, body))
        found.reverse()  # the order of results is not that of requests
        self.results[batch_id] = found

    def has_ended(self, batch_id: str) -> bool:
        self.looks[batch_id] += 1
        return self.looks[batch_id] > self.options.ends_after

    async def made(self, request: web.Request, batch_id: str, requests: int, shown: dict[str, Any]) -> web.Response:
        self.note("batch", id=batch_id, requests=requests)
        if self.options.lose_reply:
            assert request.transport is not None
            request.transport.abort()
        return web.json_response(shown)

    # OpenAI's.

    async def upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        file = form["file"]
        assert form["purpose"] == "batch"
        assert isinstance(file, web.FileField)
        file_id = f"file-{len(self.files)}"
        self.files[file_id] = file.file.read().decode()
        return web.json_response({"id": file_id, "object": "file", "purpose": "batch", "status": "processed"})

    async def create(self, request: web.Request) -> web.Response:
        body = await request.json()
        lines = [json.loads(line) for line in self.files[body["input_file_id"]].splitlines() if line]
        assert {line["url"] for line in lines} == {body["endpoint"]}
        assert len({line["custom_id"] for line in lines}) == len(lines)
        batch_id = f"batch_{len(self.batches)}"
        batch = {"id": batch_id, "object": "batch", "endpoint": body["endpoint"], "metadata": body.get("metadata")}
        batch |= {"created_at": int(time.time()), "completion_window": "24h", "input_file_id": body["input_file_id"]}
        batch["request_counts"] = {"total": len(lines), "completed": 0, "failed": 0}
        batch["status"] = "failed" if self.options.full and len(lines) > self.options.full else "in_progress"
        self.batches[batch_id] = batch
        if batch["status"] == "failed":
            batch["errors"] = {"object": "list", "data": [{"code": "token_limit_exceeded", "message": "full"}]}
            return web.json_response({**batch, "status": "validating"})
        self.process(batch_id, [(line["custom_id"], line["body"]) for line in lines])
        return await self.made(request, batch_id, len(lines), batch)

    async def show(self, request: web.Request) -> web.Response:
        batch_id = request.match_info["id"]
        if f"batches/{batch_id}" in self.batches:
            return await self.show_contents(request)
        if batch_id not in self.batches:
            return web.json_response({"error": {"message": "no such batch"}}, status=404)
        batch = self.batches[batch_id]
        if batch["status"] == "in_progress" and self.has_ended(batch_id):
            fates = {fate for _, fate, _ in self.results[batch_id]}
            batch["status"] = next((end for end in ("cancelled", "expired") if end in fates), "completed")
            batch |= {"output_file_id": f"out-{batch_id}", "error_file_id": f"err-{batch_id}"}
        return web.json_response(batch)

    async def list(self, request: web.Request) -> web.Response:
        if "pageSize" in request.query:
            return await self.list_contents(request)
        newest = sorted(self.batches.values(), key=lambda batch: -int(batch["id"].rpartition("_")[2]))
        ids = [batch["id"] for batch in newest]
        start = ids.index(after) + 1 if (after := request.query.get("after")) else 0
        page = newest[start : start + 2]
        return web.json_response({"object": "list", "data": page, "has_more": start + 2 < len(newest)})

    async def content(self, request: web.Request) -> web.Response:
        kind, _, batch_id = request.match_info["id"].partition("-")
        lines = []
        for custom_id, fate, body in self.results[batch_id]:
            line: dict[str, Any] = {"id": "r", "custom_id": custom_id, "response": None, "error": None}
            if fate == "answered":
                line["response"] = {"status_code": 200, "request_id": "q", "body": chat_answer(body)}
            elif fate in ("error", "server-error"):
                status = 400 if fate == "error" else 500
                line["response"] = {"status_code": status, "request_id": "q", "body": {"error": {"message": "bad"}}}
            else:
                line["error"] = {"code": f"batch_{fate}", "message": "This request could not be executed."}
            if (kind == "out") == (fate == "answered"):
                lines.append(line)
        return web.Response(text="".join(json.dumps(line) + "\n" for line in lines))

    # Anthropic's.

    async def create_messages(self, request: web.Request) -> web.Response:
        body = await request.json()
        assert request.headers["anthropic-version"]
        asked = [(one["custom_id"], one["params"]) for one in body["requests"]]
        assert all(len(custom_id) <= 64 for custom_id, _ in asked)
        batch_id = f"msgbatch_{len(self.batches)}"
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        counts = {"processing": len(asked), "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}
        batch = {"id": batch_id, "type": "message_batch", "processing_status": "in_progress", "created_at": stamp}
        self.batches[batch_id] = {**batch, "request_counts": counts, "results_url": None}
        self.process(batch_id, asked)
        return await self.made(request, batch_id, len(asked), self.batches[batch_id])

    async def show_messages(self, request: web.Request) -> web.Response:
        batch_id = request.match_info["id"]
        batch = self.batches[batch_id]
        if self.has_ended(batch_id):
            batch["processing_status"] = "ended"
            batch["results_url"] = f"https://elsewhere.test/{batch_id}"
        return web.json_response(batch)

    async def list_messages(self, request: web.Request) -> web.Response:
        for batch_id in self.batches:
            if self.has_ended(batch_id):
                self.batches[batch_id] |= {"processing_status": "ended", "results_url": "https://elsewhere.test"}
        newest = list(reversed(self.batches.values()))
        ids = [batch["id"] for batch in newest]
        start = ids.index(after) + 1 if (after := request.query.get("after_id")) else 0
        page = newest[start : start + 2]
        last = page[-1]["id"] if page else None
        return web.json_response({"data": page, "has_more": start + 2 < len(newest), "last_id": last})

    async def results_of(self, request: web.Request) -> web.Response:
        lines = []
        for custom_id, fate, body in self.results[request.match_info["id"]]:
            kind = {"error": "invalid_request_error", "server-error": "api_error"}.get(fate)
            result: dict[str, Any] = {"type": {"cancelled": "canceled"}.get(fate, fate)}
            if fate == "answered":
                result = {"type": "succeeded", "message": message_answer(body)}
            elif kind:
                error = {"type": "error", "error": {"type": kind, "message": "bad"}}
                result = {"type": "errored", "error": error}
            lines.append({"custom_id": custom_id, "result": result})
        return web.Response(text="".join(json.dumps(line) + "\n" for line in lines))

    # Gemini's.

    async def create_contents(self, request: web.Request) -> web.Response:
        batch = (await request.json())["batch"]
        asked = [(one["metadata"]["key"], one["request"]) for one in batch["inputConfig"]["requests"]["requests"]]
        batch_id = f"batches/{len(self.batches)}"
        facts = {"displayName": batch["displayName"], "state": "BATCH_STATE_PENDING", "model": "models/m"}
        facts |= {"createTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        facts["batchStats"] = {"requestCount": str(len(asked))}
        self.batches[batch_id] = {"name": batch_id, "metadata": facts}
        self.process(batch_id, asked, whole=True)
        return await self.made(request, batch_id, len(asked), self.batches[batch_id])

    async def show_contents(self, request: web.Request) -> web.Response:
        batch_id = f"batches/{request.match_info['id']}"
        facts = self.batches[batch_id]["metadata"]
        if self.has_ended(batch_id):
            fates = {fate for _, fate, _ in self.results[batch_id]}
            end = next((end for end in ("cancelled", "expired") if end in fates), "succeeded")
            facts["state"] = f"BATCH_STATE_{end.upper()}"
            facts["output"] = {"inlinedResponses": {"inlinedResponses": self.contents_of(batch_id)}}
        return web.json_response(self.batches[batch_id])

    def contents_of(self, batch_id: str) -> list[dict[str, Any]]:
        lines = []
        for custom_id, fate, body in self.results[batch_id]:
            line: dict[str, Any] = {"metadata": {"key": custom_id}}
            if fate == "answered":
                line["response"] = content_answer(body)
            elif fate in ("error", "server-error"):
                line["error"] = {"code": 3 if fate == "error" else 13, "message": "bad"}
            else:
                continue
            lines.append(line)
        return lines

    async def list_contents(self, request: web.Request) -> web.Response:
        newest = list(reversed(self.batches.values()))
        start = int(request.query.get("pageToken", 0))
        more = {"nextPageToken": str(start + 2)} if start + 2 < len(newest) else {}
        return web.json_response({"operations": newest[start : start + 2], **more})

    # Bedrock's.

    async def create_job(self, request: web.Request) -> web.Response:
        body = await request.json()
        assert "Credential=" in request.headers["Authorization"]
        place, results = body["inputDataConfig"]["s3InputDataConfig"], body["outputDataConfig"]["s3OutputDataConfig"]
        assert place["s3Uri"].endswith(".jsonl")
        assert results["s3Uri"].endswith("/")
        lines = [json.loads(line) for line in stored(place["s3Uri"]).splitlines()]
        job_id = f"job{len(self.batches):09d}"
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        job = {name: body[name] for name in ("jobName", "modelId", "roleArn", "inputDataConfig", "outputDataConfig")}
        job |= {"jobArn": f"arn:aws:bedrock:eu-west-1:123456789012:model-invocation-job/{job_id}"}
        job |= {"status": "Submitted", "submitTime": stamp, "modelInvocationType": body["modelInvocationType"]}
        self.batches[job_id] = job
        if len(lines) < self.options.least:
            job |= {
                "status": "Failed",
                "message": f"Records are fewer than the minimum of {self.options.least} records",
            }
            return await self.made(request, job_id, len(lines), {"jobArn": job["jobArn"]})
        job["totalRecordCount"] = len(lines)
        self.process(job_id, [(line["recordId"], line["modelInput"]) for line in lines])
        return await self.made(request, job_id, len(lines), {"jobArn": job["jobArn"]})

    async def show_job(self, request: web.Request) -> web.Response:
        job_id = request.match_info["id"]
        job = self.batches[job_id]
        if job["status"] == "Submitted" and self.has_ended(job_id):
            fates = {fate for _, fate, _ in self.results[job_id]}
            ends = {"cancelled": "Stopped", "expired": "PartiallyCompleted"}
            job["status"] = next((ends[end] for end in ends if end in fates), "Completed")
            lines = self.records_of(job_id)
            folder = f"{job['outputDataConfig']['s3OutputDataConfig']['s3Uri']}{job_id}"
            name = job["inputDataConfig"]["s3InputDataConfig"]["s3Uri"].rpartition("/")[2]
            store(f"{folder}/{name}.out", lines)
            store(f"{folder}/manifest.json.out", [{"processedRecordCount": len(lines)}])
            job["processedRecordCount"] = len(lines)
        return web.json_response(job)

    def records_of(self, job_id: str) -> list[dict[str, Any]]:
        lines = []
        for record_id, fate, body in self.results[job_id]:
            line: dict[str, Any] = {"recordId": record_id, "modelInput": body}
            if fate == "answered":
                line["modelOutput"] = converse_answer(body)
            elif fate in ("error", "server-error"):
                line["error"] = {"errorCode": 400 if fate == "error" else 500, "errorMessage": "bad"}
            else:
                continue
            lines.append(line)
        return lines

    async def list_jobs(self, request: web.Request) -> web.Response:
        named = request.query.get("nameContains", "")
        newest = [job for job in reversed(self.batches.values()) if named in job["jobName"]]
        start = int(request.query.get("nextToken", 0))
        more = {"nextToken": str(start + 2)} if start + 2 < len(newest) else {}
        return web.json_response({"invocationJobSummaries": newest[start : start + 2], **more})

    async def online(self, request: web.Request) -> web.Response:
        """A call that is not in a batch: it is in the books too."""
        body = await request.json()
        self.note("online", key=text_of(body))
        return web.json_response(message_answer(body) if "messages" in request.path else chat_answer(body))

    async def models(self, request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": []})


def application(batches: Batches) -> web.Application:
    """The routes."""
    app = web.Application(client_max_size=1 << 30)
    app.router.add_get("/v1/models", batches.models)
    app.router.add_post("/v1/chat/completions", batches.online)
    app.router.add_post("/v1/messages", batches.online)
    app.router.add_post("/v1/files", batches.upload)
    app.router.add_get("/v1/files/{id}/content", batches.content)
    app.router.add_post("/v1/batches", batches.create)
    app.router.add_get("/v1/batches", batches.list)
    app.router.add_get("/v1/batches/{id}", batches.show)
    app.router.add_post("/v1/models/{model}:batchGenerateContent", batches.create_contents)
    # Gemini lists under the name that OpenAI lists under; the query tells whose page it is.
    app.router.add_post("/v1/messages/batches", batches.create_messages)
    app.router.add_get("/v1/messages/batches", batches.list_messages)
    app.router.add_get("/v1/messages/batches/{id}", batches.show_messages)
    app.router.add_get("/v1/messages/batches/{id}/results", batches.results_of)
    app.router.add_post("/v1/model-invocation-job", batches.create_job)
    app.router.add_get("/v1/model-invocation-job/{id}", batches.show_job)
    app.router.add_get("/v1/model-invocation-jobs", batches.list_jobs)
    return app


@contextmanager
def vendor(books: Path, **habits: Any) -> Iterator[Vendor]:
    """A server with these habits, at 127.0.0.1, until the block ends."""
    batches, loop = Batches(books, Habits(**habits)), asyncio.new_event_loop()
    runner = web.AppRunner(application(batches))

    async def start() -> int:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return int(runner.addresses[0][1])

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        port = asyncio.run_coroutine_threadsafe(start(), loop).result(timeout=30)
        yield Vendor(f"http://127.0.0.1:{port}/v1", books)
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(timeout=30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        batches.books.close()
