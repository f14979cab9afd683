"""Counting answers from the ingestor's log."""

import json
from pathlib import Path

from ingestor.core.feeds import FEEDS
from local_stack import watch


def line(page: str, poll_id: str, event: str = "answer_journaled") -> str:
    return json.dumps({"event": event, "page": page, "poll_id": poll_id})


def test_each_answer_of_the_log_is_counted_once_with_its_feed(tmp_path: Path) -> None:
    log = tmp_path / "ingestor.log"
    log.write_text(
        "\n".join(
            [
                line("assets?limit=100&offset=0", "a"),
                line("assets?limit=100&offset=100", "b"),
                line("rates", "c"),
                line("rates", "c"),
                line("rates", "d", "poll_failed"),
                "Traceback (most recent call last):",
            ]
        )
    )

    counted = watch.polls_in_log(log)

    assert counted == dict.fromkeys(FEEDS, 0) | {"assets": 2, "rates": 1}


def test_the_answers_of_the_hours_before_are_counted_by_their_sender(tmp_path: Path) -> None:
    log = tmp_path / "history.log"
    log.write_text('{"event": "history_sent", "feed": "assets", "answers": 360, "hours": 3}\n')

    assert watch.history_in_log(log) == {"assets": 360}
    assert watch.history_in_log(tmp_path / "none.log") == {}
