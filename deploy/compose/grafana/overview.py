"""The first page to look at: how far each stage has come, and who is well."""

from deploy.compose.grafana.panels import Board, Row, graph, number

_JOBS = 'job=~"ingestor|s3-sink|etl-runner|query-api|auditor"'


def _stage(stage: str) -> str:
    return f'coinlake:stage_timestamp_seconds{{stage="{stage}"}}'


def _complete(stage: str) -> str:
    return f'coinlake:stage_complete_timestamp_seconds{{stage="{stage}"}}'


BOARD = Board(
    "coinlake-overview",
    "coinlake: pipeline",
    "Watermark and freshness of each stage; each service has a page of its own.",
    (
        Row(
            "Well?",
            (
                number(
                    "Services that answer", "short",
                    "How many targets of each job answer their scrape.",
                    f"sum by (job) (up{{{_JOBS}}})", (0, "red"), (1, "green"), legend="{{job}}",
                ),
                number(
                    "Alerts that ring", "short", "See Alertmanager; each has a runbook.",
                    'count(ALERTS{alertstate="firing"}) or vector(0)', (1, "red"),
                ),
                number(
                    "Fresh in 28 days", "percentunit",
                    "Part of the time in which the tables were fresh; the aim is 99 %.",
                    "coinlake:tables_are_fresh:ratio_28d", (0, "red"), (0.99, "green"),
                    legend="{{feed}}",
                ),
                number(
                    "Spent in 24 h", "currencyUSD", "Glue runs and Athena queries by list price.",
                    "sum(increase(etl_runner_usd_total[1d]))"
                    " + sum(increase(query_api_cost_usd_total[1d]))",
                    (5, "orange"), (10, "red"),
                ),
            ),
        ),
        Row(
            "Watermark: the newest answer that each stage has",
            tuple(
                number(
                    title, "dateTimeAsIso", f"Receive time of the newest usable answer {where}.",
                    f"{_stage(stage)} * 1000", legend="{{feed}}",
                )
                for stage, title, where in (
                    ("kafka", "Kafka", "that the ingestor published"),
                    ("raw", "Raw zone", "that the sink stored in S3"),
                    ("tables", "Tables", "that can be queried"),
                )
            ),
        ),
        Row(
            "Freshness: age of the newest answer of each stage",
            tuple(
                graph(
                    f"Age in {title}", "s", "Grows while nothing new comes, for whatever reason.",
                    (f"time() - {_stage(stage)}", "{{feed}}"),
                )
                for stage, title in (("kafka", "Kafka"), ("raw", "raw"), ("tables", "tables"))
            ),
        ),
        Row(
            "Completeness: nothing older than this is still to come",
            tuple(
                graph(
                    f"Behind now, {title}", "s", "Age of the promise of completeness.",
                    (f"time() - {_complete(stage)}", "{{feed}}"),
                )
                for stage, title in (("kafka", "Kafka"), ("raw", "raw"), ("tables", "tables"))
            ),
        ),
        Row(
            "Flow",
            (
                graph(
                    "Answers", "cpm", "Answers with a body, per minute.",
                    ("sum by (feed) (rate(ingestor_answers_total[5m])) * 60", "{{feed}}"),
                ),
                graph(
                    "Stored", "Bps", "Bytes of values that the sink stored, before compression.",
                    ("sum by (topic) (rate(s3_sink_raw_bytes_total[5m]))", "{{topic}}"),
                ),
                graph(
                    "Rows published", "short", "Rows of committed hours in the last hour.",
                    ("sum by (table) (increase(etl_runner_rows_published_total[1h]))", "{{table}}"),
                ),
                graph(
                    "Requests", "reqps", "Requests to the query service.",
                    ('sum by (status) (rate(query_api_requests_total{route=~"/v1/.*"}[5m]))',
                     "{{status}}"),
                ),
            ),
        ),
    ),
)  # fmt: skip
