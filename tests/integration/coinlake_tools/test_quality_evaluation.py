"""`coinlake quality evaluate` and `collect` on the local cloud: Glue's own verdict on rows that the kernel made."""

import json
from collections.abc import Iterator, Mapping

import pytest

from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import curated_key
from coinlake_kernel.hour import HourKernel
from coinlake_kernel.parquet import parquet_bytes
from coinlake_kernel.records import RawSource
from tests.integration.coinlake_tools.in_process import coinlake
from tests.integration.coinlake_tools.test_provisioning import client
from tests.integration.coinlake_tools.test_quality_view import asked

HOUR = Hour("2026-11-20", "07")


def rows() -> bytes:
    """Three rates, one of them of nothing, as a Parquet object."""
    data = [{"id": name, "rateUsd": usd} for name, usd in (("a", "1"), ("b", "0"), ("c", "2"))]
    line = json.dumps({"timestamp": HOUR.start_ms, "data": [*data, {"id": ""}]}).encode()
    kernel = HourKernel("rates", 60_000)
    source = RawSource("rates", HOUR.dt, HOUR.hour, "raw/x", "e", None, 60_000)
    kernel.add(source, line)
    return parquet_bytes("rates", kernel.finish().tables["rates"], {})


@pytest.fixture(scope="module")
def lake(environ: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    assert coinlake(environ, "provision", "--all").code == 0
    s3, glue = client(environ, "s3"), client(environ, "glue")
    s3.put_object(Bucket="coinlake", Key=curated_key("rates", HOUR), Body=rows())
    made = glue.get_table(DatabaseName="coinlake", Name="rates")["Table"]
    descriptor = made["StorageDescriptor"]
    place = {
        "StorageDescriptor": {**descriptor, "Location": f"{descriptor['Location']}{HOUR.path}/"}
    }
    glue.create_partition(
        DatabaseName="coinlake",
        TableName="rates",
        PartitionInput={"Values": [HOUR.dt, HOUR.hour], **place},
    )
    yield environ
    glue.delete_partition(
        DatabaseName="coinlake", TableName="rates", PartitionValues=[HOUR.dt, HOUR.hour]
    )
    for prefix in ("quality/", "curated/"):
        for one in s3.list_objects_v2(Bucket="coinlake", Prefix=prefix).get("Contents", []):
            s3.delete_object(Bucket="coinlake", Key=one["Key"])


def evaluated(environ: Mapping[str, str], dt: str, code: int) -> list[str]:
    done = coinlake(environ, "quality", "evaluate", "--dt", dt, "--table", "rates")
    assert done.code == code, done.err
    return done.out.splitlines()


def test_glue_says_of_the_rows_what_the_job_counts(lake: Mapping[str, str]) -> None:
    said = evaluated(lake, HOUR.dt, 1)

    # The element without an id is no row, so that Glue has nothing to say of it.
    assert said == [
        "PASS rates rate_id_usable",
        "PASS rates price_usable",
        "FAIL rates rate_usd_positive: 1 of 3 rows do not meet the constraint",
        "PASS rates unique_in_answer",
        "PASS rates source_time_near",
    ]


def test_a_day_without_rows_holds_no_rule(lake: Mapping[str, str]) -> None:
    said = evaluated(lake, "2026-11-19", 1)

    assert {line.split()[0] for line in said} == {"NO"}


def test_what_was_said_is_a_table_and_is_kept_once(lake: Mapping[str, str]) -> None:
    again = coinlake(lake, "quality", "collect", "--since", "2026-11-20")
    head, *lines = asked(
        lake, "SELECT rule, result, rows FROM quality_glue WHERE result = 'FAIL' ORDER BY 1"
    )

    assert again.out == "results kept: 0 new, 2 known before\n"
    assert (head, lines) == (["rule", "result", "rows"], [["rate_usd_positive", "FAIL", "3"]])


def test_a_table_without_a_ruleset_is_an_error_and_no_verdict(lake: Mapping[str, str]) -> None:
    client(lake, "glue").delete_data_quality_ruleset(Name="coinlake-rates")

    done = coinlake(lake, "quality", "evaluate", "--dt", HOUR.dt, "--table", "rates")

    assert done.code == 2
    assert "EntityNotFoundException" in done.err
    assert coinlake(lake, "provision", "--rulesets").code == 0


def test_rules_are_printed_where_they_can_be(environ: Mapping[str, str]) -> None:
    every = coinlake(environ, "quality", "dqdl")
    one = coinlake(environ, "quality", "dqdl", "rates")
    none = coinlake(environ, "quality", "dqdl", "candles_1m")

    assert every.out.count("Rules = [") == 4
    assert one.out in every.out
    assert (none.code, none.out) == (2, "")
    assert "candles_1m: none of these rules can be said in DQDL" in none.err
