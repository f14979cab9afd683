"""Records to tables: functions from DataFrame to DataFrame that neither read nor write.

A *record* is a row of `schemas.RECORD`. The tables carry `dt` and `hour` behind the columns of
the contract. Valid under ANSI casts, the default of Spark 4 (Spark's "ANSI Compliance"), since the
casts that could fail are made before.
"""

from collections.abc import Collection, Iterable
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from coinlake.contracts.datasets import ELEMENTS, table_named
from coinlake.contracts.tables import PARTITION_KEYS, is_quarantine, main_name, quarantine_of
from coinlake_job.schemas import RECORD_COLUMNS

_ANSWERS = ("usable", "quarantined")
_ORDER = ("epoch", "kafka_partition", "kafka_offset", "raw_object")


def deduplicated(records: DataFrame) -> DataFrame:
    """Mark answers that were sent twice: `state` becomes 'duplicate', `tallies` say only that.

    Within an hour, answers with equal key and equal value are one; the first one stays. Raw
    holds each Kafka record once, but a producer may have sent one answer twice.
    """
    is_answer = F.col("state").isin(*_ANSWERS)
    same = Window.partitionBy("feed", *PARTITION_KEYS, is_answer, "key", "sha256").orderBy(
        *_ORDER
    )
    numbered = records.withColumn("nth", F.row_number().over(same))
    again = is_answer & (F.col("nth") > 1)
    only = F.create_map(
        F.lit("records"), F.lit(1).cast("bigint"), F.lit("duplicates"), F.lit(1).cast("bigint")
    )
    return (
        numbered.withColumn("tallies", F.when(again, only).otherwise(F.col("tallies")))
        .withColumn("state", F.when(again, F.lit("duplicate")).otherwise(F.col("state")))
        .drop("nth")
    )


def tallies(records: DataFrame) -> DataFrame:
    """Per hour and name: `n`, and the smallest and largest receive time in ms."""
    received_ms = F.unix_millis("received_ts")
    counted = records.select(
        "feed",
        *PARTITION_KEYS,
        received_ms.alias("ms"),
        F.explode("tallies").alias("name", "one"),
    )
    return counted.groupBy("feed", *PARTITION_KEYS, "name").agg(
        F.sum("one").alias("n"), F.min("ms").alias("min_ms"), F.max("ms").alias("max_ms")
    )


def rows(records: DataFrame, feed: str) -> DataFrame:
    """The main table of a feed: one row per element of `data`."""
    table = table_named(ELEMENTS[feed].table)
    elements = _exploded(records, feed)
    return elements.select(
        *(_column(column.name).alias(column.name) for column in table.columns), *PARTITION_KEYS
    )


def asset_tokens(records: DataFrame) -> DataFrame:
    """One row per asset, chain and address of an answer; `tokens` is a map of lists."""
    chains = _exploded(records, "assets").select(
        "*", F.explode("element.tokens").alias("chain_id", "addresses")
    )
    addresses = chains.select("*", F.posexplode("addresses").alias("address_index", "address"))
    own = ("chain_id", "address", "address_index")
    return addresses.where(F.col("address").isNotNull()).select(
        *(
            (F.col(column.name) if column.name in own else _column(column.name)).alias(
                column.name
            )
            for column in table_named("asset_tokens").columns
        ),
        *PARTITION_KEYS,
    )


def candles_1m(quotes: DataFrame) -> DataFrame:
    """Mergeable partials: per asset, minute of `source_ts` and receive hour.

    Quotes without a source time have no minute and are in no candle.
    """
    moment = F.struct("source_ts", "received_ts", *_ORDER, "element_index")
    dated = quotes.where(F.col("source_ts").isNotNull()).withColumn(
        "minute", F.date_trunc("minute", "source_ts")
    )
    return (
        dated.groupBy("asset_id", "minute", *PARTITION_KEYS)
        .agg(
            F.min_by("price_usd", moment).alias("open"),
            F.max("price_usd").alias("high"),
            F.min("price_usd").alias("low"),
            F.max_by("price_usd", moment).alias("close"),
            F.count("price_usd").alias("quotes"),
            F.min("source_ts").alias("first_source_ts"),
            F.max("source_ts").alias("last_source_ts"),
        )
        .select(*(column.name for column in table_named("candles_1m").columns), *PARTITION_KEYS)
    )


def quarantine(records: DataFrame, table: str) -> DataFrame:
    """What could not become rows of `table`, each with its rule and reason.

    Whole records and unreadable objects go to the quarantine of the feed's main table.
    """
    parts = records.where(F.col("state") == "usable").select(
        "*", F.explode("rejected").alias("element")
    )
    parts = parts.where(F.col("element.table") == table)
    names = [column.name for column in quarantine_of(table).columns]
    inner = ("reason", "rule", "raw", "element_index")
    found = parts.select(
        *(
            (F.col(f"element.{name}") if name in inner else F.col(name)).alias(name)
            for name in names
        ),
        *PARTITION_KEYS,
    )
    feeds = [feed for feed, element in ELEMENTS.items() if element.table == table]
    if not feeds:
        return found
    whole = records.where(
        (F.col("feed") == feeds[0]) & F.col("state").isin("quarantined", "unreadable")
    ).withColumn("element_index", F.lit(None).cast("int"))
    return found.unionByName(whole.select(*names, *PARTITION_KEYS))


def tables(
    records: DataFrame, feeds: Iterable[str], put_aside: Collection[str]
) -> dict[str, DataFrame]:
    """Every table with rows that hours of these feeds publish, by name.

    `put_aside` names the quarantines that have rows: the others would cost a stage each.
    """
    made: dict[str, DataFrame] = {}
    for feed in feeds:
        main = rows(records, feed)
        made[ELEMENTS[feed].table] = main
        if feed == "assets":
            made["asset_tokens"] = asset_tokens(records)
            made["candles_1m"] = candles_1m(main)
    for name in put_aside:
        made[name] = quarantine(records, main_name(name))
    return made


def stacked(made: dict[str, DataFrame]) -> DataFrame:
    """All tables in one frame, so that one job writes them: `table`, dt, hour, a slot each.

    The quarantines have one schema and share the slot `quarantine`.
    """
    frames = [
        frame.select(
            F.lit(name).alias("table"),
            *PARTITION_KEYS,
            F.struct(*(column.name for column in table_named(name).columns)).alias(
                slot_of(name)
            ),
        )
        for name, frame in made.items()
    ]
    return reduce(lambda left, right: left.unionByName(right, allowMissingColumns=True), frames)


def slot_of(table: str) -> str:
    """The column of `stacked` that holds rows of the table."""
    return "quarantine" if is_quarantine(table) else table


def _exploded(records: DataFrame, feed: str) -> DataFrame:
    usable = (F.col("feed") == feed) & (F.col("state") == "usable")
    return records.where(usable).select(
        *RECORD_COLUMNS, *PARTITION_KEYS, F.explode(ELEMENTS[feed].table).alias("element")
    )


def _column(name: str) -> Column:
    return F.col(name if name in RECORD_COLUMNS else f"element.{name}")
