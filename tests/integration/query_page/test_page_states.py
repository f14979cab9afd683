"""The six states of each view: none of them is drawn as another, and no outage as calm."""

import pytest

from tests.integration.query_api.conftest import SQL_KEY
from tests.integration.query_page.conftest import StartService
from tests.integration.query_page.lakes import Service
from tests.integration.query_page.looking import VIEWS, show, state, use_key
from tests.labs.browser import Browser

pytestmark = pytest.mark.needs("chromium")
ASKING = [view for view in VIEWS if view != "sql"]


@pytest.mark.full_size(one_in=2)
@pytest.mark.parametrize("view", ASKING)
def test_until_the_answer_comes_its_skeleton_is_there(
    page: Browser, fresh: Service, view: str
) -> None:
    page.open(f"{fresh.url}/#/{view}")
    page.cdp(
        "Network.emulateNetworkConditions",
        offline=False,
        latency=1500,
        downloadThroughput=-1,
        uploadThroughput=-1,
    )
    page.call("POST", "/refresh", {})

    state(page, "loading")
    assert page.run("return document.querySelector('main [aria-busy=true]') !== null")
    state(page, "fresh")


@pytest.mark.parametrize(
    ("view", "said"),
    [
        ("market", "No prices yet"),
        ("pipeline", "Nothing has come yet"),
        ("cost", "Nothing has been spent yet"),
    ],
)
def test_an_empty_lake_says_what_will_come_and_what_makes_it(
    page: Browser, bare: Service, start: StartService, view: str, said: str
) -> None:
    # Of its own: another view's question has a price, and is no nothing.
    own = start("bare")
    show(page, own.url, view)

    text = state(page, "empty")

    assert said in text
    assert "make demo" in text
    page.wait("document.querySelector('#freshness').innerText.includes('Empty')")


def test_an_asset_that_is_not_there_is_said_to_be_not_there(
    page: Browser, bare: Service
) -> None:
    show(page, bare.url, "asset/bitcoin")

    assert "Not found" in state(page, "failed")


@pytest.mark.parametrize("view", VIEWS)
def test_a_lake_that_stands_says_so_over_each_view(
    page: Browser, stale: Service, view: str
) -> None:
    show(page, stale.url, view)

    text = state(page, "stale")

    assert "CoinCap stands" in text
    assert "since" in text
    page.wait("document.querySelector('#freshness').innerText.includes('Stalled at CoinCap')")


@pytest.mark.full_size(one_in=2)
@pytest.mark.parametrize("view", ASKING)
def test_without_the_lake_a_view_says_what_failed_and_what_to_do(
    page: Browser, start: StartService, view: str
) -> None:
    away = start(AWS_ENDPOINT_URL="http://127.0.0.1:9")
    show(page, away.url, view)

    text = state(page, "failed", 90)

    assert "unavailable" in text
    assert "readyz" in text
    assert "Try again" in text
    page.wait("document.querySelector('#freshness').innerText.includes('unknown')")


@pytest.mark.full_size(one_in=2)
@pytest.mark.parametrize("view", VIEWS)
def test_without_a_key_a_view_says_what_one_would_show(
    page: Browser, start: StartService, fresh: Service, view: str
) -> None:
    closed = start(QUERY_API_ANONYMOUS_READ="false")
    show(page, closed.url, view)

    text = state(page, "no-key")
    assert "A key is needed here" in text
    assert "Enter a key" in text

    use_key(page, SQL_KEY)
    page.wait("!document.querySelector('main [data-state=no-key]')")


def test_what_cannot_be_refreshed_stays_and_says_of_when_it_is(
    page: Browser, start: StartService, fresh: Service
) -> None:
    own = start()
    show(page, own.url, "pipeline")
    state(page, "fresh")

    own.ended()

    text = state(page, "stale", 30)
    assert "Could not be refreshed" in text
    assert "UTC" in text
    assert page.run("return document.querySelectorAll('[data-stage]').length") == 6
