"""Ingestor, broker, sink and S3 under random faults, two at a time, on real parts."""
