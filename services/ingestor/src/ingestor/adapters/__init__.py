"""The outside world of the ingestor: the API over HTTP, and the files of its state."""
