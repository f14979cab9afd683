"""What each of Trino's functions does here: as DuckDB's SQL, or as Python where that answers otherwise."""
