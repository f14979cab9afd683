"""The first page to look at: is it well, is it complete, how far behind is it, what does it cost."""

from deploy.compose.grafana.panels import (
    Board,
    Panel,
    Row,
    graph,
    number,
    of_each,
    of_each_feed,
)
from deploy.compose.grafana.s3_sink import AUDIT_FINDINGS, AUDIT_IS_DUE

_JOBS = ("ingestor", "s3-sink", "etl-runner", "query-api", "auditor")
_STAGES = (
    ("kafka", "Kafka", "that the ingestor published"),
    ("raw", "raw", "that the sink stored in S3"),
    ("tables", "tables", "that can be queried"),
)
_SPENT = "sum(increase(etl_runner_usd_total[1d])) + sum(increase(query_api_cost_usd_total[1d]))"
_LIMIT = 'coinlake:stage_limit_seconds{stage="tables"}'


def _stage(stage: str) -> str:
    return f'coinlake:stage_timestamp_seconds{{stage="{stage}"}}'


def _complete(stage: str) -> str:
    return f'coinlake:stage_complete_timestamp_seconds{{stage="{stage}"}}'


def _limit(stage: str) -> tuple[str, str]:
    return f'coinlake:stage_limit_seconds{{stage="{stage}"}}', "{{feed}} limit"


def _budget(title: str, description: str, expr: str, legend: str = "") -> Panel:
    """What is left of an error budget: 100 % at first, nothing at 0."""
    steps = ((0, "orange"), (0.25, "green"))
    return number(title, "percentunit", description, expr, *steps, base="red", legend=legend)


BOARD = Board(
    "coinlake-overview",
    "coinlake: pipeline",
    "Freshness and watermark of each stage; each service has its own dashboard.",
    (
        Row(
            "Is it well?",
            (
                number(
                    "Services up",
                    "short",
                    "Targets of each job that answer scrapes.",
                    of_each("job", _JOBS, f'sum by (job) (up{{job=~"{"|".join(_JOBS)}"}})'),
                    (1, "green"),
                    base="red",
                    legend="{{job}}",
                ),
                number(
                    "Firing alerts",
                    "short",
                    "See Alertmanager; each has a runbook. 0 only while rules are evaluated.",
                    'count(ALERTS{alertstate="firing", severity!="none"}) or 0 * count('
                    "time() - prometheus_rule_group_last_evaluation_timestamp_seconds < 300)",
                    (1, "red"),
                ),
                _budget(
                    "Objective: answers of the query service (99 %)",
                    "Error budget of four weeks left; no data where nobody asked for four weeks.",
                    "coinlake:answers_budget:ratio_28d",
                ),
            ),
        ),
        Row(
            "Is it complete?",
            (
                number(
                    "Watermark age, of its limit",
                    "percentunit",
                    "Everything older is in the tables: the age of that moment, as a share of the limit.",
                    of_each_feed(f"(time() - {_complete('tables')}) / on (feed) {_LIMIT}"),
                    (0.75, "orange"),
                    (1, "red"),
                    legend="{{feed}}",
                    decimals=0,
                ),
                number(
                    "Findings of the audit",
                    "short",
                    "Ranges of Kafka that the raw zone lacks or has twice, objects that do not decode;"
                    " until the next audit is an hour overdue.",
                    f"sum(max by (kind) ({AUDIT_FINDINGS})) {AUDIT_IS_DUE}",
                    (1, "red"),
                ),
                number(
                    "Missed ticks in 24 h",
                    "short",
                    "Answers that nobody asked CoinCap for when they were due: gaps of the source.",
                    "sum(increase(ingestor_missed_ticks_total[1d]))",
                    (1, "orange"),
                    (100, "red"),
                    decimals=0,
                ),
                number(
                    "Quarantined in 6 h",
                    "percentunit",
                    "The worst feed's share of rows that were put aside.",
                    "max(coinlake:quarantined_rows_ratio)",
                    (0.001, "orange"),
                    (0.01, "red"),
                ),
            ),
        ),
        Row(
            "How far behind is it? 100 % is each stage's limit",
            tuple(
                number(
                    f"Age in {title}, of its limit",
                    "percentunit",
                    f"Age of the newest usable answer {where}, as a share of its limit.",
                    of_each_feed(f'coinlake:stage_age_ratio{{stage="{stage}"}}'),
                    (0.75, "orange"),
                    (1, "red"),
                    legend="{{feed}}",
                    decimals=0,
                )
                for stage, title, where in _STAGES
            ),
        ),
        Row(
            "What does it cost?",
            (
                number(
                    "Spent in 24 h",
                    "currencyUSD",
                    "Glue runs and Athena queries at list price.",
                    _SPENT,
                    (5, "orange"),
                    (10, "red"),
                ),
                number(
                    "A month at this pace",
                    "currencyUSD",
                    "Thirty times the last day.",
                    f"30 * ({_SPENT})",
                    (150, "orange"),
                    (300, "red"),
                ),
                number(
                    "Credits left, of what the month needs",
                    "percentunit",
                    "Credits left of the month's, over what is left of the month; below 100 % intervals"
                    " are stretched.",
                    "clamp_max(coinlake:credits_left_ratio / coinlake:month_left_ratio, 1)",
                    (0.5, "orange"),
                    (0.9, "green"),
                    base="red",
                    decimals=0,
                ),
            ),
        ),
        Row(
            "Objective: tables are fresh (99 %)",
            (
                _budget(
                    "Fresh tables: what is left of four weeks' error budget",
                    "Error budget left of each feed; the page Watch it has the objective.",
                    of_each_feed("coinlake:freshness_budget:ratio_28d"),
                    legend="{{feed}}",
                ),
            ),
        ),
        Row(
            "Freshness: age of the newest answer in each stage",
            tuple(
                graph(
                    f"Age in {title}",
                    "s",
                    "Grows while nothing new arrives, for whatever reason.",
                    (f"time() - {_stage(stage)}", "{{feed}}"),
                    _limit(stage),
                    is_log=True,
                )
                for stage, title, _ in _STAGES
            ),
        ),
        Row(
            "Watermarks: everything older has arrived",
            tuple(
                graph(
                    f"Watermark age in {title}",
                    "s",
                    "Age of the watermark.",
                    (f"time() - {_complete(stage)}", "{{feed}}"),
                    _limit(stage),
                    is_log=True,
                )
                for stage, title, _ in _STAGES
            ),
        ),
        Row(
            "Flow",
            (
                graph(
                    "Answers",
                    "cpm",
                    "Answers with a body, per minute.",
                    (
                        "sum by (feed) (rate(ingestor_answers_total[$__rate_interval])) * 60",
                        "{{feed}}",
                    ),
                ),
                graph(
                    "Stored",
                    "Bps",
                    "Bytes of values stored by the sink, before compression.",
                    (
                        "sum by (topic) (rate(s3_sink_raw_bytes_total[$__rate_interval]))",
                        "{{topic}}",
                    ),
                ),
                graph(
                    "Rows published",
                    "short",
                    "Rows of committed hours in the last hour.",
                    (
                        "sum by (table) (increase(etl_runner_rows_published_total[1h]))",
                        "{{table}}",
                    ),
                ),
                graph(
                    "Requests",
                    "reqps",
                    "Requests to the query service.",
                    (
                        'sum by (status) (rate(query_api_requests_total{route=~"/v1/.*"}'
                        "[$__rate_interval]))",
                        "{{status}}",
                    ),
                ),
            ),
        ),
    ),
)
