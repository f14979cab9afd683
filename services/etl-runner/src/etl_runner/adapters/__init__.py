"""The outside world of the runner: Glue, its catalog, Kafka."""
