"""What every coinlake service shares: contracts, errors, settings, lifecycle, logs, health, Kafka and S3."""
