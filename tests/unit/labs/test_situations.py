"""Named situations: counted, added up over seeds, told, and asked for where they are missing."""

import pytest

from tests.labs.situations import Situations

NAMES = {"rare": "something rare", "common": "what happens all the time", "never": "nothing"}


def test_what_is_reached_is_counted_under_its_name() -> None:
    situations = Situations(NAMES)

    for name in ("common", "rare", "common"):
        situations.reached(name)

    assert situations.times == {"common": 2, "rare": 1}
    assert situations.unreached() == ["never"]


def test_a_name_that_is_not_in_the_list_is_an_error() -> None:
    situations = Situations(NAMES)

    with pytest.raises(KeyError, match="'raer' is no situation"):
        situations.reached("raer")
    with pytest.raises(KeyError, match="'raer' is no situation"):
        situations.add({"raer": 1})


def test_seeds_are_counted_beside_how_often_it_was() -> None:
    total = Situations(NAMES)

    total.add({"common": 7})
    total.add({"common": 2, "rare": 1, "never": 0})

    assert total.times == {"common": 9, "rare": 1}
    assert total.seeds == {"common": 2, "rare": 1}
    assert total.unreached() == ["never"]


def test_the_table_begins_with_the_rarest() -> None:
    total = Situations(NAMES)
    total.add({"common": 7})
    total.add({"common": 2, "rare": 1})

    head, *lines = total.table().splitlines()

    assert head.split() == ["situation", "seeds", "times"]
    assert [line.split()[:3] for line in lines] == [
        ["never", "0", "0"],
        ["rare", "1", "1"],
        ["common", "2", "9"],
    ]
    assert lines[1].endswith("something rare")
