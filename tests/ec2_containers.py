"""The containers that run on the EC2 host for ever, by the names of their units."""

CONTAINERS = (
    "kafka",
    "ingestor",
    "s3-sink",
    "etl-runner",
    "query-api",
    "auditor",
    "prometheus",
    "alertmanager",
    "proxy",
    "node-exporter",
)
