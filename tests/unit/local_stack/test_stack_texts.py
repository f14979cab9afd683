"""What people read: tables, credits, preflight sentences, progress."""

import io
from pathlib import Path

import pytest

from ingestor.core.feeds import FEEDS
from local_stack import pace, preflight, spending, tables
from local_stack.counts import StageCounts
from local_stack.errors import StackError
from local_stack.paths import Paths
from local_stack.progress import ProgressLines
from local_stack.record import PORTS, ApiSource


def test_numbers_stand_on_the_right_and_lose_the_zeros_that_say_nothing() -> None:
    text = tables.table(
        ["asset", "price"], [["bitcoin", "97000.500000000002910383"], ["x", "1.000"]]
    )

    assert text.splitlines() == [
        "asset      price",
        "-------  -------",
        "bitcoin  97000.5",
        "x              1",
    ]


def test_a_null_is_shown_as_null() -> None:
    assert tables.table(["a"], [[None]]).endswith("null")


def test_the_stages_end_with_the_sum_of_all_feeds() -> None:
    text = tables.stages({"assets": StageCounts(1, 2, 3), "rates": StageCounts(10, 20, 30)})

    assert text.splitlines()[-1].split()[:4] == ["all", "11", "22", "33"]


def test_without_a_key_the_simulator_is_polled_whatever_else_is_set() -> None:
    assert spending.source_of({"COINCAP_BASE_URL": "http://x"}) == ApiSource()


def test_with_a_key_the_real_api_is_polled_within_fifty_credits() -> None:
    source = spending.source_of({"COINCAP_API_KEY": "k"})

    assert source == ApiSource(spending.REAL_BASE_URL, 50)


def test_the_credits_and_the_address_can_be_set() -> None:
    environ = {"COINCAP_API_KEY": "k", "COINCAP_BASE_URL": "http://s", "DEMO_CREDITS": "7"}

    assert spending.source_of(environ) == ApiSource("http://s", 7)


@pytest.mark.parametrize("text", ["", "0", "-1", "many", "1.5"])
def test_credits_that_are_no_number_are_refused_before_anything_is_spent(text: str) -> None:
    with pytest.raises(StackError, match="DEMO_CREDITS"):
        spending.source_of({"COINCAP_API_KEY": "k", "DEMO_CREDITS": text})


def test_what_will_be_spent_is_said_with_its_bound() -> None:
    said = spending.announcement(ApiSource("https://api/v3", 50))

    assert "https://api/v3" in said
    assert "at most 50 credits in all" in said
    assert (
        f"costs at most {sum(pace.CREDITS_PER_ANSWER.values())} (assets 3, rates 13, exchanges 2, markets 2"
        in said
    )


def test_every_feed_is_polled_and_its_price_is_known() -> None:
    assert list(pace.SIMULATED) == list(pace.REAL) == list(FEEDS)
    assert pace.CREDITS_PER_ANSWER["rates"] == 13
    assert all(one.limit <= 10 for one in pace.REAL.values())


def test_missing_maven_is_said_only_where_jars_are_missing(tmp_path: Path) -> None:
    pom = tmp_path / "local" / "pom.xml"
    pom.parent.mkdir(parents=True)
    pom.write_text("<project/>")

    with pytest.raises(StackError, match="install Maven 3"):
        preflight.check_maven(Paths(tmp_path), {"PATH": str(tmp_path)})


def test_wanted_ports_follow_each_other() -> None:
    ports = preflight.ports_from("45100")

    assert list(ports.values()) == list(range(45100, 45100 + len(PORTS)))


@pytest.mark.parametrize("text", ["80", "x", "65530", "-1"])
def test_a_first_port_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(StackError, match="STACK_FIRST_PORT"):
        preflight.ports_from(text)


def test_away_from_a_terminal_the_same_wait_is_told_only_now_and_then() -> None:
    now = [0.0]
    out = io.StringIO()
    progress = ProgressLines(out, lambda: now[0])

    for second in range(12):
        now[0] = float(second)
        progress.live("waiting for kafka")

    assert out.getvalue().count("waiting for kafka") == 2


def test_credits_that_cannot_pay_a_round_are_told_before_the_start() -> None:
    assert "cannot pay" in spending.announcement(ApiSource("https://api/v3", 10))
    assert "cannot pay" not in spending.announcement(ApiSource("https://api/v3", 50))


def test_on_a_terminal_what_is_waited_for_is_written_over_and_never_wraps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    out = io.StringIO()
    monkeypatch.setattr(out, "isatty", lambda: True)
    progress = ProgressLines(out, lambda: 0.0)

    progress.live("waiting for " + "x" * 100)
    progress.say("ready")

    waited, said = out.getvalue().removeprefix("\r\x1b[K").split("\r\x1b[K")
    assert len(waited) == 29
    assert said.endswith("ready\n")
