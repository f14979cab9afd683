"""What a failed task tells, as Alertmanager takes it."""

from datetime import UTC, datetime

from coinlake_airflow.alerts import alert

NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)


def test_an_alert_names_the_task_and_the_reason_and_ends_by_itself() -> None:
    told = alert("coinlake_hours.batch.run", "scheduled__x", 3, "the disk is full", NOW)

    assert told["labels"]["task"] == "coinlake_hours.batch.run"
    assert told["annotations"] == {
        "summary": "coinlake_hours.batch.run failed: the disk is full",
        "run": "scheduled__x, batch 3",
    }
    assert told["endsAt"] > told["startsAt"] == "2026-11-20T07:00:00+00:00"


def test_what_changes_with_each_run_is_no_label() -> None:
    one, other = (alert("a.b", run, n, run, NOW) for n, run in enumerate(("x", "y")))

    assert one["labels"] == other["labels"]
    assert one["annotations"]["run"] != other["annotations"]["run"]
