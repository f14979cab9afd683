"""The compose stack: built, run, killed, stopped and started again; nothing is lost or doubled.

Stories in the order of this file, on one stack. Every comparison is with something that does not
share code with what it judges: the simulator's ledger, Kafka's records, gunzip, plain JSON.
"""

import hashlib
import json
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from coinlake.contracts.raw_codec import decode
from tests.compose.engine.daemon import Docker
from tests.compose.outside import FEEDS, Outside
from tests.compose.stack import ComposeStack
from tests.kafka_log import KafkaRecord

pytestmark = [pytest.mark.needs("docker"), pytest.mark.timeout(1500)]

# Our own packages in each image, beside those of its lock file.
IMAGES = {
    "ingestor": ("coinlake", "coinlake-ingestor"),
    "s3-sink": ("coinlake", "coinlake-s3-sink"),
    "etl-runner": ("coinlake", "coinlake-etl-runner"),
    "query-api": ("coinlake", "coinlake-query-api"),
    "tools": ("coinlake", "coinlake-tools", "coinlake-job"),
    "simulator": ("coinlake-coincap-simulator",),
    "local-cloud": ("coinlake", "coinlake-local-cloud"),
    "s3": (),
}
OURS = ("ingestor", "s3-sink", "etl-runner", "query-api", "cloud", "simulator", "s3")
# The simulator has a story of its own: its books die with it.
KILLED = ("ingestor", "s3-sink", "etl-runner", "query-api", "kafka", "s3", "cloud")
TABLES = ("quotes", "asset_tokens", "rates", "exchanges", "markets", "candles_1m")


@pytest.fixture(scope="module")
def books() -> Counter[str]:
    """Every body that earlier lives of the simulator served completely, by its hash."""
    return Counter()


def test_images_hold_what_is_locked_and_ours_and_run_as_nobody(
    stack: ComposeStack, docker: Docker
) -> None:
    look = (
        "import importlib.metadata as m, json, os, shutil; "
        "tools = [t for t in ('gcc', 'make', 'mvn', 'git') if shutil.which(t)]; "
        "names = sorted(d.name.lower().replace('_', '-').replace('.', '-') for d in m.distributions("
        "path=['/opt/coinlake/lib/python3.11/site-packages'])); "
        "print(json.dumps([os.getuid(), tools, names]))"
    )
    version = stack.env["COINLAKE_VERSION"]

    for name, ours in IMAGES.items():
        image = f"coinlake/{name}:{version}"
        (facts,) = json.loads(docker.run("image", "inspect", image))
        stack.say(f"image {image}: {facts['Size'] / 1e6:.0f} MB")
        assert facts["Config"]["User"] == "10001:10001"
        assert facts["Config"]["Labels"]["org.opencontainers.image.title"]
        if name != "s3":
            seen = docker.run(
                "run", "--rm", "--read-only", "--cap-drop", "ALL", "--network", "none",
                "--entrypoint", "python", image, "-c", look,
            )  # fmt: skip
            assert json.loads(seen) == [10001, [], sorted({*_locked(stack, name), *ours})]


def test_a_service_without_settings_says_what_is_missing(
    stack: ComposeStack, docker: Docker
) -> None:
    image = f"coinlake/ingestor:{stack.env['COINLAKE_VERSION']}"

    done = docker.tried("run", "--rm", "--network", "none", image)

    assert done.returncode == 2
    assert "COINCAP_API_KEY" in done.stderr


def test_with_a_key_coincap_is_asked_and_the_simulator_is_left_out(
    stack: ComposeStack, docker: Docker
) -> None:
    real = dict(docker.env) | {"COINCAP_SOURCE": "coincap"}
    keyless = Docker(real, docker.own)
    keyed = Docker(real | {"COINCAP_API_KEY": "a-key"}, docker.own)

    refused = keyless.tried("compose", "config", "--quiet", cwd=stack.compose_folder)
    told = json.loads(
        keyed.run("compose", "config", "--format", "json", cwd=stack.compose_folder)
    )

    assert refused.returncode != 0
    assert "COINCAP_API_KEY" in refused.stderr
    assert "simulator" not in told["services"]
    environment = told["services"]["ingestor"]["environment"]
    assert environment["COINCAP_API_KEY"] == "a-key"
    assert environment["COINCAP_BASE_URL"] == "https://rest.coincap.io/v3"
    assert environment["INGESTOR_SOURCE"] == "coincap"


def test_up_returns_when_all_is_healthy(stack: ComposeStack) -> None:
    stack.follow("Start")

    assert stack.unhealthy() == {}
    for errand in ("topics", "provision"):
        assert stack.state(errand)["ExitCode"] == 0


def test_a_price_travels_from_the_simulator_to_the_query_service(
    stack: ComposeStack, outside: Outside
) -> None:
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


@pytest.mark.parametrize("service", KILLED)
def test_a_killed_container_comes_back_by_itself_and_the_flow_goes_on(
    stack: ComposeStack, outside: Outside, service: str
) -> None:
    restarts = int(str(stack.state(service)["RestartCount"]))

    stack.kill(service)

    stack.wait(
        f"{service} was started again",
        lambda: int(str(stack.state(service)["RestartCount"])) > restarts,
        60,
    )
    stack.wait_healthy()
    before = _newest_offset(outside)
    stack.wait("new answers are in Kafka", lambda: _newest_offset(outside) > before)


def test_a_killed_simulator_comes_back_and_is_polled_again(
    stack: ComposeStack, outside: Outside, books: Counter[str]
) -> None:
    stack.compose("stop", "ingestor")
    books.update(_served(outside))

    stack.kill("simulator")
    stack.wait(
        "the simulator was started again",
        lambda: int(str(stack.state("simulator")["RestartCount"])) > 0,
        60,
    )
    stack.compose("start", "ingestor")

    stack.wait_healthy()
    stack.wait("it is polled", lambda: len(outside.served()) >= 4)


def test_after_the_kills_nothing_is_lost_or_doubled(
    stack: ComposeStack, outside: Outside, books: Counter[str]
) -> None:
    _settle(stack, outside)

    _compare_bytes(stack, outside, books + _served(outside))
    _compare_rows(stack, outside)


def test_down_and_up_keeps_every_object_table_and_partition(
    stack: ComposeStack, outside: Outside, books: Counter[str]
) -> None:
    books.update(_served(outside))
    # A sink that stops stores the heartbeats that it still holds.
    stack.compose("stop", "s3-sink", "etl-runner")
    before = _everything(outside)

    stack.compose("down")
    # First without new prices, so that the same question must have the same answer.
    stack.compose("up", "--detach", "--wait", "kafka", "s3", "cloud", "query-api")

    after = _everything(outside)
    for part in before:
        assert after[part] == before[part], part
    stack.say(f"same after down and up: {', '.join(before)}")


def test_then_the_flow_goes_on_and_still_nothing_is_lost_or_doubled(
    stack: ComposeStack, outside: Outside, books: Counter[str]
) -> None:
    rows = int(str(outside.sql("select count(*) from quotes")[0][0]))

    stack.follow("Stop and start again")
    stack.wait(
        "new rows are in SQL",
        lambda: int(str(outside.sql("select count(*) from quotes")[0][0])) > rows,
    )

    _settle(stack, outside)
    _compare_bytes(stack, outside, books + _served(outside))
    _compare_rows(stack, outside)


def test_every_container_stops_in_good_order(stack: ComposeStack) -> None:
    stack.follow("Look when something is wrong")
    stack.compose("start", "ingestor")
    stack.wait_healthy()

    stack.compose("stop")

    # 137 would be the SIGKILL after the grace; Java ends by the signal with 143.
    assert {name: stack.state(name)["ExitCode"] for name in OURS} == dict.fromkeys(OURS, 0)
    assert stack.state("kafka")["ExitCode"] in (0, 143)


def _locked(stack: ComposeStack, name: str) -> list[str]:
    lock = (stack.folder / f"requirements/{name}.txt").read_text()
    return [
        line.split("==")[0].split("[")[0].replace("_", "-").replace(".", "-")
        for line in lock.splitlines()
        if line[:1].isalpha()
    ]


# ---- looking ---------------------------------------------------------------------------------------
def _published_feeds(outside: Outside) -> set[str]:
    return {key.split("/")[1].removeprefix("feed=") for key in outside.etags("ledger/")}


def _served(outside: Outside) -> Counter[str]:
    return Counter(e["sha256"] for e in outside.served() if e["path"].startswith("/v3/"))


def _newest_offset(outside: Outside) -> int:
    assets = outside.records(("coincap.assets.v1",))
    return max((record.offset for record in assets), default=-1)


def _settle(stack: ComposeStack, outside: Outside) -> None:
    """No new answers; wait until all that is in Kafka is stored and published."""
    stack.compose("stop", "ingestor")

    def stored() -> bool:
        in_kafka = Counter(_hash(r.value) for r in _records(outside) if r.value is not None)
        return not in_kafka - outside.raw_lines()

    stack.wait("every value of Kafka is in the raw zone", stored)
    stack.wait("every raw object is published", outside.published)


def _records(outside: Outside) -> list[KafkaRecord]:
    return outside.records()


def _hash(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()


def _compare_bytes(stack: ComposeStack, outside: Outside, served: Counter[str]) -> None:
    """The raw zone against Kafka, record by record, and against the simulator's books."""
    records = _records(outside)
    everything = {(r.topic, r.offset): r.value for r in records}
    in_kafka = {at: value for at, value in everything.items() if value is not None}
    in_raw: Counter[tuple[str, int]] = Counter()
    for key in outside.etags("raw/"):
        topic = key.split("/")[1]
        for stored in decode(outside.get(key)).records:
            in_raw[topic, stored.offset] += 1
            assert everything[topic, stored.offset] == stored.value
    assert set(in_raw.values()) == {1}
    # Heartbeats have no value and are only indexed; the last ones wait for company.
    assert in_raw.keys() >= in_kafka.keys()

    lines = outside.raw_lines()
    assert lines == Counter(_hash(value) for value in in_kafka.values())
    polls = Counter(r.headers["poll_id"] for r in records if r.value and "poll_id" in r.headers)
    twice = sum(polls.values()) - len(polls)
    # Twice in Kafka is what the design allows after a kill, and it is named by the poll's id.
    assert (lines - served).total() <= twice
    lost = served - lines
    gaps = outside.records(("coinlake.gaps.v1",))
    named = [record for record in gaps if record.value is not None]
    # One kill of the ingestor can catch the answers in flight: each of them is named.
    assert lost.total() <= len(named)
    stack.say(
        f"served {served.total()} bodies, in Kafka {len(in_kafka)}, in the raw zone "
        f"{lines.total()}; polls twice in Kafka {twice}; died before the journal "
        f"{lost.total()}, named {len(named)}"
    )


def _compare_rows(stack: ComposeStack, outside: Outside) -> None:
    """The table of quotes against the answers in Kafka, counted with nothing but json."""
    answers: dict[str, bytes] = {}
    for record in outside.records(("coincap.assets.v1",)):
        if record.value is not None:
            answers[record.headers["poll_id"]] = record.value
    expected = {poll: len(json.loads(value)["data"]) for poll, value in answers.items()}

    counted = outside.sql("select poll_id, count(*) from quotes group by poll_id")

    assert {str(poll): int(str(rows)) for poll, rows in counted} == expected
    stack.say(f"{sum(expected.values())} rows of {len(expected)} polls, each once")


def _everything(outside: Outside) -> dict[str, Any]:
    """All that must be the same after the containers were removed and made anew."""
    return {
        "Kafka": Counter((r.topic, r.offset, r.value) for r in _records(outside)),
        "raw objects": outside.etags("raw/"),
        "ledger": outside.etags("ledger/"),
        "curated objects": outside.etags("curated/"),
        "tables and partitions": outside.catalog(),
        "row counts": {
            table: outside.sql(
                f"select dt, hour, count(*) from {table} group by 1, 2 order by 1, 2"
            )
            for table in TABLES
        },
        "quotes": sorted(
            outside.sql("select poll_id, asset_id, price_usd, source_ts from quotes"), key=str
        ),
        "coverage": outside.ask("/v1/coverage")["data"],
    }
