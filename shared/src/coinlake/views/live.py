"""Rows that are seconds old: the tables up to an hour, and the raw zone after it.

The text of such a view holds the hour as a literal on both sides, so that no row is there twice and
none is missing, also while an hour is being published: it moves from one side to the other with the
one call that replaces the view. Who moves it, and when: `etl_runner.loop.live`.
"""

from collections.abc import Callable, Iterable

from coinlake.contracts.answers import MAX_ID_BYTES
from coinlake.contracts.datasets import ASSETS, CANDLES_1M, ELEMENTS, TABLES, Dataset
from coinlake.contracts.elements import Element
from coinlake.contracts.hours import HOUR_MS, Hour, hour_of
from coinlake.contracts.quality import QualityRule, row_rules_of
from coinlake.contracts.tables import PARTITION_KEYS, PROVENANCE, Column
from coinlake.views.candles import merged
from coinlake.views.definition import View, trino_type
from coinlake.views.exact import typed
from coinlake.views.raw_tables import (
    RECEIVED_HOUR,
    keys_of,
    raw_table_name,
    received_hour,
)

DEFAULT_SKEW_MS = HOUR_MS
"""As ETL_RUNNER_MAX_SKEW_S is, if nothing else is said."""
IS_LIVE = Column("is_live", "boolean")
LIVE_PARTIALS = f"{CANDLES_1M.name}_live"
_KEYS = tuple(Column(name, "string") for name in PARTITION_KEYS)
# An asset that was in no answer for so long has no latest price.
_LATEST_MS = 24 * HOUR_MS
_LATEST = ("quotes", "rates")
# Records may come late: an empty lake's boundary is so far back.
_EARLIER_MS = 48 * HOUR_MS


def before_raw(raw_days_ms: Iterable[int], now_ms: int) -> Hour:
    """An hour before all raw objects that there are or may come.

    `raw_days_ms` are the days that have some, as their beginnings: all of them, or the first.
    """
    return hour_of(min([*raw_days_ms, now_ms - _EARLIER_MS]) - HOUR_MS)


def live_name(table: str) -> str:
    return f"{table}_live"


def latest_name(table: str) -> str:
    return f"{table}_latest"


def live_views(dataset: Dataset, boundary: Hour, max_skew_ms: int) -> tuple[View, ...]:
    """Every view of a dataset that holds the boundary: the last hour that is read from the tables.

    Each can be replaced alone. Raises KeyError for a dataset without elements.
    """
    table = ELEMENTS[dataset.name].table
    views = [_live_rows(dataset, boundary, max_skew_ms)]
    if dataset == ASSETS:
        views += [_live_partials(boundary, max_skew_ms), _live_candles(boundary)]
    if table in _LATEST:
        views.append(_latest(dataset, boundary))
    return tuple(views)


def live_view_names(dataset: Dataset) -> tuple[str, ...]:
    """The names of the same."""
    return tuple(view.name for view in live_views(dataset, Hour("2000-01-01", "00"), 0))


def live_columns(table: str) -> tuple[Column, ...]:
    """The columns of a live view: those of its table, and which side a row is from."""
    return (*TABLES[table].columns, *_KEYS, IS_LIVE)


def _live_rows(dataset: Dataset, boundary: Hour, max_skew_ms: int) -> View:
    table = ELEMENTS[dataset.name].table
    columns = live_columns(table)
    names = ", ".join(_quoted(one.name) for one in columns if one != IS_LIVE)
    published = f"SELECT {names}, false AS is_live FROM {table} WHERE {_up_to(boundary)}"
    return View(
        live_name(table),
        f"Rows of {table} up to seconds ago: open hours are read from the raw zone.",
        columns,
        f"{published} UNION ALL {_raw_rows(dataset, boundary, max_skew_ms)}",
        boundary,
    )


def _raw_rows(dataset: Dataset, boundary: Hour, max_skew_ms: int) -> str:
    """SELECT of the rows behind the boundary: the job's casts and hard rules, answers once each.

    The lines of the raw zone do not say who asked, when they came and where they were in Kafka, so
    these columns are null.
    """
    element = ELEMENTS[dataset.name]
    columns = [one for one in live_columns(element.table) if one != IS_LIVE]
    places = {key: number for number, key in enumerate(keys_of(element))}
    fields = {one.column: (places[one.key], one.kind) for one in element.fields}
    unknown = {one.name for one in PROVENANCE} - {"element_index"} | {"received_ts", "extra"}

    def column(one: Column) -> str:
        if one.name in unknown:
            return f"CAST(NULL AS {trino_type(one.type)}) AS {_quoted(one.name)}"
        if one.name in fields:
            number, kind = fields[one.name]
            return f"{typed(f'r.k{number}', kind)} AS {_quoted(one.name)}"
        return f"r.{_quoted(one.name)}"

    def fits(rule: QualityRule) -> str:
        # Null is no value that does not fit.
        ((number, kind),) = (fields[name] for name in rule.columns)
        held = f"r.k{number} IS NULL OR {typed(f'r.k{number}', kind)} IS NOT NULL"
        return f"({held}) AS {_quoted(rule.name)}"

    rules = _seen_rules(dataset)
    fitting = [fits(rule) for rule in rules if rule.dimension == "schema"]
    selected = ", ".join([*(column(one) for one in columns), *fitting])
    names = ", ".join(_quoted(one.name) for one in columns)
    return (
        f"SELECT {names}, true AS is_live FROM"
        f" (SELECT {selected} FROM ({_elements(dataset, element, boundary, max_skew_ms)}) r)"
        f" WHERE {' AND '.join(_HOLDS[rule.dimension](rule) for rule in rules)}"
    )


def _elements(dataset: Dataset, element: Element, boundary: Hour, max_skew_ms: int) -> str:
    """SELECT of each element of each answer behind the boundary, its values as texts `k0`, `k1`, …"""
    keys = ", ".join(f"k{number}" for number in range(len(keys_of(element))))
    answers = (
        f"SELECT DISTINCT {RECEIVED_HOUR}, source_ms, data FROM {raw_table_name(dataset)}"
        f" WHERE {RECEIVED_HOUR} > '{received_hour(boundary)}'"
    )
    dated = (
        f"SELECT substr({RECEIVED_HOUR}, 1, 10) AS dt, substr({RECEIVED_HOUR}, 17) AS hour, data,"
        f" {typed('source_ms', 'millis')} AS said FROM ({answers})"
    )
    near = (
        f"said >= date_add('millisecond', -{max_skew_ms}, {_start()})"
        f" AND said < date_add('millisecond', {HOUR_MS + max_skew_ms}, {_start()})"
    )
    return (
        f"SELECT a.dt, a.hour, CASE WHEN {near} THEN a.said END AS source_ts,"
        f" CAST(e.place - 1 AS integer) AS element_index, {keys}"
        f" FROM ({dated}) a CROSS JOIN UNNEST(a.data) WITH ORDINALITY AS e({keys}, place)"
    )


def _start() -> str:
    """SQL of the moment at which the hour of a row begins."""
    return "CAST(dt || ' ' || hour || ':00:00.000' AS timestamp(3))"


def _seen_rules(dataset: Dataset) -> list[QualityRule]:
    """The hard rules of its rows, but that of unknown keys: a raw table has the contract's keys alone."""
    hard = [rule for rule in row_rules_of(dataset) if rule.hard]
    return [rule for rule in hard if rule.dimension != "schema" or rule.columns]


def _valid(rule: QualityRule) -> str:
    (column,) = rule.columns
    return (
        f"length(to_utf8({column})) <= {MAX_ID_BYTES}"
        f" AND regexp_like({column}, '[^\\p{{Z}}]') AND NOT regexp_like({column}, '\\p{{Cc}}')"
    )


def _complete(rule: QualityRule) -> str:
    return f"({' OR '.join(f'{column} IS NOT NULL' for column in rule.columns)})"


def _fits(rule: QualityRule) -> str:
    return _quoted(rule.name)


_HOLDS: dict[str, Callable[[QualityRule], str]] = {
    "validity": _valid,
    "completeness": _complete,
    "schema": _fits,
}
"""SQL of a hard rule, as the job asks it (`coinlake_kernel.rules`); KeyError for any other."""


def _live_partials(boundary: Hour, max_skew_ms: int) -> View:
    names = ", ".join(_quoted(one.name) for one in (*CANDLES_1M.columns, *_KEYS))
    published = f"SELECT {names} FROM {CANDLES_1M.name} WHERE {_up_to(boundary)}"
    place = "ROW(source_ts, element_index)"
    raw = (
        "SELECT asset_id, date_trunc('minute', source_ts) AS \"minute\","
        f" min_by(price_usd, {place}) AS open, max(price_usd) AS high,"
        f" min(price_usd) AS low, max_by(price_usd, {place}) AS close, count(*) AS quotes,"
        " min(source_ts) AS first_source_ts, max(source_ts) AS last_source_ts,"
        f" max_by(volume_24h_usd, {place}) AS volume_24h_usd, dt, hour"
        f" FROM ({_raw_rows(ASSETS, boundary, max_skew_ms)}) WHERE source_ts IS NOT NULL"
        " GROUP BY asset_id, date_trunc('minute', source_ts), dt, hour"
    )
    return View(
        LIVE_PARTIALS,
        "Partial candles as candles_1m, up to seconds ago.",
        (*CANDLES_1M.columns, *_KEYS),
        f"{published} UNION ALL {raw}",
        boundary,
    )


def _live_candles(boundary: Hour) -> View:
    partials = ", ".join(
        _quoted(one.name) if one.name != "minute" else '"minute" AS start'
        for one in CANDLES_1M.columns
    )
    return View(
        "candles_live",
        "One row per asset and minute of source_ts up to seconds ago, merged.",
        CANDLES_1M.columns,
        merged(f"SELECT {partials} FROM {LIVE_PARTIALS}"),
        boundary,
    )


def _latest(dataset: Dataset, boundary: Hour) -> View:
    element = ELEMENTS[dataset.name]
    columns = live_columns(element.table)
    names = ", ".join(_quoted(one.name) for one in columns)
    keys = ", ".join(element.identity)
    since = hour_of(boundary.start_ms - _LATEST_MS)
    newest = (
        f"SELECT {names}, row_number() OVER (PARTITION BY {keys} ORDER BY source_ts DESC NULLS LAST,"
        " received_ts DESC NULLS LAST, kafka_offset DESC NULLS LAST, element_index DESC) AS place"
        f" FROM {live_name(element.table)} WHERE {_after(since)}"
    )
    return View(
        latest_name(element.table),
        f"The newest row of each {element.identity[0].removesuffix('_id')} of the last day.",
        columns,
        f"SELECT {names} FROM ({newest}) WHERE place = 1",
        boundary,
    )


def _up_to(hour: Hour) -> str:
    return f"(dt < '{hour.dt}' OR (dt = '{hour.dt}' AND hour <= '{hour.hour}'))"


def _after(hour: Hour) -> str:
    return f"(dt > '{hour.dt}' OR (dt = '{hour.dt}' AND hour > '{hour.hour}'))"


def _quoted(name: str) -> str:
    return f'"{name}"'
