"""Casts of dates and timestamps: DuckDB's for the values that it reads, writes and rounds alike.

The others are left to Python (`values.casts`), as are those whose text would be written too often.
"""

from local_cloud.athena.engines.duck_sql.representation import quoted
from local_cloud.athena.sql.types import Type

# An argument whose text is longer is not written twice.
MAX_REPEATED = 400
# Within these, years have four digits in both engines.
_FIRST, _LAST = "0001-01-01", "9999-12-31"
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"


def native(inner: str, source: Type, to: Type, otherwise: str) -> str:
    """SQL of the cast, with `otherwise`, which calls Python, for all or some of the values."""
    written = _WRITTEN.get((source.name, to.name))
    if written is None or len(inner) > MAX_REPEATED:
        return otherwise
    return written(inner, source, to, otherwise)


def in_utc(value: str, plain: str, otherwise: str) -> str:
    """`plain`, of a timestamp called {}, where the moment's zone is UTC, else `otherwise`."""
    # What Python computed would be computed three times.
    if len(value) > MAX_REPEATED or value.startswith("lake_udf"):
        return otherwise
    moment = plain.format(f"make_timestamp(struct_extract({value}, 'f0'))")
    return (
        f"(CASE WHEN struct_extract({value}, 'f1') = 'UTC' THEN {moment} ELSE {otherwise} END)"
    )


def _loses_digits(source: Type, to: Type) -> bool:
    return (source.precision or 0) > (to.precision or 0)


def _text_to_date(inner: str, source: Type, to: Type, otherwise: str) -> str:
    return _read(inner, _DAY, "DATE", otherwise)


def _text_to_timestamp(inner: str, source: Type, to: Type, otherwise: str) -> str:
    fraction = f"([.][0-9]{{1,{to.precision}}})?" if to.precision else ""
    return _read(inner, f"{_DAY}( {_TIME}{fraction})?", "TIMESTAMP", otherwise)


def _read(inner: str, pattern: str, kind: str, otherwise: str) -> str:
    known = f"regexp_full_match({inner}, {quoted(pattern)})"
    return f"coalesce(CASE WHEN {known} THEN TRY_CAST({inner} AS {kind}) END, {otherwise})"


def _date_to_text(inner: str, source: Type, to: Type, otherwise: str) -> str:
    return _written(inner, "DATE", "%Y-%m-%d", 10, to, otherwise)


def _timestamp_to_text(inner: str, source: Type, to: Type, otherwise: str) -> str:
    fraction = {0: "", 3: ".%g", 6: ".%f"}.get(source.precision or 0)
    if fraction is None:
        return otherwise
    length = 19 + (source.precision or 0) + bool(fraction)
    return _written(inner, "TIMESTAMP", f"%Y-%m-%d %H:%M:%S{fraction}", length, to, otherwise)


def _written(inner: str, kind: str, pattern: str, length: int, to: Type, otherwise: str) -> str:
    if to.precision is not None and to.precision < length:
        return otherwise
    end = _LAST if kind == "DATE" else f"{_LAST} 23:59:59.999999"
    within = f"{inner} BETWEEN {kind} '{_FIRST}' AND {kind} '{end}'"
    text = f"strftime({inner}, {quoted(pattern)})"
    return f"(CASE WHEN {within} THEN {text} ELSE {otherwise} END)"


def _timestamp_to_date(inner: str, source: Type, to: Type, otherwise: str) -> str:
    return f"CAST({inner} AS DATE)"


def _to_moment(inner: str, source: Type, to: Type, otherwise: str) -> str:
    if _loses_digits(source, to):
        return otherwise
    kind = "DATE" if source.name == "date" else "TIMESTAMP"
    within = f"{inner} BETWEEN {kind} '{_FIRST}' AND {kind} '{_LAST}'"
    made = f"{{'f0': epoch_us(CAST({inner} AS TIMESTAMP)), 'f1': 'UTC'}}"
    return f"(CASE WHEN {within} THEN {made} ELSE {otherwise} END)"


def _moment_to_timestamp(inner: str, source: Type, to: Type, otherwise: str) -> str:
    return otherwise if _loses_digits(source, to) else in_utc(inner, "{}", otherwise)


def _moment_to_date(inner: str, source: Type, to: Type, otherwise: str) -> str:
    return in_utc(inner, "CAST({} AS DATE)", otherwise)


_WRITTEN = {
    ("varchar", "date"): _text_to_date,
    ("varchar", "timestamp"): _text_to_timestamp,
    ("date", "varchar"): _date_to_text,
    ("timestamp", "varchar"): _timestamp_to_text,
    ("timestamp", "date"): _timestamp_to_date,
    ("date", "timestamp with time zone"): _to_moment,
    ("timestamp", "timestamp with time zone"): _to_moment,
    ("timestamp with time zone", "timestamp"): _moment_to_timestamp,
    ("timestamp with time zone", "date"): _moment_to_date,
}
