"""Nested values sealed as bytes while DuckDB moves them about.

Its first, any_value, arg_min, arg_max and DISTINCT ON hold nested values as sort keys, from which
-0.0 comes back as 0.0 (seen with DuckDB 1.5.5).
"""

import pickle

from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.types import Type


def is_harmed(of: Type) -> bool:
    """Whether values of this type may come back as others."""
    return bool(of.args) and t.holds(of, "double", "real")


def sealed(text: Text, sql: str, of: Type) -> str:
    """The value as bytes, where it would come to harm."""
    if not is_harmed(of):
        return sql
    return text.python(pickle.dumps, (of,), t.VARBINARY, sql, key=("sealed", of))


def opened(text: Text, sql: str, of: Type) -> str:
    """The value that `sealed` made bytes of."""
    if not is_harmed(of):
        return sql
    return text.python(pickle.loads, (t.VARBINARY,), of, sql, key=("opened", of))
