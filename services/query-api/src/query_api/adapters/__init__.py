"""The outside world of the query service: Athena, the ledger in S3, the guard's process."""
