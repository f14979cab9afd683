"""DuckDB first, and Python for the rows where it fails: for functions that are used on whole tables."""

from local_cloud.athena.ir import Aggregate, Call, Subquery, Window, walk

# Arguments whose text is longer are not written twice.
MAX_REPEATED = 400


def tried(call: Call, fast: str, slow: str) -> str:
    """`fast`, but `slow` where that fails or is null; just `slow` where TRY cannot be used.

    DuckDB's TRY takes no subquery (and no aggregate in a grouped query).
    """
    parts = [part for one in call.arguments for part in walk(one)]
    if any(isinstance(one, (Subquery, Aggregate, Window)) for one in parts):
        return slow
    return f"coalesce(TRY({fast}), {slow})" if len(slow) <= MAX_REPEATED else slow


def in_utc(value: str, plain: str, otherwise: str) -> str:
    """`plain`, of a timestamp called {}, where the moment's zone is UTC, else `otherwise`."""
    if len(value) > MAX_REPEATED:
        return otherwise
    moment = plain.format(f"make_timestamp(struct_extract({value}, 'f0'))")
    return f"(CASE WHEN struct_extract({value}, 'f1') = 'UTC' THEN {moment} ELSE {otherwise} END)"
