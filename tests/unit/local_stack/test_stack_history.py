"""The hours before a demo: what the market would have answered, as answers of their own time."""

import hashlib

import orjson
import pytest

from coincap_simulator.config import settings_from
from coincap_simulator.simulation import simulation
from coinlake.contracts.headers import text_headers
from local_stack.history import PastAnswer, market, past_answers
from local_stack.settings import SIMULATOR_ASSETS, SIMULATOR_SEED

HOUR_MS = 3_600_000
NOW_MS = 1_800_000_000_000 + 34_567


@pytest.fixture(scope="module")
def answers() -> list[PastAnswer]:
    return list(past_answers(market(SIMULATOR_SEED), NOW_MS, hours=1))


def test_the_answers_of_an_hour_come_in_order_and_none_is_of_now(
    answers: list[PastAnswer],
) -> None:
    times = [answer.received_at_ms for answer in answers]

    assert len(answers) == 240
    assert times == sorted(set(times))
    assert times[0] > NOW_MS - HOUR_MS - 30_000
    assert NOW_MS - 30_000 < times[-1] < NOW_MS
    assert len({text_headers(answer.headers)["poll_id"] for answer in answers}) == 240


def test_an_answer_has_the_prices_that_the_simulator_of_a_stack_had_then(
    answers: list[PastAnswer],
) -> None:
    arguments = ["--seed", str(SIMULATOR_SEED), "--assets", str(SIMULATOR_ASSETS)]
    simulator = simulation(settings_from(arguments), lambda: 0).api
    for answer in answers[::17]:
        told = text_headers(answer.headers)
        at_ms = int(told["requested_at"])
        found = orjson.loads(answer.body)
        asked = simulator.answer("/v3/assets", {"limit": "150", "offset": "0"}, at_ms)
        prices = {one["id"]: one["priceUsd"] for one in orjson.loads(asked.body)["data"]}

        assert len(found["data"]) == 50
        assert {one["id"]: prices[one["id"]] for one in found["data"]} == {
            one["id"]: one["priceUsd"] for one in found["data"]
        }
        assert found["timestamp"] == at_ms
        assert told["sha256"] == hashlib.sha256(answer.body).hexdigest()
        assert told["source"] == "simulator-history"
