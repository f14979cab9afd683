"""A headless Chromium by its driver's own protocol (W3C WebDriver), without a library in between."""

import base64
import http.client
import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ELEMENT = (
    "element-6066-11e4-a52e-4f735466cecf"  # the key of an element's id (W3C WebDriver, 12)
)
_ARGUMENTS = (
    "--headless=new",
    # A container's root has no other sandbox, and its /dev/shm is small.
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    # What a browser asks of its maker would look like a request of the page.
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)
KEYS = {
    "Enter": "\ue007",
    "Escape": "\ue00c",
    "Tab": "\ue004",
    "Left": "\ue012",
    "Right": "\ue014",
    "Control": "\ue009",
}


def is_here() -> str | None:
    """Where the driver is; None where the browser or its driver is not installed."""
    return shutil.which("chromedriver") if shutil.which("chromium") else None


class WebDriverError(Exception):
    """What the driver says went wrong."""


@dataclass
class Browser:
    """One session: a window with an empty profile."""

    port: int
    session: str

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One command of the protocol. Raises WebDriverError."""
        return _command(self.port, method, f"/session/{self.session}{path}", body)

    def open(self, url: str) -> None:
        self.call("POST", "/url", {"url": url})

    def run(self, script: str, *arguments: Any) -> Any:
        """The result of a function's body in the page; a promise is waited for."""
        return self.call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def cdp(self, command: str, **parameters: Any) -> Any:
        """One command of Chromium's own protocol."""
        body = {"cmd": command, "params": parameters}
        return self.call("POST", "/goog/cdp/execute", body)

    def click(self, selector: str) -> None:
        found = self.call("POST", "/element", {"using": "css selector", "value": selector})
        self.call("POST", f"/element/{found[_ELEMENT]}/click", {})

    def keys(self, *pressed: str) -> None:
        """Press keys one after the other, by name or as they are; `Control+x` holds the first."""
        actions: list[dict[str, str]] = []
        for item in pressed:
            held, _, key = item.rpartition("+") if len(item) > 1 else ("", "", item)
            values = [KEYS.get(one, one) for one in (held, key) if one]
            actions += [{"type": "keyDown", "value": value} for value in values]
            actions += [{"type": "keyUp", "value": value} for value in reversed(values)]
        self.call(
            "POST", "/actions", {"actions": [{"type": "key", "id": "k", "actions": actions}]}
        )

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self.keys(*text)

    def text(self, selector: str = "body") -> str:
        """What a reader sees of an element; empty where there is none."""
        return str(
            self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)
        )

    def wait(self, what: str, within_s: float = 60.0) -> Any:
        """The first true value of an expression of the page. Raises AssertionError after the time."""
        return eventually(lambda: self.run(f"return ({what})"), what, within_s)

    def resize(self, width: int, height: int) -> None:
        """The size of what is shown, also below the least width of a window."""
        self.cdp(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def prefer(self, scheme: str) -> None:
        """As a system that is `light` or `dark`."""
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.cdp("Emulation.setEmulatedMedia", features=features)

    def picture(self) -> bytes:
        """A PNG of what is shown."""
        return base64.b64decode(self.call("GET", "/screenshot"))

    def console(self) -> list[str]:
        """Warnings and errors since the last question."""
        logged = self.call("POST", "/se/log", {"type": "browser"})
        return [f"{one['level']}: {one['message']}" for one in logged if one["level"] != "INFO"]

    def requests(self) -> list[str]:
        """The address of every request since the last question."""
        logged = self.call("POST", "/se/log", {"type": "performance"})
        messages = [json.loads(one["message"])["message"] for one in logged]
        return [
            one["params"]["request"]["url"]
            for one in messages
            if one["method"] == "Network.requestWillBeSent"
        ]


def eventually(ask: Callable[[], Any], what: str, within_s: float) -> Any:
    """The first true answer. Raises AssertionError after the time."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        found = ask()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not seen within {within_s} s: {what}")


@contextmanager
def driver(folder: Path) -> Iterator[int]:
    """The driver's process; gives its port."""
    command = [is_here() or "chromedriver", "--port=0"]
    with (folder / "chromedriver.log").open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if "successfully on port" in line:
                yield int(line.rstrip(". \n").split()[-1])
                break
    finally:
        process.terminate()
        process.wait(15)
        process.stdout.close()


@contextmanager
def browser(port: int, folder: Path) -> Iterator[Browser]:
    """A session with a profile of its own, with all that it logs."""
    options = {
        "args": [*_ARGUMENTS, f"--user-data-dir={folder}"],
        "binary": shutil.which("chromium"),
        "prefs": {"download.default_directory": str(folder / "downloads")},
    }
    capabilities = {
        "browserName": "chrome",
        "goog:chromeOptions": options,
        "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        "timeouts": {"script": 60_000, "pageLoad": 60_000},
    }
    made = _command(port, "POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
    opened = Browser(port, made["sessionId"])
    try:
        yield opened
    finally:
        opened.call("DELETE", "")


def _command(port: int, method: str, path: str, body: dict[str, Any] | None) -> Any:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        data = None if method == "GET" else json.dumps(body or {})
        client.request(method, path, data, {"Content-Type": "application/json"})
        value = json.loads(client.getresponse().read())["value"]
    finally:
        client.close()
    if isinstance(value, dict) and "error" in value:
        raise WebDriverError(f"{value['error']}: {value['message']}")
    return value
