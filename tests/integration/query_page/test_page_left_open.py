"""A tab that stays open for a day holds no more than it did after its first hour."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.integration.query_page.lakes import Service
from tests.integration.query_page.looking import api, settled, show, state
from tests.labs.browser import Browser

# A day of questions takes its time.
pytestmark = [pytest.mark.needs("chromium"), pytest.mark.timeout(3600)]

_HOUR_MS = 3_600_000
# A driver's command ends after a minute.
_PIECE_MS = 60_000
_MIB = 1024 * 1024
_DAY = (Path(__file__).parent / "day.js").read_text()
# Every piece of a view that is replaced stays with somebody.
_LEAK = """
    const kept = (window.leaked = []), own = Element.prototype.replaceChildren;
    Element.prototype.replaceChildren = function (...given) { kept.push([...this.childNodes]); return own.apply(this, given); };
"""


@dataclass(frozen=True)
class _Held:
    """What a tab holds once its garbage is collected."""

    heap_bytes: int
    nodes: int
    listeners: int

    def __str__(self) -> str:
        return f"{self.heap_bytes / _MIB:.1f} MiB, {self.nodes:,} nodes, {self.listeners:,} listeners"

    def is_held_by(self, later: "_Held") -> bool:
        """Whether a tab that held this holds no more than that later but for what moves with its rows."""
        return (
            later.heap_bytes < 1.1 * self.heap_bytes + _MIB
            and later.nodes < 1.1 * self.nodes + 100
            and later.listeners < 1.1 * self.listeners + 20
        )


def _held(page: Browser) -> _Held:
    # Twice: what is freed by the finalizers of the first round goes in the second.
    for _ in range(2):
        page.cdp("HeapProfiler.collectGarbage")
    told = {
        one["name"]: int(one["value"]) for one in page.cdp("Performance.getMetrics")["metrics"]
    }
    return _Held(told["JSHeapUsedSize"], told["Nodes"], told["JSEventListeners"])


def _opened(page: Browser, url: str, view: str, *, leak: bool = False) -> None:
    page.cdp("Performance.enable")
    page.cdp("HeapProfiler.enable")
    page.cdp("Page.addScriptToEvaluateOnNewDocument", source=_DAY + (_LEAK if leak else ""))
    show(page, url, view)
    state(page, "fresh")
    settled(page)


def _pass(page: Browser, ms: int) -> int:
    """Let so much of the tab's time go by; how many of its timers ran."""
    ran = 0
    for begin in range(0, ms, _PIECE_MS):
        ran += page.run("return ofTheDay.pass(arguments[0])", min(_PIECE_MS, ms - begin))
    return ran


def test_an_open_chart_asks_for_what_may_have_changed(page: Browser, fresh: Service) -> None:
    _opened(page, fresh.url, "asset/bitcoin?interval=1m")
    page.wait("document.querySelectorAll('#candle-table tbody tr').length > 10")
    first = _begins(page)

    _pass(page, 300_000)
    later = _begins(page)
    asked = f"/v1/assets/bitcoin/candles?interval=1m&from={first[0]}"
    unsettled = min(one["start"] for one in api(fresh, asked)["data"] if not one["final"])
    _pass(page, 600_000)

    assert len(first) == 1
    assert len(later) == 10
    assert {begin[:19] for begin in later} == {unsettled[:19]}
    # Now and then all that is shown: an hour that was made again may differ.
    assert sorted(_begins(page))[0][:13] == first[0][:13]
    assert page.console() == []


def _begins(page: Browser) -> list[str]:
    """Where the candles begin that were asked for since the last look, in turn."""
    asked = [urlsplit(url) for url in page.requests()]
    return [parse_qs(one.query)["from"][0] for one in asked if one.path.endswith("/candles")]


@pytest.mark.full_size(one_in=4)
@pytest.mark.parametrize("view", ["market", "asset/bitcoin", "pipeline", "cost"])
def test_a_day_in_a_view_leaves_nothing_behind(
    page: Browser,
    fresh: Service,
    view: str,
    full_size: bool,
    record_property: Callable[[str, object], None],
) -> None:
    hours = 24 if full_size else 1
    _opened(page, fresh.url, view)
    _pass(page, _HOUR_MS // 2)
    before = _held(page)

    ran = _pass(page, hours * _HOUR_MS)

    after = _held(page)
    record_property("measured", f"{view} for {hours} h: {ran:,} timers, {before}, then {after}")
    # The age of the newest row is drawn each second.
    assert ran > hours * 3600
    assert page.console() == []
    assert before.is_held_by(after), f"{before} became {after}"


@pytest.mark.full_size
def test_walking_through_the_views_leaves_nothing_behind(page: Browser, fresh: Service) -> None:
    def walk(rounds: int) -> None:
        for _ in range(rounds):
            for view in (
                "asset/bitcoin",
                "pipeline",
                "sql",
                "cost",
                "asset/ethereum",
                "market",
            ):
                page.run("location.hash = `#/${arguments[0]}`; return ofTheDay.settle()", view)
                _pass(page, 40_000)

    _opened(page, fresh.url, "market")
    walk(4)
    before = _held(page)

    walk(12)

    after = _held(page)
    assert before.is_held_by(after), f"{before} became {after}"


def test_what_a_view_would_leave_behind_is_seen(page: Browser, fresh: Service) -> None:
    _opened(page, fresh.url, "pipeline", leak=True)
    _pass(page, _HOUR_MS // 10)
    before = _held(page)

    _pass(page, _HOUR_MS // 2)

    assert not before.is_held_by(_held(page))
