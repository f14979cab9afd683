"""Ledger, bodies, script, clock and command line, in memory."""

import base64

import pytest

from coincap_simulator.config import settings_from
from coincap_simulator.core.bodies import Bodies, MissingBody
from coincap_simulator.core.clock import SimulatedClock
from coincap_simulator.core.ledger import ServedEntry, ServedLedger, feed
from coincap_simulator.core.script import Script, Scripted, ScriptError, scripted_from
from coincap_simulator.web.delivery import accepts_gzip
from coincap_simulator.web.front import public_query


def entry(path: str = "/v3/assets", *, complete: bool = True) -> ServedEntry:
    return ServedEntry(
        at_ms=1,
        wall_ms=2,
        method="GET",
        path=path,
        query="",
        status=200,
        sha256="ab",
        bytes=10,
        complete=complete,
        key="simulator",
        scripted=False,
    )


def test_entries_are_numbered_without_holes_and_the_oldest_are_forgotten() -> None:
    ledger = ServedLedger(kept=3)
    for _ in range(5):
        ledger.add(entry())

    assert [e.seq for e in ledger.since(0)] == [3, 4, 5]
    assert [e.seq for e in ledger.since(4)] == [5]
    assert ledger.summary()["forgotten"] == 2


def test_the_summary_counts_whole_bodies_apart() -> None:
    ledger = ServedLedger(kept=10)
    ledger.add(entry())
    ledger.add(entry("/v3/assets/bitcoin"))
    ledger.add(entry("/v3/rates", complete=False))

    assert ledger.summary() == {
        "count": 3,
        "complete": 2,
        "incomplete": 1,
        "complete_bytes": 20,
        "by_status": {"200": 3},
        "by_feed": {"assets": 1, "other": 1, "rates": 1},
        "first_seq": 1,
        "last_seq": 3,
        "forgotten": 0,
    }


@pytest.mark.parametrize(
    ("path", "name"),
    [("/v3/assets/", "assets"), ("/v3/markets", "markets"), ("/v3/x", "other"), ("/", "other")],
)
def test_a_list_route_is_a_feed(path: str, name: str) -> None:
    assert feed(path) == name


def test_bodies_stay_within_their_budget_and_the_evicted_are_known() -> None:
    bodies = Bodies(max_bytes=10)
    bodies.put("a", b"12345")
    bodies.put("b", b"12345")
    bodies.put("a", b"12345")
    bodies.put("c", b"1")

    assert bodies.get("a") == b"12345"
    assert bodies.get("b") is MissingBody.EVICTED
    assert bodies.get("d") is MissingBody.UNKNOWN
    assert bodies.size == 6


def test_a_body_larger_than_the_budget_is_evicted_at_once() -> None:
    bodies = Bodies(max_bytes=3)
    bodies.put("a", b"1234")

    assert bodies.get("a") is MissingBody.EVICTED
    assert bodies.size == 0


def test_a_script_answers_as_often_as_it_says_and_only_below_its_prefix() -> None:
    script = Script()
    script.add(Scripted("/v3/assets", left=2, status=500))
    script.add(Scripted("/v3", left=1, status=502))

    taken = [script.take(path) for path in ["/v3/assets", "/v3/rates", "/v3/assets/x", "/v3/a"]]

    assert [step and step.status for step in taken] == [500, 502, 500, None]


def test_a_script_is_read_with_its_defaults() -> None:
    given = {"path_prefix": "/v3", "body_base64": base64.b64encode(b"\xff").decode()}

    assert scripted_from(given) == Scripted("/v3", body=b"\xff")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ([], "object"),
        ({"pathprefix": "/"}, "no field pathprefix"),
        ({"count": True}, "count must be int"),
        ({"count": 0}, "at least 1"),
        ({"status": 99}, "200 to 599"),
        ({"headers": {"a": 1}}, "strings"),
        ({"body_base64": "?"}, "base64"),
    ],
)
def test_what_is_no_script_is_refused_with_a_reason(given: object, why: str) -> None:
    with pytest.raises(ScriptError, match=why):
        scripted_from(given)


def test_a_clock_runs_at_its_rate_from_where_it_was_set() -> None:
    clock = SimulatedClock(shown_ms=1_000_000, wall_ms=500, rate=60.0)

    slower = clock.changed(600, now_ms=None, rate=0.5)
    standing = slower.changed(700, now_ms=42, rate=0.0)

    assert clock.at(600) == 1_006_000
    assert slower.at(800) == 1_006_100
    assert standing.at(10_000) == 42


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True),
        ("deflate, gzip;q=0.5, br", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip;q=x", False),
        ("identity", False),
        ("", False),
    ],
)
def test_gzip_is_used_when_the_header_allows_it(header: str, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted


def test_a_key_is_taken_out_of_a_query() -> None:
    assert public_query("limit=5&apiKey=s3cret&ids=a%2Cb") == "limit=5&ids=a%2Cb"
    assert public_query("apiKey=s3cret") == ""


def test_the_command_line_is_read_into_settings() -> None:
    settings = settings_from(
        ["--tick-s", "0.5", "--latency-ms", "5..9", "--clock-start", "2026-11-22T00:00:00Z"]
    )

    assert settings.tick_ms == 500
    assert settings.latency_ms == (5, 9)
    assert settings.clock_start_ms == 1_795_305_600_000
    assert list(settings.keys) == ["simulator"]
    assert settings.policy.key_required


def test_a_key_named_simulator_takes_the_place_of_the_default_one() -> None:
    settings = settings_from(["--key", "simulator:free:x", "--no-require-key"])

    assert {key.plan.name for key in settings.keys.values()} == {"free"}
    assert not settings.policy.key_required


@pytest.mark.parametrize(
    "arguments",
    [
        ["--tick-s", "7"],
        ["--assets", "0"],
        ["--latency-ms", "9..5"],
        ["--clock-start", "2026-11-22T00:00:00"],
        ["--clock-rate", "-1"],
        ["--key", "x:nothing"],
        ["--plan", "x"],
    ],
)
def test_arguments_without_sense_are_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        settings_from(arguments)

    assert stopped.value.code == 2
    assert "error:" in capsys.readouterr().err
