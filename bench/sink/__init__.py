"""The s3-sink beside its peers: one topic, one core each, what is stored counted."""
