"""Turns: fair among keys, a bounded queue for each, and no key in all seats."""

from query_api.core.turns import Turns


def test_keys_take_turns_however_much_one_of_them_sends() -> None:
    turns: Turns[int] = Turns(at_once=9, most_waiting=9)
    for item in range(4):
        turns.enter("loud", item)
    turns.enter("quiet", 10)

    order = [turns.take() for _ in range(5)]

    assert order == [("loud", 0), ("quiet", 10), ("loud", 1), ("loud", 2), ("loud", 3)]


def test_a_key_whose_items_are_worked_on_waits_and_others_do_not() -> None:
    turns: Turns[int] = Turns(at_once=1, most_waiting=9)
    for item in range(3):
        turns.enter("loud", item)
    first = turns.take()
    none_left = turns.take()
    turns.enter("quiet", 10)

    quiet = turns.take()
    turns.free("loud")

    assert (first, none_left, quiet) == (("loud", 0), None, ("quiet", 10))
    assert turns.take() == ("loud", 1)


def test_a_key_whose_queue_is_full_is_told_so_and_others_are_not() -> None:
    turns: Turns[int] = Turns(at_once=1, most_waiting=2)

    entered = [turns.enter("loud", item) for item in range(4)]

    assert entered == [True, True, True, False]
    assert turns.enter("quiet", 0)


def test_who_leaves_makes_room_and_gets_no_turn() -> None:
    turns: Turns[str] = Turns(at_once=1, most_waiting=1)
    turns.enter("loud", "gone")
    turns.enter("loud", "next")
    full = turns.enter("loud", "third")

    turns.leave("loud", "gone")
    turns.leave("loud", "gone")
    entered = turns.enter("loud", "third")

    assert (full, entered) == (False, True)
    assert turns.take() == ("loud", "next")
    assert turns.take() is None


def test_nothing_is_kept_of_a_key_that_is_done() -> None:
    turns: Turns[int] = Turns(at_once=1, most_waiting=1)
    for key in map(str, range(1000)):
        turns.enter(key, 0)
        turns.take()
        turns.free(key)

    assert (turns._waiting, turns._busy) == ({}, {})
