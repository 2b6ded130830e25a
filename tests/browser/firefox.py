"""The system's Firefox by WebDriver BiDi: as much of the protocol as the checks need, over one web socket."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import aiohttp

PREFERENCES = {
    # The browser itself must be as silent as the page.
    "app.update.auto": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}
START_S = 300.0
"""For one that never starts; a machine with much else to do takes more than a minute."""

_LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")


def find() -> str | None:
    """Path of the browser, or None."""
    return next((path for name in ("firefox-esr", "firefox") if (path := shutil.which(name))), None)


class Firefox:
    """A headless Firefox with one tab. A context manager.

    Attributes:
        said: Messages of the console and of the browser about the page.
        asked: URLs requested by the page; Firefox does not report every file that it opens.
    """

    def __init__(self, executable: str, profile: Path, *, scripts: bool = True) -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        values = {**PREFERENCES, "javascript.enabled": scripts}
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in values.items()]
        (profile / "user.js").write_text("\n".join(lines), "utf-8")
        self._log = profile / "stderr.txt"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [executable, "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port=0"],
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        self._tab: str | None = None
        self._loop = asyncio.new_event_loop()
        self._http: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._number = 0
        try:
            self._loop.run_until_complete(asyncio.wait_for(self._connect(), START_S))
        except BaseException:
            # What is left open here fails a later test that has nothing to do with it.
            self._end()
            raise

    def __enter__(self) -> Firefox:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def _end(self) -> None:
        try:
            self._loop.run_until_complete(self._close())
        finally:
            self._process.kill()
            self._process.wait()
            self._loop.close()

    async def _close(self) -> None:
        if self._socket is not None:
            await self._socket.close()
        if self._http is not None:
            await self._http.close()

    async def _connect(self) -> None:
        while not (found := _LISTENING.search(self._log.read_text("utf-8", "replace"))):
            await asyncio.sleep(0.05)
        self._http = aiohttp.ClientSession()
        self._socket = await self._http.ws_connect(f"{found[1]}/session", max_msg_size=0)
        await self._send("session.new", capabilities={})
        await self._send("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])
        tree = await self._send("browsingContext.getTree")
        self._tab = tree["contexts"][0]["context"]

    async def _send(self, method: str, **params: Any) -> Any:
        self._number += 1
        assert self._socket is not None, "connected first"
        await self._socket.send_json({"id": self._number, "method": method, "params": params})
        while True:
            answer = await self._socket.receive_json()
            if answer.get("id") == self._number:
                if answer["type"] == "error":
                    raise RuntimeError(f"{method}: {answer['error']}: {answer['message']}")
                return answer["result"]
            event = answer.get("params", {})
            if answer.get("method") == "log.entryAdded":
                self.said.append(str(event.get("text")))
            elif answer.get("method") == "network.beforeRequestSent" and event.get("context") == self._tab:
                self.asked.append(event["request"]["url"])

    def do(self, method: str, **params: Any) -> Any:
        """One command about the tab; its result."""
        return self._loop.run_until_complete(self._send(method, context=self._tab, **params))

    def goto(self, url: str) -> None:
        """Load a page, whole."""
        self.said.clear()
        self.asked.clear()
        self.do("browsingContext.navigate", url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """The JSON value of an expression in the page, or of what its promise comes to."""
        wrapped = f"Promise.resolve({expression}).then(value => JSON.stringify(value))"
        found = self._loop.run_until_complete(
            self._send("script.evaluate", expression=wrapped, target={"context": self._tab}, awaitPromise=True)
        )
        if found["type"] != "success":
            raise RuntimeError(found["exceptionDetails"]["text"])
        return json.loads(found["result"]["value"]) if "value" in found["result"] else None

    def inject(self, source: str) -> None:
        """Run a script of the test's own in the page; its policy is about the page's."""
        found = self._loop.run_until_complete(
            self._send("script.evaluate", expression=source, target={"context": self._tab}, awaitPromise=False)
        )
        if found["type"] != "success":
            raise RuntimeError(found["exceptionDetails"]["text"])

    def press(self, keys: str) -> None:
        """Press keys one after the other; WebDriver's code points stand for those that are no letter."""
        strokes = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.do("input.performActions", actions=[{"type": "key", "id": "keys", "actions": strokes}])

    def go(self, key: str) -> str:
        """Press a key that leads to another page, and wait for that; its address."""
        before = self.evaluate("performance.timeOrigin")
        self.press(key)
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            try:
                # Both at once: else the page that is left is complete, and the next, still loading, began later.
                ready, began = self.evaluate("[document.readyState, performance.timeOrigin]")
                if ready == "complete" and began != before:
                    return str(self.evaluate("location.href"))
            except RuntimeError:  # the page is being left
                pass
            time.sleep(0.05)
        raise RuntimeError(f"the key {key!r} leads nowhere")

    def resize(self, width: int, height: int) -> None:
        """Set the viewport, in CSS pixels."""
        self.do("browsingContext.setViewport", viewport={"width": width, "height": height})

    def count(self, selector: str) -> int:
        """Elements that match; works with scripts off."""
        found = self.do("browsingContext.locateNodes", locator={"type": "css", "value": selector})
        return len(found["nodes"])

    def pdf(self) -> bytes:
        """The page, printed on A4."""
        page = {"width": 21.0, "height": 29.7}
        return base64.b64decode(self.do("browsingContext.print", page=page, background=True)["data"])
