"""The stack comes up healthy, a price travels through it, and Prometheus watches it."""

import json
from decimal import Decimal
from urllib.error import HTTPError

import pytest

from tests.compose.comparing import TABLES
from tests.compose.engine.daemon import ROOT
from tests.compose.engine.images import can_be_had
from tests.compose.outside import FEEDS, Outside
from tests.compose.stack import ERRANDS, ComposeStack
from tests.compose.watchers import Watchers
from tests.unit.observability.promql import SCRAPED

pytestmark = pytest.mark.timeout(1500)

# Nothing published yet; a dependency that is away; an Athena too slow at its first query.
_ASK_AGAIN = (404, 503, 504)
WATCH = ROOT / "docs/how-to/watch-it.md"


def test_up_returns_when_all_is_healthy(stack: ComposeStack) -> None:
    stack.follow("Start")

    assert stack.unhealthy() == {}
    ended = stack.states(*ERRANDS)
    assert {name: state["ExitCode"] for name, state in ended.items()} == dict.fromkeys(
        ERRANDS, 0
    )


def test_a_price_travels_from_the_simulator_to_the_query_service(
    stack: ComposeStack, outside: Outside
) -> None:
    # Asked from the first moment on: before the first hour is published there is no price, and up
    # to QUERY_API_LEDGER_TTL_S after it the service has not seen it yet.
    stack.wait("bitcoin is answered", lambda: _answers(stack, outside, "/v1/assets/bitcoin"))
    stack.wait("every feed is published", lambda: _published_feeds(outside) == set(FEEDS))

    asset, coverage, status = stack.follow("Ask").splitlines()

    bitcoin = json.loads(asset)["data"]
    assert {table["table"] for table in json.loads(coverage)["data"]} >= set(TABLES)
    assert json.loads(status)["hours"]
    served = [
        json.loads(outside.body(entry["sha256"]))
        for entry in outside.served()
        if entry["path"] == "/v3/assets" and entry["status"] == 200
    ]
    prices = {
        Decimal(asset["priceUsd"])
        for body in served
        for asset in body["data"]
        if asset["id"] == "bitcoin"
    }
    assert round(Decimal(bitcoin["price_usd"]), 18) in {round(price, 18) for price in prices}
    stack.say(f"bitcoin: {bitcoin['price_usd']} USD at {bitcoin['source_ts']}")


def test_every_service_that_runs_is_watched_by_a_real_prometheus(
    stack: ComposeStack, watchers: Watchers
) -> None:
    grafana = can_be_had(stack.docker, stack.env["GRAFANA_IMAGE"], stack.say)
    if not grafana:
        stack.say("NOT RUN: Grafana, since its image cannot be had here")

    stack.follow("Start it with compose", WATCH, without="" if grafana else "grafana")

    names = ["prometheus", "alertmanager", *(["grafana"] if grafana else [])]
    states = stack.states(*names)
    assert {state["Health"]["Status"] for state in states.values()} == {"healthy"}
    expected = {*SCRAPED, "prometheus"}
    stack.wait("Prometheus scrapes every service", lambda: watchers.jobs_up() == expected)


def test_the_auditor_proves_the_young_lake_and_alarms_nobody(
    stack: ComposeStack, watchers: Watchers
) -> None:
    def topics() -> set[str]:
        return {sample["metric"]["topic"] for sample in watchers.query("audit_lag_records")}

    # Its first audit may have begun when there was no record yet, and then told no lag.
    topics_of_feeds = {f"coincap.{feed}.v1" for feed in FEEDS}
    stack.wait("the lag of every feed is audited", lambda: topics() >= topics_of_feeds, 700)

    assert watchers.query("audit_findings == 0")
    assert watchers.query("audit_findings > 0") == []
    assert [name for name in watchers.ringing() if name.startswith("Audit")] == []


def _answers(stack: ComposeStack, outside: Outside, path: str) -> bool:
    """Whether there is an answer; what else is said must be worth asking again."""
    try:
        outside.ask(path)
    except HTTPError as error:
        if error.code not in _ASK_AGAIN:
            raise
        with error:
            stack.say(f"{path}: {error.code} {error.read().decode()}")
        return False
    return True


def _published_feeds(outside: Outside) -> set[str]:
    return {key.split("/")[1].removeprefix("feed=") for key in outside.etags("ledger/")}
