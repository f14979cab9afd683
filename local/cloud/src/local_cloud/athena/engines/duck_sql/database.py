"""A DuckDB that computes on what it is given, and reaches for nothing else."""

from typing import Any

import duckdb

# The database sees no file, no network, no extension and none of Python's variables.
CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "threads": "2",
    "memory_limit": "2GB",
    # Without it DuckDB spills to .tmp in the working directory, whatever may be accessed.
    "temp_directory": "",
}
LOCK = "; ".join(
    f"SET {setting}"
    for setting in (
        "TimeZone='UTC'",
        "python_enable_replacements=false",
        # It asks a join's rows of the scan below, past conditions that Trino asks first.
        "disabled_optimizers='join_filter_pushdown'",
        # DuckDB draws it on stdout where Python has no main file (DuckDBPyConnection.IsInteractive).
        "enable_progress_bar=false",
        "lock_configuration=true",
    )
)


def locked_connection() -> Any:
    """A DuckDB that can compute on what is registered with it, and nothing more."""
    connection = duckdb.connect(":memory:", config=CONFIG)
    connection.execute(LOCK)
    return connection
