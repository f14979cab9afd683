"""The memory proof of the sink: a big backlog, a slow S3, and the process's peak."""
