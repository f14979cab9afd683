"""`make pictures`: each view, light and dark, wide and narrow, fresh, empty, stale and failed, as PNG.

For the eye: no test compares them. They are of a lake of the simulator's market (`page_lake`).
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from tests.integration.query_api.conftest import SQL_KEY
from tests.integration.query_page.lakes import filled, open_cloud, open_service, polled
from tests.integration.query_page.looking import use_key
from tests.labs.browser import Browser, browser, driver
from tests.labs.page_lake import LakePlan

HOUR_MS = 3_600_000
SIZES = {"1440": (1440, 900), "390": (390, 844)}
THEMES = ("light", "dark")
STATES = ("fresh", "empty", "stale", "failed")
VIEWS = ("market", "asset", "pipeline", "sql", "cost")
_SQL = "select * from candles_1h where asset_id = 'bitcoin' order by minute desc limit 48"
_PLACES = {"asset": "asset/bitcoin?interval=15m", "sql": f"sql?q={quote(_SQL)}"}
_ODD = {3: "quarantined", 7: "late", 30: "rebuilt", 40: "missing", 41: "missing"}
# What a view shows when it is whole, beside its state.
_WHOLE = {
    "market": "document.querySelectorAll('svg.spark').length > 20",
    "asset": "document.querySelectorAll('#origin li').length && document.querySelector('.legend').innerText",
    "pipeline": "document.querySelector('#entry dl')",
    "sql": "document.querySelector('.grid-row')",
    "cost": "document.querySelector('.bars rect')",
}


@contextmanager
def services(states: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """The address of a service in each of the states."""
    now = LakePlan(time.time_ns() // 1_000_000, hours=62, dense=40, assets=60, odd=_ODD)
    plans = {
        "fresh": now,
        "stale": replace(now, hours=26, behind_ms=3 * HOUR_MS, name="stale"),
        "empty": replace(now, hours=0, name="bare"),
    }
    with ExitStack() as open_:
        state = open_.enter_context(tempfile.TemporaryDirectory())
        cloud = open_.enter_context(open_cloud(Path(state)))
        urls = {}
        for name in states:
            settings: dict[str, str] = {}
            if name in plans:
                lake_now = filled(cloud, plans[name])
                if name == "fresh" and lake_now is not None:
                    open_.enter_context(polled(lake_now))
            else:
                settings["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
            lake = plans[name].name if name in plans else now.name
            urls[name] = open_.enter_context(open_service(cloud, lake, settings)).url
            sys.stderr.write(f"{name}: {urls[name]}\n")
        yield urls


def take(page: Browser, url: str, view: str, state: str) -> bytes:
    """Wait until the view is in its state, and take its picture."""
    page.open(f"{url}/#/{_PLACES.get(view, view)}")
    page.wait(f"document.querySelector('[data-view={view}]')")
    if view == "sql" and state != "failed":
        use_key(page, SQL_KEY)
        if state != "empty":
            page.wait(
                "document.querySelector('.editor').shadowRoot.querySelector('.cm-content')"
            )
            page.open(f"{url}/#/sql?q={_SQL.replace(' ', '%20')}")
            page.click("#run")
    shown = {"stale": "fresh", "failed": "failed"}.get(state, state)
    if view == "sql" and state in ("empty", "failed"):
        time.sleep(2)
    elif view == "asset" and state == "empty":
        page.wait("document.querySelector('main [data-state=failed]')", 90)
    else:
        # In an empty lake the market's own question has cost something, and the cost is not empty.
        page.wait(
            f"document.querySelector('main [data-state={shown}], [data-view=cost] [data-state=fresh]')",
            90,
        )
    if state in ("fresh", "stale"):
        page.wait(_WHOLE[view], 90)
    if state == "stale":
        page.wait("document.querySelector('main [data-state=stale]')")
    time.sleep(0.8)
    return page.picture()


def main() -> int:
    """Take those that are asked for; all of them take some minutes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=Path(".local/pictures"))
    parser.add_argument("--states", default=",".join(STATES))
    parser.add_argument("--views", default=",".join(VIEWS))
    parser.add_argument("--themes", default=",".join(THEMES))
    parser.add_argument("--sizes", default=",".join(SIZES))
    asked = parser.parse_args()
    asked.into.mkdir(parents=True, exist_ok=True)
    with services(tuple(asked.states.split(","))) as urls, _page() as page:
        for theme in asked.themes.split(","):
            page.prefer(theme)
            for size in asked.sizes.split(","):
                page.resize(*SIZES[size])
                for state, url in urls.items():
                    for view in asked.views.split(","):
                        path = asked.into / f"{view}-{state}-{theme}-{size}.png"
                        try:
                            path.write_bytes(take(page, url, view, state))
                        except AssertionError as error:
                            # Shown as it is: a picture of what went wrong says more than none.
                            path.write_bytes(page.picture())
                            sys.stderr.write(f"{path.name}: {error}\n")
    sys.stdout.write(f"{asked.into}\n")
    return 0


@contextmanager
def _page() -> Iterator[Browser]:
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        driver(Path(folder)) as port,
        browser(port, Path(folder) / "p") as opened,
    ):
        yield opened


if __name__ == "__main__":
    sys.exit(main())
