"""The decisions of the ingestor: no I/O, no clock, no randomness of their own."""
