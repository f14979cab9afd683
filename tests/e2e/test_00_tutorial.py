"""The tutorial, followed block by block; the stories after it go on with its stack."""

import hashlib
import json
import re

from tests.e2e.conftest import Lake
from tests.e2e.terminal import TUTORIAL, Terminal, blocks


def test_make_up_again_changes_nothing(lake: Lake, terminal: Terminal) -> None:
    up, _ = blocks(TUTORIAL, "1. Run it")

    assert "everything is already running" in terminal.types(up)


def test_the_raw_bytes_are_those_that_the_simulator_served(
    lake: Lake, terminal: Terminal
) -> None:
    look, compare = blocks(TUTORIAL, "2. Look at the raw bytes")

    seen = terminal.types(look)
    assert re.search(r"^\d+ raw/coincap\.assets\.v1/dt=[\d-]+/hour=\d+/1-0-\d{20}", seen, re.M)
    assert '{"timestamp":' in seen or '"data":[{' in seen

    hashed, served = terminal.types(compare).strip().splitlines()
    assert json.loads(served)["sha256"] == hashed.split()[0]


def test_sql_answers_by_http_and_by_athena(lake: Lake, terminal: Terminal) -> None:
    http, own, athena = blocks(TUTORIAL, "3. Ask in SQL")

    said = terminal.types(http)
    assert '"price_usd":"' in said
    assert '"scanned_bytes":' in said

    answer = json.loads(terminal.types(own))
    assert answer["state"] == "SUCCEEDED"
    assert len(answer["rows"]) == 5

    state, header, *rows = terminal.types(athena).strip().splitlines()
    assert re.fullmatch(r"SUCCEEDED \d+ bytes scanned", state)
    assert header == "['dt', 'hour', '_col2']"
    assert rows


def test_a_killed_sink_loses_nothing_and_a_refused_answer_is_kept(
    lake: Lake, terminal: Terminal
) -> None:
    kill, audit, refuse = blocks(TUTORIAL, "4. Break something")

    terminal.types(kill)
    assert "proven" in terminal.types(audit).splitlines()
    assert '{"data":[]}' in terminal.types(refuse)
    assert lake.status("INGESTOR")["feeds"]["rates"]["rejected"] == 1


def test_a_rebuilt_hour_has_a_new_version_and_the_same_rows(
    lake: Lake, terminal: Terminal
) -> None:
    before, after = (
        _hours(terminal.types(each)) for each in blocks(TUTORIAL, "5. Rebuild an hour")
    )

    newest = max(name for name in before if name.startswith("assets/"))
    version, rows = before[newest]
    assert after == {**before, newest: (version + 1, rows)}


def test_the_status_is_of_the_whole_life_of_the_stack(lake: Lake, terminal: Terminal) -> None:
    lake.stack.start("ingestor")
    polls = lake.status("INGESTOR")["feeds"]["assets"]["polls"]

    said = terminal.types("make status")

    told = re.search(
        r"^([\d,]+) polls → ([\d,]+) raw objects .* → ([\d,]+) rows in", said, re.M
    )
    assert told is not None, said
    counted = [int(number.replace(",", "")) for number in told.groups()]
    served = [e for e in lake.served() if e["path"].startswith("/v3/")]
    # The ingestor's own counter is that of its new process.
    assert polls < counted[0] <= len(served)
    assert 0 < counted[1] <= len(lake.keys("raw/"))
    assert counted[2] > 0
    bill = json.loads(terminal.types('curl -s "$CLOUD_ADMIN_URL/bill"'))
    assert bill["total_usd"] > 0
    assert lake.env["CLOUD_ADMIN_URL"] + "/bill" in said


def _hours(said: str) -> dict[str, tuple[int, int]]:
    """What the page's function prints: version and rows of each hour."""
    found = re.findall(r"^(\w+/[\d-]+/\d+) version (\d+) rows (\d+)$", said, re.M)
    assert found, said
    return {name: (int(version), int(rows)) for name, version, rows in found}


def test_hashes_are_of_bodies(lake: Lake) -> None:
    """What the page compares by hash are the bodies themselves."""
    entry = lake.served()[0]
    assert hashlib.sha256(lake.body(entry["sha256"])).hexdigest() == entry["sha256"]
