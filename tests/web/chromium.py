"""A headless Chromium, driven over its DevTools pipe: no package, no driver, no port.

The browser reads commands from file descriptor 3 and writes answers and events to 4, JSON texts
that end in NUL (`--remote-debugging-pipe`). One `Chromium` serves many pages; a `Page` keeps what
its page did: requests, messages on the console, uncaught errors.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

Json = Any

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--remote-debugging-pipe",
)
_PIPE: Final = 'exec "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1'


def installed() -> str | None:
    """The path of a Chromium of this machine, if there is one."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def chromium(executable: str, profile: Path) -> Iterator[Chromium]:
    """A browser with a new profile, closed at the end of the block."""
    command = [executable, *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
    with subprocess.Popen(
        ["/bin/sh", "-c", _PIPE, "sh", *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        browser = Chromium(process)
        try:
            yield browser
        finally:
            browser.call("Browser.close")
            process.wait(30)


class BrowserError(Exception):
    """The browser refused a command, or the page threw."""


@dataclass
class Page:
    """A tab, and what its page did since it was opened."""

    browser: Chromium
    session: str
    target: str
    requests: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    loaded: bool = False

    def call(self, method: str, **params: Json) -> Json:
        """One command of the DevTools protocol."""
        return self.browser.call(method, self.session, **params)

    def go(self, url: str) -> None:
        """Load an address and wait until it has loaded."""
        self.loaded = False
        self.call("Page.navigate", url=url)
        while not self.loaded:
            self.browser.listen()

    def run(self, script: str) -> Json:
        """The value of an expression in the page; a promise is waited for.

        Raises:
            BrowserError: it threw.
        """
        answer = self.call(
            "Runtime.evaluate",
            expression=script,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        if "exceptionDetails" in answer:
            raise BrowserError(json.dumps(answer["exceptionDetails"])[:2000])
        return answer["result"].get("value")

    def choose(self, selector: str, *files: Path) -> None:
        """Choose files in a file input, as a person does."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(file) for file in files])

    def press(self, key: str, code: int, text: str = "", modifiers: int = 0) -> None:
        """Press and release a key."""
        common = {"key": key, "windowsVirtualKeyCode": code, "modifiers": modifiers}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def close(self) -> None:
        """Close the tab."""
        self.browser.call("Target.closeTarget", targetId=self.target)


class Chromium:
    """A running browser."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._in, self._out = process.stdin, process.stdout.fileno()
        self._rest = b""
        self._number = 0
        self._pages: dict[str, Page] = {}

    def page(self) -> Page:
        """A new tab whose doings are watched."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self._pages[session] = Page(self, session, target)
        for domain in ("Page", "Runtime", "Network", "Log", "DOM", "Audits"):
            page.call(f"{domain}.enable")
        return page

    def call(self, method: str, session: str | None = None, **params: Json) -> Json:
        """One command of the DevTools protocol, answered.

        Raises:
            BrowserError: the browser refused it.
        """
        self._number += 1
        message: dict[str, Json] = {"id": self._number, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        self._in.write(json.dumps(message).encode() + b"\0")
        self._in.flush()
        while True:
            answer = self.listen()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def listen(self) -> Json:
        """The next message of the browser; what it says of a page is kept there."""
        while b"\0" not in self._rest:
            chunk = os.read(self._out, 1 << 20)
            if not chunk:
                raise BrowserError("the browser ended")
            self._rest += chunk
        raw, _, self._rest = self._rest.partition(b"\0")
        message = json.loads(raw)
        page = self._pages.get(message.get("sessionId", ""))
        if page is not None and "method" in message:
            _note(page, message["method"], message["params"])
        return message


def _note(page: Page, method: str, params: Json) -> None:
    if method == "Page.loadEventFired":
        page.loaded = True
    elif method == "Network.requestWillBeSent":
        page.requests.append(params["request"]["url"])
    elif method == "Runtime.consoleAPICalled":
        page.console.append(str([each.get("value") for each in params["args"]]))
    elif method == "Runtime.exceptionThrown":
        page.console.append(json.dumps(params["exceptionDetails"]))
    elif method == "Log.entryAdded":
        page.console.append(params["entry"]["text"])
    elif method == "Audits.issueAdded":
        page.console.append(json.dumps(params["issue"]))
