"""The query service beside PyAthena and awswrangler: `make bench-query`."""
