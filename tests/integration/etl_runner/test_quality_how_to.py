"""Somebody who reads `docs/how-to/read-the-quality.md`: a rule is mended, and what it put aside becomes rows."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from coinlake.contracts.hours import Hour
from tests.integration.etl_runner.conftest import BUCKET, Lake, Start, until
from tests.integration.etl_runner.test_runner_how_to import Reader
from tests.integration.etl_runner.test_runner_story import body, set_script

pytestmark = [
    pytest.mark.full_size,
    # Three runs of Spark.
    pytest.mark.timeout(600),
]

PAGE = Path(__file__).parents[3] / "docs/how-to/read-the-quality.md"
# The day of the page, and hours that no other test here has.
HOUR, NEXT = Hour("2026-11-20", "20"), Hour("2026-11-20", "21")
LONG = "y" * 300
# What a developer would change in the rule and deploy; an hour is made in a process of Spark's own.
MENDED = b"""
import sys

from coinlake_job.carry import rebuilt
from coinlake_job.rebuild import main


def mended(task):
    import coinlake.contracts.answers

    coinlake.contracts.answers.MAX_ID_BYTES = 1024
    return rebuilt(task)


main(sys.argv[1:], mended)
"""


class QualityReader(Reader):
    """The same terminal, for this page; queries go to Athena."""

    page = PAGE

    def asks(self, lake: Lake, section: str, query: int = 0) -> list[list[str | None]]:
        (text,) = re.findall(
            rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.M | re.S
        )
        return lake.sql(re.findall(r"```sql\n(.*?)```", text, re.S)[query])


def answer(entries: list[dict[str, str]]) -> bytes:
    return json.dumps({"data": entries, "timestamp": HOUR.start_ms + 500}).encode()


def rates(lake: Lake) -> list[list[str | None]]:
    return lake.sql("SELECT hour, rate_id FROM rates WHERE dt = '2026-11-20' ORDER BY 1, 2")


def test_a_reader_sees_what_failed_and_replays_it_after_a_fix(
    lake: Lake, start_runner: Start, tmp_path: Path
) -> None:
    runner = start_runner()
    reader = QualityReader(lake, runner, tmp_path)
    # Of an answer in which nothing can be used all of it is put aside, by another rule.
    entries = [{"id": "yen", "rateUsd": "0"}, {"id": LONG, "rateUsd": "2"}]
    lake.land("rates", HOUR, [answer(entries)])
    lake.land("rates", NEXT, [body(id="won", rateUsd="3"), b"no JSON"])
    until(lambda: lake.ledger("rates", HOUR) and lake.ledger("rates", NEXT))
    until(lambda: len(rates(lake)) == 2)

    _read(lake, reader)
    _judged_by_glue(lake, reader)
    job = lake.glue.get_job(JobName="coinlake-rebuild")["Job"]
    _replayed(lake, reader, job)


def _read(lake: Lake, reader: QualityReader) -> None:
    by_rule = {row[1]: row[2:] for row in reader.asks(lake, "A day's rules")}
    assert by_rule["rate_id_usable"] == ["validity", "true", "3", "1"]
    assert by_rule["rate_usd_positive"] == ["range", "false", "2", "1"]
    assert by_rule["body"] == ["validity", "true", "3", "1"]
    assert by_rule["records_promised"] == ["completeness", "true", "3", "0"]
    assert reader.asks(lake, "A day's rules", 1) == []

    body_row, id_row = sorted(reader.asks(lake, "What is in quarantine"), key=str)
    assert (body_row[0], body_row[2]) == ("body", "no JSON")
    assert id_row[0] == "rate_id_usable"
    assert json.loads(str(id_row[2]))["id"] == LONG


def _judged_by_glue(lake: Lake, reader: QualityReader) -> None:
    assert 'IsComplete "source_ts"' in reader.types("Glue Data Quality says the same")
    # Only rates has a table here; the command asks for each that has a ruleset.
    command = "coinlake quality evaluate --dt 2026-11-20"
    said = reader.runs(f"{command} --table rates", code=1)
    assert "FAIL rates rate_usd_positive: 1 of 2 rows" in said
    assert "PASS rates rate_id_usable" in said
    assert command in PAGE.read_text()
    assert reader.types("Glue Data Quality says the same", 2).startswith(
        "results kept: 0 new, 1"
    )
    beside = {row[1]: row[2:] for row in reader.asks(lake, "Glue Data Quality says the same")}
    assert beside["rate_usd_positive"] == ["FAIL", "2", "2", "1"]
    assert beside["rate_id_usable"] == ["PASS", "2", "3", "1"]


def _replayed(lake: Lake, reader: QualityReader, job: dict[str, Any]) -> None:
    lake.s3.put_object(Bucket=BUCKET, Key="jobs/mended.py", Body=MENDED)
    set_script(lake, job, f"s3://{BUCKET}/jobs/mended.py")

    shown = reader.types("Replay after a fix")
    assert "rates/2026-11-20/20 version 1: 1 of 2 in rates_quarantine" in shown
    assert "to rebuild: 1 hours, 0.0147 to" in shown
    assert len(lake.ledger("rates", HOUR)) == 1

    assert "accepted: 1 hours" in reader.types("Replay after a fix", 1)
    until(lambda: len(lake.ledger("rates", HOUR)) == 2)
    # Exactly that hour, and its rows are there.
    assert len(lake.ledger("rates", NEXT)) == 1
    until(lambda: len(rates(lake)) == 3)
    assert rates(lake) == [["20", "yen"], ["20", LONG], ["21", "won"]]
    assert "to rebuild: 0 hours" in reader.types("Replay after a fix")
