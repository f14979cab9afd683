"""Down, up, and the end: what was stored answers as before, and everything stops in good order."""

import pytest

from tests.compose.books import Books, unnamed
from tests.compose.comparing import compare_bytes, compare_rows, everything, settle
from tests.compose.outside import Outside
from tests.compose.stack import ComposeStack
from tests.compose.watchers import Watchers
from tests.unit.observability.promql import SCRAPED, alerts, recorded

pytestmark = pytest.mark.timeout(1500)

OURS = (*SCRAPED, "cloud", "simulator", "s3")


def test_down_and_up_keeps_every_object_table_and_partition(
    stack: ComposeStack, outside: Outside, books: Books
) -> None:
    books.close()
    # A sink that stops stores the heartbeats that it still holds.
    stack.compose("stop", "s3-sink", "etl-runner")
    before = everything(outside)

    stack.compose("down")
    # First without new prices, so that the same question must have the same answer.
    stack.compose("up", "--detach", "--wait", "kafka", "s3", "cloud", "query-api")

    after = everything(outside)
    for part in before:
        assert after[part] == before[part], part
    stack.say(f"same after down and up: {', '.join(before)}")


def test_then_the_flow_goes_on_and_still_nothing_is_lost_or_doubled(
    stack: ComposeStack, outside: Outside, books: Books
) -> None:
    rows = _rows(outside)

    stack.follow("Stop and start again")
    stack.wait("new rows are in SQL", lambda: _rows(outside) > rows)

    settle(stack, outside)
    books.lost = compare_bytes(stack, outside, books)
    compare_rows(stack, outside)


def test_an_answer_that_died_with_the_ingestor_is_a_named_missed_tick(
    stack: ComposeStack, outside: Outside, books: Books
) -> None:
    # The last one was stopped: what it had in its hands is named by the next.
    stack.compose("start", "ingestor")
    stack.wait_healthy()

    lost = books.lost  # of the whole run
    stack.wait(
        f"{lost.total()} lost answers are named",
        lambda: not unnamed(lost, books.entries(), outside.gaps()),
    )


def test_every_rule_is_evaluated_and_every_service_scraped_after_all_that(
    stack: ComposeStack, watchers: Watchers
) -> None:
    expected = {*SCRAPED, "prometheus"}
    stack.wait("every service is scraped again", lambda: watchers.jobs_up() == expected)
    stack.wait(
        "each rule was evaluated",
        lambda: all(rule["health"] != "unknown" for rule in watchers.rules()),
        400,
    )

    rules = watchers.rules()
    assert {rule["name"] for rule in rules} == alerts().keys() | recorded().keys()
    assert [rule for rule in rules if rule["health"] != "ok" or rule.get("lastError")] == []
    stack.say(f"{len(rules)} rules are evaluated without error")


def test_the_audit_finds_an_object_that_was_deleted(
    stack: ComposeStack, outside: Outside
) -> None:
    first = min(key for key in outside.etags("raw/") if "/coincap.assets.v1/" in key)
    outside.delete(first)

    # The flow goes on: what Kafka got this moment is given time to be stored.
    audit = ("audit", "--wait", "60", "--topic", "coincap.assets.v1")
    with pytest.raises(RuntimeError, match="differs: 1 findings"):
        stack.compose("run", "--rm", "coinlake", *audit)


def test_every_container_stops_in_good_order(stack: ComposeStack) -> None:
    stack.follow("When something is wrong")

    stack.compose("stop")

    # 137 would be the SIGKILL after the grace; Java ends by the signal with 143.
    codes = {name: state["ExitCode"] for name, state in stack.states().items()}
    assert codes.pop("kafka") in (0, 143)
    assert codes == dict.fromkeys(OURS, 0)


def _rows(outside: Outside) -> int:
    return int(str(outside.sql("select count(*) from quotes")[0][0]))
