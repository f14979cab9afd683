"""Of a table's partitions a query reads only those that may hold a row for it."""

import pytest

from .conftest import World, quotes


def test_a_query_reads_only_the_partitions_it_names(world: World) -> None:
    everything = world.run("SELECT count(price_usd) FROM quotes")
    one = world.run(
        "SELECT count(price_usd) FROM quotes WHERE dt = '2026-11-22' AND hour = '01'"
    )

    whole = everything["Statistics"]["DataScannedInBytes"]
    part = one["Statistics"]["DataScannedInBytes"]
    assert whole == 4 * part > 0


@pytest.mark.parametrize(
    ("where", "hours"),
    [
        ("hour = '01'", 1),
        ("hour IN ('01', '02')", 2),
        ("hour BETWEEN '01' AND '03'", 3),
        ("hour > '01' AND dt >= '2026-11-22'", 2),
        ("hour = '00' OR hour = '03'", 2),
        ("dt > '2026-11-21' OR rank = 1", 4),
        ("dt || hour >= '2026-11-2202'", 2),
        ("(dt, hour) > ('2026-11-22', '02')", 1),
        ("dt > '2026-11-22' OR (dt = '2026-11-22' AND hour > '02')", 1),
        ("NOT (hour = '00')", 3),
        ("dt = '2020-01-01'", 0),
    ],
)
def test_partitions_are_pruned(world: World, where: str, hours: int) -> None:
    one_hour = world.run("SELECT count(rank) FROM quotes WHERE hour = '00'")

    found = world.run(f"SELECT count(rank) FROM quotes WHERE {where}")

    share = one_hour["Statistics"]["DataScannedInBytes"]
    assert found["Statistics"]["DataScannedInBytes"] == hours * share


def test_predicates_on_a_view_prune_its_partitions(world: World) -> None:
    world.rows("CREATE VIEW v AS SELECT asset_id, rank, hour FROM quotes WHERE dt > '2020'")
    direct = world.run("SELECT count(rank) FROM quotes WHERE hour = '02'")

    through = world.run("SELECT count(rank) FROM v WHERE hour = '02'")

    assert (
        through["Statistics"]["DataScannedInBytes"]
        == direct["Statistics"]["DataScannedInBytes"]
    )


@pytest.mark.parametrize(
    "inner",
    [
        "SELECT rank, hour, dt FROM quotes WHERE CAST(LENGTH(asset_id) AS tinyint) > 0",
        "SELECT rank, hour, dt AS day FROM quotes WHERE rank + 1 > 0 AND dt > '2020'",
        "SELECT * FROM (SELECT hour, rank FROM quotes WHERE rank + 1 > 0) WHERE rank - 1 > -5",
    ],
)
def test_predicates_around_one_that_may_fail_prune_partitions(world: World, inner: str) -> None:
    direct = world.run("SELECT count(asset_id), count(rank) FROM quotes WHERE hour = '02'")
    whole = world.run("SELECT count(asset_id), count(rank) FROM quotes")

    through = world.run(f"SELECT count(rank) FROM ({inner}) WHERE hour = '02'")

    most = direct["Statistics"]["DataScannedInBytes"]
    assert 0 < through["Statistics"]["DataScannedInBytes"] <= most
    assert most < whole["Statistics"]["DataScannedInBytes"]


@pytest.mark.parametrize(
    "inner",
    [
        "SELECT a.hour, a.rank FROM quotes a LEFT JOIN (SELECT 1 one) b ON a.rank = b.one",
        "SELECT hour, rank FROM quotes UNION ALL SELECT hour, rank FROM quotes WHERE rank > 0",
    ],
)
def test_what_one_reading_of_a_query_of_with_asks_rules_nothing_out_for_another(
    world: World, inner: str
) -> None:
    def asked(hour: str) -> str:
        return f"SELECT hour FROM t WHERE hour = '{hour}' AND 1 / (rank + 1) < 7"

    alone = {
        hour: sorted(world.rows(f"WITH t AS ({inner}) {asked(hour)}")) for hour in ("01", "02")
    }

    both = world.rows(f"WITH t AS ({inner}) {asked('01')} UNION ALL {asked('02')}")

    assert alone["01"]
    assert sorted(both) == sorted(alone["01"] + alone["02"])


def test_an_unregistered_partition_is_invisible_until_repaired(world: World) -> None:
    world.put("curated/quotes/dt=2026-11-22/hour=09/part-0.parquet", quotes("09"))

    before = world.rows("SELECT count(*) FROM quotes")
    world.rows("MSCK REPAIR TABLE quotes")
    after = world.rows("SELECT count(*) FROM quotes")

    assert (before, after) == ([["40"]], [["50"]])
