"""The guard's process: late, killed, or held, it costs one statement and is started anew."""

import os
import signal

import pytest

from coinlake.errors import TransientError
from query_api.adapters.guard import GuardProcess, open_guard
from query_api.core.problems import RefusedSqlError

SQL = "select count(*) from quotes"


def _pid(guard: GuardProcess) -> int:
    assert guard._worker is not None
    return guard._worker.pid


async def test_a_worker_that_does_not_answer_in_time_is_killed_and_replaced() -> None:
    async with open_guard("coinlake", 1.0) as guard:
        held = _pid(guard)
        os.kill(held, signal.SIGSTOP)

        with pytest.raises(RefusedSqlError, match="took too long") as refused:
            await guard.check(SQL, 10)
        checked = await guard.check(SQL, 10)

        assert refused.value.reason == "too_complex"
        assert checked.sql == 'select count(*) from "coinlake"."quotes" LIMIT 11'
        assert _pid(guard) != held
    # Nobody waits for it any more: it was reaped.
    with pytest.raises(ProcessLookupError):
        os.kill(held, 0)


async def test_a_worker_that_died_costs_one_statement() -> None:
    async with open_guard("coinlake", 5.0) as guard:
        os.kill(_pid(guard), signal.SIGKILL)

        with pytest.raises(TransientError, match="ended"):
            await guard.check(SQL, 10)
        checked = await guard.check(SQL, 10)

        assert checked.tables == ("quotes",)


async def test_a_refusal_crosses_the_pipe_with_its_reason() -> None:
    async with open_guard("coinlake", 5.0) as guard:
        with pytest.raises(RefusedSqlError) as refused:
            await guard.check("select secret from passwords", 10)

    assert (refused.value.reason, str(refused.value)) == (
        "table",
        "there is no table passwords",
    )
