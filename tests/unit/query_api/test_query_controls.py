"""Without its rule each of these promises is broken, and its test sees it."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from query_api.loop import query_run, sharing
from query_api.loop.tokens import Tokens
from query_api.routes import consistent_read
from query_api.routes.parts import ApiParts
from tests.labs.patching import Patch, patched
from tests.unit.query_api import test_query_attempts as attempts
from tests.unit.query_api import test_query_fresh as fresh

_read_state = consistent_read._Read._state


async def _from_memory(read: Any, _: int | None) -> Any:
    return await _read_state(read, None)


async def _nothing_lands(*_: object) -> str:
    return "0" * 16


def _without_values(question: Any) -> bytes:
    return repr((question.statement.sql, question.version)).encode()


def _without_version(question: Any) -> bytes:
    return repr(question.statement).encode()


CONTROLS: dict[str, tuple[Patch, Callable[[], Awaitable[None]]]] = {
    "the key of an answer holds its values": (
        (sharing, "fingerprint", _without_values),
        fresh.test_another_value_is_another_question,
    ),
    "the key of an answer holds its version": (
        (sharing, "fingerprint", _without_version),
        lambda: (
            fresh.test_after_an_hour_is_published_the_next_call_sees_it_whatever_is_in_memory(0)
        ),
    ),
    "an answer from memory waits for a look": (
        (consistent_read._Read, "_state", _from_memory),
        lambda: (
            fresh.test_after_an_hour_is_published_the_next_call_sees_it_whatever_is_in_memory(
                3_600_000
            )
        ),
    ),
    "a tag is confirmed by a look": (
        (consistent_read._Read, "_state", _from_memory),
        fresh.test_a_tag_of_before_a_publish_is_not_confirmed_from_memory,
    ),
    "the lake is looked at after the query": (
        (query_run.QueryRun, "is_steady", True),
        fresh.test_what_is_published_during_a_query_is_asked_again_and_both_are_billed,
    ),
    "a live version holds what has landed": (
        (ApiParts, "landed", _nothing_lands),
        fresh.test_a_live_answer_is_given_again_until_something_lands,
    ),
    "old data are refused": (
        (consistent_read, "refuse_old", lambda *_: None),
        fresh.test_data_older_than_the_client_takes_are_refused_with_their_age,
    ),
    "a token that led to a dead query is spent": (
        (Tokens, "spend", lambda *_: None),
        attempts.test_dead_queries_of_the_same_token_are_passed_over,
    ),
}


@pytest.mark.parametrize("rule", CONTROLS)
async def test_without_the_rule_its_test_is_red(rule: str) -> None:
    patch, scenario = CONTROLS[rule]
    await scenario()

    with (
        pytest.raises((AssertionError, BaseExceptionGroup)),
        patched([patch]),
    ):
        await scenario()
