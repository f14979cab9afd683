"""`make board-pictures`: every board with Grafana's own panels, of a real stack and a real Prometheus.

For the eye: no test compares them. `fresh` is the stack after some minutes of questions, `outage` the
same with its sink stopped. What only a host has (its board, credits of a month) is "no data" here.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from local_stack.settings import exported
from tests.integration.observability.watching import Watched, watched_stack
from tests.labs import npm
from tests.labs.boards.series import board_series
from tests.labs.browser import Browser, browser, driver
from tests.unit.observability.promql import dashboards

HERE = Path(__file__).resolve().parent
THEMES = ("light", "dark")
WIDTH = 1600
_SCREEN_PX = 1000
_QUESTIONS = ("assets", "assets/bitcoin/candles", "rates", "coverage", "assets?limit=3", "none")


def main() -> int:
    """Take them: the stack runs for `--minutes`, and as long again is its sink away."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=Path(".local/pictures/boards"))
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--boards", default="")
    asked = parser.parse_args()
    asked.into.mkdir(parents=True, exist_ok=True)
    wanted = {
        name.removesuffix(".json"): board
        for name, board in dashboards().items()
        if asked.boards in name
    }
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        _drawing(Path(folder)) as page,
        watched_stack(Path(folder), ()) as watched,
    ):
        began = time.time()
        with _asking(exported(watched.stack.running())["QUERY_API_URL"]):
            time.sleep(asked.minutes * 60)
            _draw(page, watched, wanted, began, asked.into, "fresh")
            watched.stack.stop("s3_sink")
            time.sleep(asked.minutes * 60)
            _draw(page, watched, wanted, began, asked.into, "outage")
    sys.stdout.write(f"{asked.into}\n")
    return 0


def _draw(
    page: Browser,
    watched: Watched,
    boards: dict[str, Any],
    began: float,
    into: Path,
    state: str,
) -> None:
    now = time.time()
    for name, board in boards.items():
        found = board_series(watched.api, board, began, now)
        (into / f"{name}-{state}.json").write_text(json.dumps(found))
        for theme in THEMES:
            picture(page, found, theme, into / f"{name}-{state}-{theme}.png")


def picture(page: Browser, found: dict[str, Any], theme: str, file: Path) -> None:
    """One board as it is on a screen, and the whole of it beside that (`…-all.png`)."""
    page.resize(WIDTH, _SCREEN_PX)
    page.run("location.reload()")
    page.wait("typeof window.draw === 'function'")
    page.run("window.draw(arguments[0], arguments[1], arguments[2])", found, theme, WIDTH)
    page.wait("document.querySelectorAll('#board section').length")
    # Graphs are drawn on the next frames.
    time.sleep(1.5)
    file.write_bytes(page.picture())
    height = int(page.run("return document.getElementById('board').offsetHeight"))
    page.resize(WIDTH, height)
    time.sleep(0.5)
    file.with_stem(f"{file.stem}-all").write_bytes(page.picture())


@contextmanager
def _drawing(folder: Path) -> Iterator[Browser]:
    """A browser on the page that draws."""
    served = folder / "served"
    _bundle(served)
    handler = partial(_Quiet, directory=str(served))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with driver(folder) as port, browser(port, folder / "profile") as page:
                page.open(f"http://127.0.0.1:{server.server_address[1]}/page.html")
                yield page
        finally:
            server.shutdown()
            thread.join()


def _bundle(served: Path) -> None:
    library = npm.installed(HERE / "package.json", "@grafana/ui") / "node_modules"
    served.mkdir()
    shutil.copy(HERE / "page.html", served)
    icons = "img/icons"
    shutil.copytree(
        library / "@grafana/ui/dist/public" / icons, served / "public/build" / icons
    )
    # Its own launcher needs the step after the installation, which is left out.
    (esbuild,) = (library / "@esbuild").glob("*/bin/esbuild")
    options = ("--bundle", "--format=iife", "--jsx=automatic", "--minify", "--log-level=error")
    loaders = ("--loader:.svg=dataurl", "--loader:.ttf=empty", "--loader:.woff2=dataurl")
    subprocess.run(
        [
            *(str(esbuild), str(HERE / "draw.jsx"), *options, *loaders),
            '--define:process.env.NODE_ENV="production"',
            f"--outfile={served / 'draw.js'}",
        ],
        env={"NODE_PATH": str(library)},
        check=True,
    )


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@contextmanager
def _asking(url: str) -> Iterator[None]:
    """Questions to the query service, a few a second, so that its board has something to show."""
    done = threading.Event()

    def ask() -> None:
        number = 0
        while not done.wait(0.4):
            number += 1
            path = _QUESTIONS[number % len(_QUESTIONS)]
            try:
                with urllib.request.urlopen(f"{url}/v1/{path}", timeout=30) as answer:
                    answer.read()
            except urllib.error.HTTPError as refused:
                refused.close()

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


if __name__ == "__main__":
    sys.exit(main())
