"""Copies Kafka partitions to S3 as chains of raw objects, exactly once."""
