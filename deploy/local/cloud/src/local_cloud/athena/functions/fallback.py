"""DuckDB first, and Python for the rows where it fails: for functions that are used on whole tables."""

from local_cloud.athena.duck_sql.date_casting import MAX_REPEATED
from local_cloud.athena.ir import Aggregate, Call, Subquery, Window, walk


def tried(call: Call, fast: str, slow: str) -> str:
    """`fast`, but `slow` where that fails or is null; just `slow` where TRY cannot be used.

    DuckDB's TRY takes no subquery (and no aggregate in a grouped query).
    """
    parts = [part for one in call.arguments for part in walk(one)]
    if any(isinstance(one, (Subquery, Aggregate, Window)) for one in parts):
        return slow
    return f"coalesce(TRY({fast}), {slow})" if len(slow) <= MAX_REPEATED else slow
