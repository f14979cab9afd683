"""The cloud of a laptop: moto for S3, SQS, STS and the catalog, real Glue jobs, a real crawler and Athena over DuckDB."""
