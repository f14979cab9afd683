"""The outside world of the sink: Kafka's group and log, threads for the codec, announcements."""
