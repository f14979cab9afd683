"""Regular expressions as Trino's default engine Joni reads and matches them."""
