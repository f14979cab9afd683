"""How seeds of a world are played: exit codes, controls, replays and what is told."""

import re
from collections.abc import Collection

import pytest

from tests.labs.seeds import FULL_SIZE, Verdict, World, first_red, main, outcome, smallest_red

EVENTS = ("calm", "storm", "flood", "calm", "quake")


def _run(seed: int, control: str | None, events: Collection[int] | None) -> Verdict:
    """A world in which storm and flood together are red: in each tenth seed, or under a control."""
    kept = [name for number, name in enumerate(EVENTS, 1) if events is None or number in events]
    is_open = seed % 10 == 9 if control is None else control == "no-dyke"
    is_bad = is_open and {"storm", "flood"} <= set(kept)
    return Verdict(
        seed,
        ("wet: the cellar",) if is_bad else (),
        tuple(kept),
        float(seed),
        EVENTS,
        {"houses": 2},
        {"rain": seed % 2, "quake": 1},
    )


def _controls() -> Collection[str]:
    return ("no-dyke", "no-roof")


TOWN = World("town", _run, _controls, {"rain": "it rained", "quake": "the earth shook"})
WORLDS = {"town": TOWN}


def test_seeds_that_hold_are_counted_and_end_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(WORLDS, ["--seeds", "9", "--jobs", "1"]) == 0

    said = capsys.readouterr().out
    assert "town: 9 seeds from 0: 0 violations, 18 houses" in said
    assert re.search(r"^rain +4 +4  it rained$", said, re.MULTILINE)
    assert "not reached" not in said


def test_a_red_seed_is_named_shrunk_and_ends_badly(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(WORLDS, ["--seeds", "15", "--jobs", "1"]) == 1

    said = capsys.readouterr().out
    assert "seed 9: wet: the cellar" in said
    assert (
        "2 of 5 events: python -m tests.labs.sim --world town --replay 9 --events 2,3" in said
    )


def test_a_red_seed_ends_the_play_where_it_is_to_stop(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(WORLDS, ["--seeds", "50", "--jobs", "1", "--stop"]) == 1

    assert capsys.readouterr().out == "seed 9: wet: the cellar\n"


def _breaks(seed: int, control: str | None, events: Collection[int] | None) -> Verdict:
    if seed == 3:
        raise ValueError("no such street")
    return _run(seed, control, events)


def test_a_seed_that_breaks_the_world_is_red_and_told_with_its_number(
    capsys: pytest.CaptureFixture[str],
) -> None:
    worlds = {"town": World("town", _breaks, _controls, TOWN.situations)}

    assert main(worlds, ["--seeds", "9", "--jobs", "1", "--stop"]) == 1

    assert capsys.readouterr().out == "seed 3: world: ValueError('no such street')\n"


def test_what_was_not_reached_is_told_and_at_full_size_a_failure(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(WORLDS, ["--seeds", "1", "--jobs", "1"]) == 0

    assert "not reached in 1 seeds: rain" in capsys.readouterr().out
    assert outcome(FULL_SIZE - 1, 0, ["rain"]) == 0
    assert outcome(FULL_SIZE, 0, ["rain"]) == 1
    assert outcome(FULL_SIZE, 0, []) == 0
    assert outcome(1, 1, []) == 1


def test_a_control_that_no_seed_catches_ends_badly(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(WORLDS, ["--controls", "--jobs", "1"]) == 1

    said = capsys.readouterr().out
    assert "control no-dyke: red at seed 0: wet: the cellar" in said
    assert "control no-roof: NOT CAUGHT in 1500 seeds" in said
    assert first_red(TOWN, "no-roof", range(9)) is None


def test_a_replay_shows_the_timeline_with_the_events_that_are_wanted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(WORLDS, ["--replay", "9", "--events", "2,5"]) == 0
    assert capsys.readouterr().out.startswith("storm\nquake\nevent 1: calm\n")

    assert main(WORLDS, ["--replay", "9"]) == 1
    assert "VIOLATION wet: the cellar" in capsys.readouterr().out

    assert main(WORLDS, ["--replay", "9", "--events", "none"]) == 0


def test_a_seed_is_shrunk_under_the_control_that_it_is_red_with(
    capsys: pytest.CaptureFixture[str],
) -> None:
    red = TOWN.run(4, "no-dyke", None)

    assert smallest_red(TOWN, red, "no-dyke") == [2, 3]
    assert main(WORLDS, ["--shrink", "4", "--control", "no-dyke"]) == 1
    assert "--control no-dyke --replay 4 --events 2,3" in capsys.readouterr().out
    assert main(WORLDS, ["--shrink", "4"]) == 0
    assert "seed 4 holds" in capsys.readouterr().out


def test_one_seed_is_a_seed_of_one_world() -> None:
    worlds = {"town": TOWN, "sea": World("sea", _run, lambda: ("no-sail",), {})}

    with pytest.raises(SystemExit, match=r"--world town\|sea"):
        main(worlds, ["--replay", "1"])

    assert main(worlds, ["--replay", "1", "--world", "sea"]) == 0
    # A control's name tells whose it is.
    assert main(worlds, ["--replay", "1", "--control", "no-sail"]) == 0
