"""What runs a query: a port, and DuckDB behind it."""
