"""Each view over a lake that lives: what it shows is what the API says, and it asks nobody else."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.integration.query_api.conftest import SQL_KEY
from tests.integration.query_page.lakes import Service
from tests.integration.query_page.looking import (
    VIEWS,
    api,
    module,
    settled,
    show,
    state,
    use_key,
)
from tests.labs.browser import Browser, eventually
from tests.labs.page_lake import HOSTILE

pytestmark = pytest.mark.needs("chromium")


@pytest.mark.parametrize("view", VIEWS)
def test_each_view_comes_without_an_error_or_a_request_elsewhere(
    page: Browser, fresh: Service, view: str
) -> None:
    show(page, fresh.url, view)
    if view == "sql":
        use_key(page, SQL_KEY)
        page.wait("document.querySelector('.tree details')")
    else:
        state(page, "fresh")
    if view.startswith("asset"):
        page.wait(
            "document.querySelector('#origin li') && document.querySelector('.chart canvas')"
        )
    settled(page)

    assert page.console() == []
    # A new window asks its browser for pictures of its own (chrome:).
    asked = [url for url in page.requests() if url.startswith(("http", "ws"))]
    elsewhere = [url for url in asked if not url.startswith(fresh.url)]
    assert len(asked) > 8
    assert elsewhere == []


def test_the_market_has_each_asset_with_its_price_and_its_line(
    page: Browser, fresh: Service, record_property: Callable[[str, object], None]
) -> None:
    show(page, fresh.url, "market")
    state(page, "fresh")
    page.wait("document.querySelectorAll('tr[data-asset] svg.spark').length > 20")

    painted, loaded, sent = page.run(
        "const [load] = performance.getEntriesByType('navigation');"
        " const sent = performance.getEntriesByType('resource').filter((one) => one.name.includes('/page/'));"
        " return [performance.getEntriesByName('first-contentful-paint')[0]?.startTime, load.domContentLoadedEventEnd,"
        " sent.reduce((sum, one) => sum + one.transferSize, load.transferSize)]"
    )
    record_property(
        "measured",
        f"market: painted after {painted:.0f} ms, its scripts have run after {loaded:.0f} ms, {sent:,} bytes",
    )
    # A poll may come between the two questions: all prices are equal once the page has it too.
    eventually(
        lambda: _prices_shown(page) == _prices_told(fresh),
        "each asset with its price to the last digit",
        within_s=60,
    )


def _prices_shown(page: Browser) -> dict[str, str]:
    shown: dict[str, str] = page.run(
        "return Object.fromEntries([...document.querySelectorAll('tr[data-asset]')].map((row) =>"
        " [row.dataset.asset, row.querySelector('.strong.num').title]))"
    )
    return shown


def _prices_told(service: Service) -> dict[str, str]:
    assets = api(service, "/v1/assets?limit=250")["data"]
    return {one["asset_id"]: f"{one['price_usd']} USD" for one in assets}


def test_the_candles_are_those_of_the_api_digit_by_digit(page: Browser, fresh: Service) -> None:
    show(page, fresh.url, "asset/bitcoin?interval=5m")
    state(page, "fresh")
    page.wait("document.querySelectorAll('#candle-table tbody tr').length > 10")
    told = {
        one["start"]: one
        for one in api(fresh, "/v1/assets/bitcoin/candles?interval=5m")["data"]
        if one["final"]
    }

    drawn = module(page, "chart.js", "return m.drawn()")
    table = page.run(
        "return [...document.querySelectorAll('#candle-table tbody tr')].map((row) =>"
        " [...row.cells].map((cell) => cell.title || cell.innerText))"
    )

    by_time = {one["time"] * 1000: one for one in drawn}
    compared = 0
    for start, one in told.items():
        at = api_ms(start)
        if at not in by_time:
            continue
        compared += 1
        for name in ("open", "high", "low", "close"):
            assert by_time[at][name] == float(one[name])
    assert compared >= 10
    exact = {row[0]: row[1:5] for row in table}
    for start, one in list(told.items())[:10]:
        shown = f"{start[:10]} {start[11:19]}"
        if shown in exact:
            assert exact[shown] == [one[name] for name in ("open", "high", "low", "close")]


def api_ms(text: str) -> int:
    from datetime import datetime

    return round(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize("late", ["candles", "/v1/assets/bitcoin"])
def test_candles_have_a_width_whichever_answer_comes_first(
    page: Browser, fresh: Service, late: str
) -> None:
    page.open(f"{fresh.url}/#/cost")
    page.run(
        "const own = window.fetch; window.fetch = (path, init) => String(path).split('?')[0].endsWith(arguments[0])"
        " ? new Promise((done) => setTimeout(done, 3000)).then(() => own(path, init)) : own(path, init)",
        late,
    )
    page.run("location.hash = '#/asset/bitcoin?interval=1h'")
    page.wait(
        "document.querySelector('.chart canvas') && document.querySelector('.legend').innerText"
    )

    # A handful of candles: each is as wide as one of forty.
    assert module(page, "chart.js", "return m.spacing()") > 10


def test_a_price_is_followed_back_to_the_bytes_it_came_in(
    page: Browser, fresh: Service
) -> None:
    show(page, fresh.url, "asset/bitcoin")
    state(page, "fresh")
    page.wait("document.querySelectorAll('#origin li').length === 6")

    text = page.text("#origin")
    price = page.run("return document.querySelector('.price').title").removesuffix(" USD")
    asked = next(url for url in page.requests() if "/lineage" in url)
    told = api(fresh, asked.removeprefix(fresh.url))["data"]

    # It is the price above, and not one that came since.
    assert told["element"]["priceUsd"] in text
    assert f"{Decimal(told['element']['priceUsd']):.18f}" == f"{Decimal(price):.18f}"
    assert told["raw_object"]["key"] in text.replace("\n", "")
    assert told["body"]["sha256"] in text
    assert told["poll"]["poll_id"] in text
    assert "the same hash as when it was received" in text


def test_the_pipeline_shows_each_hour_of_the_ledger_and_its_entry(
    page: Browser, fresh: Service
) -> None:
    hours = api(fresh, "/v1/hours")["data"]
    show(page, fresh.url, "pipeline")
    state(page, "fresh")

    shown = page.run(
        "return Object.fromEntries([...document.querySelectorAll('button.cell')].map((cell) =>"
        " [cell.dataset.hour, cell.className.replace('cell ', '')]))"
    )
    stages = page.run(
        "return [...document.querySelectorAll('[data-stage]')].map((one) => one.dataset.stage)"
    )

    assert shown == {one["hour"][:13]: one["state"] for one in hours}
    assert set(shown.values()) >= {"complete", "quarantined", "late", "open"}
    assert stages == ["coincap", "kafka", "raw", "glue", "curated", "sql"]
    odd = next(one["hour"][:13] for one in hours if one["state"] == "quarantined")
    page.click(f"[data-hour='{odd}']")
    page.wait("document.querySelector('#entry').innerText.includes('of 11 failed')")
    # The link leads there again.
    assert f"hour={odd}" in page.run("return location.hash")


def test_the_cost_is_that_of_the_runs_and_of_the_queries(page: Browser, fresh: Service) -> None:
    api(fresh, "/v1/assets?limit=3")
    show(page, fresh.url, "cost")
    state(page, "fresh")
    told = api(fresh, "/v1/cost")["data"]

    assert "Glue" in page.text("main")
    total = float(page.run("return document.querySelector('[data-total]').dataset.total"))
    assert total == pytest.approx(sum(float(day["usd"]) for day in told["days"]), abs=0.001)
    assert total > 0.05


def test_a_name_that_looks_like_markup_is_text(page: Browser, fresh: Service) -> None:
    show(page, fresh.url, "market")
    state(page, "fresh")

    assert HOSTILE in page.text("main")
    assert page.run("return document.querySelectorAll('main img, main b').length") == 0
    page.run("document.querySelector('[data-search]').focus()")
    page.type("<b>")
    page.wait("document.querySelectorAll('tr[data-asset]').length === 1")
    page.click("tr[data-asset] a")
    page.wait("document.querySelector('[data-view=asset] [data-state=fresh]')")
    assert HOSTILE in page.text("h1")
    assert page.run("return document.title") != "1"
