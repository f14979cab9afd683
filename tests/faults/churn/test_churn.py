"""Three sinks that are killed, frozen, stopped, added and removed by a schedule lose nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.labs.churn.play import SESSION_S, Plan, play
from tests.labs.churn.schedule import FIRST, Deed, schedule

# The campaign runs five minutes and the controls: `python -m tests.labs.churn`.
SHARE = Plan(seed=3, seconds=20, rate=400)


async def test_every_record_is_in_raw_once_while_sinks_come_go_freeze_and_die(
    tmp_path: Path, measured: Callable[[str], None]
) -> None:
    said: list[str] = []

    outcome = await play(SHARE, tmp_path, said.append)

    measured(f"three sinks, seed {SHARE.seed}, {SHARE.seconds:.0f} s: {outcome}")
    assert outcome.is_exact, "\n".join((*said, str(outcome), outcome.audit[1]))
    assert outcome.in_kafka == outcome.sent > 0


@pytest.mark.parametrize("seed", range(20))
def test_five_minutes_hold_every_deed_and_everybody_is_back_at_the_end(seed: int) -> None:
    actions = schedule(seed, 300, SESSION_S)

    assert actions == schedule(seed, 300, SESSION_S)
    assert {action.deed for action in actions} == set(Deed)
    assert {action.sink for action in actions} > set(FIRST)
    assert all(action.at_s + action.hold_s <= 300 for action in actions)
    assert max(a.hold_s for a in actions if a.deed is Deed.FREEZE) > SESSION_S
    # Nobody is done two things to at once.
    busy: dict[str, float] = {}
    for action in actions:
        assert busy.get(action.sink, 0.0) <= action.at_s
        busy[action.sink] = action.at_s + action.hold_s
