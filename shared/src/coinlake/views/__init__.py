"""Views over the tables and the raw zone, as SQL and as Glue keeps them: pure."""
