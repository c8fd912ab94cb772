"""A real browser for tests: headless Chromium, spoken to over a pipe by its DevTools protocol."""

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_PATIENCE_S = 60
_DOMAINS = ("Page", "Runtime", "Log", "Network", "Audits")
_COMPLAINTS = ("Runtime.exceptionThrown", "Log.entryAdded", "Audits.issueAdded")


class Browser:
    """One page at a time, and all that the browser complains about."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._to, self._from = to_browser, from_browser
        self._unread = b""
        self._number = 0
        self._session = ""
        self.events: list[dict[str, Any]] = []

    def send(self, method: str, /, **params: Any) -> dict[str, Any]:
        """Give an order and wait for its answer."""
        self._number += 1
        order = {"id": self._number, "method": method, "params": params}
        if self._session:
            order["sessionId"] = self._session
        os.write(self._to, json.dumps(order).encode() + b"\0")
        while True:
            message = self._read()
            if message.get("id") == self._number:
                assert "error" not in message, message
                return message["result"]
            self.events.append(message)

    def wait_for(self, method: str, **params: Any) -> dict[str, Any]:
        """Wait for an event with some params, unless it has come already."""
        while True:
            for event in self.events:
                known = event.get("params", {})
                if event.get("method") == method and params.items() <= known.items():
                    return known
            self.events.append(self._read())

    def open(self, url: str, *, wait: bool = True, **features: str) -> None:
        """Open a page and wait until its scripts are done; media features as the user has them."""
        if not self._session:
            target = self.send("Target.createTarget", url="about:blank")["targetId"]
            attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
            self._session = attached["sessionId"]
            for domain in _DOMAINS:
                self.send(f"{domain}.enable")
        emulated = [{"name": name, "value": value} for name, value in features.items()]
        self.send("Emulation.setEmulatedMedia", features=emulated)
        self.events.clear()
        self.send("Page.navigate", url=url)
        self.wait_for("Page.loadEventFired")
        if wait:
            self.wait_until("document.documentElement.dataset.drawn")

    def wait_until(self, expression: str) -> None:
        """Wait until an expression of JavaScript is true."""
        deadline = time.monotonic() + _PATIENCE_S
        while not self.value(f"Boolean({expression})"):
            assert time.monotonic() < deadline, f"never true: {expression}; {self.complaints()}"
            time.sleep(0.02)

    def value(self, expression: str) -> Any:
        """Give the value of an expression of JavaScript."""
        answer = self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True,
            userGesture=True,
        )  # fmt: skip
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press_enter(self) -> None:
        """Press a key as a user does, on whatever has the focus."""
        key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
        self.send("Input.dispatchKeyEvent", type="keyDown", text="\r", **key)
        self.send("Input.dispatchKeyEvent", type="keyUp", **key)

    def download(self, link: str, folder: Path) -> bytes:
        """Click a link, named by a selector, and give the file that is saved."""
        session, self._session = self._session, ""
        self.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder),
                  eventsEnabled=True)  # fmt: skip
        self._session = session
        self.events.clear()
        self.value(f"document.querySelector({json.dumps(link)}).click()")
        begun = self.wait_for("Browser.downloadWillBegin")
        self.wait_for("Browser.downloadProgress", guid=begun["guid"], state="completed")
        return (folder / begun["suggestedFilename"]).read_bytes()

    def complaints(self) -> list[dict[str, Any]]:
        """List exceptions, errors and warnings of the console, and what the policy blocked."""
        self.value("0")
        of_console = [
            event for event in self.events
            if event.get("method") == "Runtime.consoleAPICalled"
            and event["params"]["type"] in ("error", "warning", "assert")
        ]  # fmt: skip
        return of_console + [e for e in self.events if e.get("method") in _COMPLAINTS]

    def requests(self) -> list[str]:
        """List the addresses that the page asked for."""
        sent = [e for e in self.events if e.get("method") == "Network.requestWillBeSent"]
        return [event["params"]["request"]["url"] for event in sent]

    def picture(self, path: Path, width: int = 1280, height: int = 900) -> None:
        """Draw the whole page as a PNG."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)  # fmt: skip
        shot = self.send("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def pdf(self) -> bytes:
        """Print the page."""
        printed = self.send("Page.printToPDF", preferCSSPageSize=True, printBackground=False)
        return base64.b64decode(printed["data"])

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            ready, _, _ = select.select([self._from], [], [], _PATIENCE_S)
            assert ready, "the browser does not answer"
            found = os.read(self._from, 1 << 20)
            assert found, "the browser ended"
            self._unread += found
        line, _, self._unread = self._unread.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        return message


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """Run Chromium for as long as the block lasts.

    Args:
        profile: an empty folder for what it writes.
    """
    orders, to_browser = os.pipe()
    from_browser, answers = os.pipe()
    # It reads from file 3 and writes to file 4.
    command = f'exec "$@" 3<&{orders} 4>&{answers}'
    flags = ["--headless", "--no-sandbox", "--remote-debugging-pipe", "--no-first-run",
             "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={profile}"]  # fmt: skip
    process = subprocess.Popen(
        ["bash", "-c", command, "bash", str(CHROMIUM), *flags],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=(orders, answers),
    )  # fmt: skip
    os.close(orders)
    os.close(answers)
    try:
        found = Browser(to_browser, from_browser)
        yield found
        found._session = ""
        found.send("Browser.close")
    finally:
        os.close(to_browser)
        os.close(from_browser)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
