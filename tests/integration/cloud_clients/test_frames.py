"""What awswrangler and PyAthena read through CTAS and UNLOAD is what they read as CSV."""

import json
from pathlib import Path
from typing import Any

from tests.integration.local_cloud.conftest import Cloud
from tests.released_clients import run

from .conftest import COLUMNS, ROWS

PROGRAMS = Path(__file__).parent / "programs"
QUERY = "SELECT * FROM quotes ORDER BY rank"


def _frames(program: str, cloud: Cloud, sql: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(run(PROGRAMS / program, cloud.port, sql))
    return told


def test_awswrangler_gives_one_frame_in_its_three_modes(cloud: Cloud) -> None:
    told = _frames("wrangler_frames.py", cloud, QUERY)

    plain, ctas, unload = told["plain"], told["ctas"], told["unload"]
    assert [row[0] for row in plain["rows"]] == ROWS["asset_id"]
    assert [row[1] for row in plain["rows"]] == [
        "97123.123456789012345678",
        None,
        "2.000000000000000000",
        "-0.500000000000000000",
    ]
    assert list(plain["dtypes"]) == list(COLUMNS)
    assert ctas["rows"] == plain["rows"]
    assert unload["rows"] == plain["rows"]
    # The unit of a timestamp is the file's: INT96 has nanoseconds, here as on AWS.
    units = {"datetime64[us]": "datetime64", "datetime64[ns]": "datetime64"}
    for mode in told.values():
        mode["dtypes"] = {name: units.get(kind, kind) for name, kind in mode["dtypes"].items()}
    assert ctas["dtypes"] == plain["dtypes"]
    assert unload["dtypes"] == plain["dtypes"]
    tables = cloud.glue.get_tables(DatabaseName="lake")["TableList"]
    assert [table["Name"] for table in tables] == ["quotes"]


def test_pyathenas_unload_cursors_give_the_rows_of_its_plain_ones(cloud: Cloud) -> None:
    told = _frames("pyathena_frames.py", cloud, QUERY)

    assert [row[0] for row in told["arrow plain"]] == ROWS["asset_id"]
    assert told["arrow unload"] == told["arrow plain"]
    assert told["pandas unload"] == told["pandas plain"]
    assert len(told["pandas plain"]) == len(ROWS["asset_id"])
