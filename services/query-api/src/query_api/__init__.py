"""HTTP in front of Athena: typed endpoints, guarded SQL, honest cost and freshness."""
