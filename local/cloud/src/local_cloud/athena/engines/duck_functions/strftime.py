"""Patterns of dates as DuckDB's strftime: the parts that both write alike in the years 1 to 9999."""

from functools import lru_cache

from local_cloud.athena.sql.values import joda_patterns

# Years within which strftime writes what Joda-Time does, as SQL.
COMMON = ("TIMESTAMP '0001-01-01'", "TIMESTAMP '9999-12-31 23:59:59.999999'")
_MYSQL = {
    **{
        "a": "%a",
        "b": "%b",
        "c": "%-m",
        "d": "%d",
        "e": "%-d",
        "f": "%f",
        "H": "%H",
        "h": "%I",
    },
    **{
        "I": "%I",
        "i": "%M",
        "j": "%j",
        "k": "%-H",
        "l": "%-I",
        "M": "%B",
        "m": "%m",
        "p": "%p",
    },
    **{"r": "%I:%M:%S %p", "S": "%S", "s": "%S", "T": "%H:%M:%S", "v": "%V", "x": "%G"},
    **{"W": "%A", "Y": "%Y", "y": "%y", "%": "%%"},
}
_JODA = {
    **{
        "yyyy": "%Y",
        "yy": "%y",
        "xxxx": "%G",
        "M": "%-m",
        "MM": "%m",
        "MMM": "%b",
        "MMMM": "%B",
    },
    **{"d": "%-d", "dd": "%d", "DDD": "%j", "ww": "%V", "E": "%a", "EE": "%a", "EEE": "%a"},
    **{"EEEE": "%A", "a": "%p", "H": "%-H", "HH": "%H", "h": "%-I", "hh": "%I", "mm": "%M"},
    **{"m": "%-M", "s": "%-S", "ss": "%S", "SSS": "%g", "SSSSSS": "%f"},
}


@lru_cache(maxsize=512)
def of_mysql(pattern: str) -> str | None:
    """The same for strftime; None where a part of it has no equal there."""
    made, escaped = "", False
    for char in pattern:
        if escaped:
            part = _MYSQL.get(char)
            if part is None:
                return None
            made += part
        elif char != "%":
            made += char
        escaped = char == "%" and not escaped
    return made if made and not escaped else None


@lru_cache(maxsize=512)
def of_joda(pattern: str) -> str | None:
    made = ""
    for token in joda_patterns.tokens(pattern):
        part = token[1:].replace("%", "%%") if token[0] == "'" else _JODA.get(token)
        if part is None:
            return None
        made += part
    return made or None
