"""Every container is killed and comes back; the sink's absence is told; nothing is lost or doubled."""

import pytest

from tests.compose.books import Books
from tests.compose.comparing import compare_bytes, compare_rows, newest_offset, settle
from tests.compose.outside import Outside
from tests.compose.stack import ComposeStack
from tests.compose.watchers import Watchers

pytestmark = pytest.mark.timeout(1500)

# Prometheus waits two minutes before it rings: meanwhile those are killed that can do without the
# sink. The simulator has a story of its own, since its books die with it.
KILLED_WITHOUT_THE_SINK = ("query-api", "etl-runner", "auditor", "cloud")
KILLED = ("ingestor", "s3-sink", "kafka", "s3")


def test_a_sink_that_was_stopped_is_missed_at_once(
    stack: ComposeStack, watchers: Watchers
) -> None:
    assert "S3SinkDown" not in watchers.ringing()

    stack.compose("stop", "s3-sink")

    stack.wait("Prometheus misses the sink", lambda: "s3-sink" not in watchers.jobs_up())


@pytest.mark.parametrize("service", KILLED_WITHOUT_THE_SINK)
def test_without_the_sink_a_killed_container_comes_back_by_itself(
    stack: ComposeStack, outside: Outside, service: str
) -> None:
    _kill_and_go_on(stack, outside, service, but=("s3-sink",))


def test_a_killed_simulator_comes_back_and_is_polled_again(
    stack: ComposeStack, books: Books
) -> None:
    stack.compose("stop", "ingestor")
    books.close()

    _kill(stack, "simulator")
    stack.compose("start", "ingestor")

    stack.wait_healthy(but=("s3-sink",))
    stack.wait("it is polled", lambda: len(books.outside.served()) >= 4)


def test_people_are_told_that_the_sink_is_down_and_that_it_is_back(
    stack: ComposeStack, watchers: Watchers
) -> None:
    stack.wait("S3SinkDown rings", lambda: "S3SinkDown" in watchers.ringing())
    stack.wait("Alertmanager was told", lambda: "S3SinkDown" in watchers.told())

    stack.compose("start", "s3-sink")

    stack.wait("S3SinkDown has ended", lambda: "S3SinkDown" not in watchers.ringing())
    stack.wait_healthy()


@pytest.mark.parametrize("service", KILLED)
def test_a_killed_container_comes_back_by_itself_and_the_flow_goes_on(
    stack: ComposeStack, outside: Outside, service: str
) -> None:
    _kill_and_go_on(stack, outside, service)


def test_after_the_kills_nothing_is_lost_or_doubled(
    stack: ComposeStack, outside: Outside, books: Books
) -> None:
    settle(stack, outside)

    books.lost = compare_bytes(stack, outside, books)
    compare_rows(stack, outside)


def test_the_audit_proves_every_record_between_kafka_and_the_raw_zone(
    stack: ComposeStack,
) -> None:
    said = stack.follow("Prove that nothing is missing")

    *topics, verdict = said.splitlines()
    stack.say("; ".join(topics))
    assert verdict == "proven"
    assert sum(": proven; " in topic for topic in topics) == len(topics) >= 5


def _kill_and_go_on(
    stack: ComposeStack, outside: Outside, service: str, but: tuple[str, ...] = ()
) -> None:
    _kill(stack, service)
    stack.wait_healthy(but)
    before = newest_offset(outside)
    stack.wait("new answers are in Kafka", lambda: newest_offset(outside) > before)


def _kill(stack: ComposeStack, service: str) -> None:
    restarts = stack.states(service)[service]["RestartCount"]

    stack.kill(service)

    stack.wait(
        f"{service} was killed and started again",
        lambda: stack.states(service)[service]["RestartCount"] > restarts,
    )
