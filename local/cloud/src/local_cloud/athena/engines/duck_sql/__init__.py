"""Typed expressions and queries as DuckDB's SQL, with Python where DuckDB would answer otherwise."""
