"""One page per service: what it does, what hinders it, what it costs."""

from deploy.compose.grafana.panels import Board, Row, graph, number


def _p(quantile: str, metric: str, by: str = "") -> str:
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({quantile}, sum by ({labels}) (rate({metric}_bucket[5m])))"


INGESTOR = Board(
    "coinlake-ingestor",
    "coinlake: ingestor",
    "CoinCap to Kafka: answers, what was missed, and the credits.",
    (
        Row(
            "Well?",
            (
                number("Kafka away", "bool_yes_no", "Whether Kafka takes no records.",
                       "1 - min(ingestor_kafka_up)", (1, "red")),
                number("Key refused", "bool_yes_no", "Whether CoinCap refuses our key.",
                       "max(ingestor_key_refused)", (1, "red")),
                number("Waiting for Kafka", "short", "Records in the journal that Kafka lacks.",
                       "sum(ingestor_journal_pending_records)", (100, "orange"), (10_000, "red")),
                number("Refused for good", "short", "Records kept as files; see the runbook.",
                       "max(ingestor_unsendable_records_total)", (1, "red")),
                number("Damaged segments", "short", "Found at the last start.",
                       "max(ingestor_journal_damaged_segments_total)", (1, "red")),
            ),
        ),
        Row(
            "Credits",
            (
                number("Left", "short", "Credits that may be spent now.",
                       "min(ingestor_credits_left_credits)"),
                number("Spent this month", "short", "Our own estimate, UTC month.",
                       "max(ingestor_credits_spent_credits)"),
                number("Spent in all", "short", "Since the state directory was made.",
                       "max(ingestor_credits_total_credits)"),
                number("Stretch", "short", "By how much the plan stretches the intervals.",
                       "max(ingestor_stretch_ratio)", (2, "orange")),
            ),
        ),
        Row(
            "Budget",
            (
                graph("Credits left and month left", "percentunit",
                      "The lines should fall together.",
                      ("coinlake:credits_left_ratio", "credits"),
                      ("coinlake:month_left_ratio", "month")),
                graph("Spending", "short", "Credits per day at the rate of the last hour.",
                      ("sum(deriv(ingestor_credits_total_credits[1h])) * 86400", "per day")),
                graph("Intervals", "s", "Under the credit plan.",
                      ("max by (page) (ingestor_interval_seconds)", "{{page}}")),
            ),
        ),
        Row(
            "The source",
            (
                graph("Answers", "cpm", "Answers with a body, per minute.",
                      ("sum by (feed) (rate(ingestor_answers_total[5m])) * 60", "{{feed}}")),
                graph("Rejected", "short", "Answers of no use in the last hour.",
                      ("sum by (feed, reason) (increase(ingestor_rejected_answers_total[1h])) > 0",
                       "{{feed}} {{reason}}"), stacked=True),
                graph("Failed attempts", "short", "Attempts without a body in the last hour.",
                      ("sum by (feed, kind) (increase(ingestor_failed_attempts_total[1h])) > 0",
                       "{{feed}} {{kind}}"), stacked=True),
                graph("Missed ticks", "short", "Ticks that nobody polled, in the last hour.",
                      ("sum by (feed, cause) (increase(ingestor_missed_ticks_total[1h])) > 0",
                       "{{feed}} {{cause}}"), stacked=True),
            ),
        ),
        Row(
            "Time and journal",
            (
                graph("Time to answer", "s", "From request to complete body.",
                      (_p("0.5", "ingestor_request_seconds", "feed"), "{{feed}} median"),
                      (_p("0.99", "ingestor_request_seconds", "feed"), "{{feed}} 99 %")),
                graph("Journal", "bytes", "Bytes that wait for Kafka, and the room that is left.",
                      ("sum(ingestor_journal_pending_bytes)", "waiting"),
                      ("sum(ingestor_journal_room_bytes)", "room")),
                graph("Sends", "cpm", "Records and heartbeats that Kafka has, and failures.",
                      ("sum by (topic) (rate(ingestor_records_sent_total[5m])) * 60", "{{topic}}"),
                      ("sum(rate(ingestor_heartbeats_sent_total[5m])) * 60", "heartbeats"),
                      ("sum(rate(ingestor_send_failures_total[5m])) * 60", "failures")),
                graph("Clock and torn bytes", "short",
                      "Seconds that the clock is behind; bytes cut off at the last start.",
                      ("max(ingestor_clock_behind_seconds)", "seconds behind"),
                      ("max(ingestor_journal_torn_bytes_total)", "torn bytes")),
            ),
        ),
    ),
)  # fmt: skip

S3_SINK = Board(
    "coinlake-s3-sink",
    "coinlake: s3-sink",
    "Kafka to S3: chains, objects, and what hinders them.",
    (
        Row(
            "Well?",
            (
                number("Partitions", "short", "By state; stopped means a broken promise.",
                       "sum by (state) (s3_sink_partitions)", legend="{{state}}"),
                number("Stopped", "short", "Partitions that hold still until somebody has looked.",
                       'sum(s3_sink_partitions{state="stopped"})', (1, "red")),
                number("Paused", "bool_yes_no", "Whether the byte budget holds fetching back.",
                       "max(s3_sink_is_paused)", (1, "red")),
                number("Oldest open value", "s", "Age of the oldest value of an open part.",
                       "max(s3_sink_oldest_open_seconds)", (300, "orange"), (900, "red")),
                number("Impossible timestamps", "short", "Records stored under no hour.",
                       "max(s3_sink_unknown_hour_records_total)", (1, "red")),
            ),
        ),
        Row(
            "Chains",
            (
                graph("Behind Kafka", "s",
                      "Newest answer in Kafka minus newest in the raw zone, by receive time.",
                      ('coinlake:stage_timestamp_seconds{stage="kafka"}'
                       ' - on (feed) coinlake:stage_timestamp_seconds{stage="raw"}', "{{feed}}")),
                graph("End of the chain", "short", "Next offset that the raw zone lacks.",
                      ("max by (topic, partition) (s3_sink_chain_end_offset)",
                       "{{topic}}-{{partition}}")),
                graph("Complete up to", "s", "Age of the promise in the newest object.",
                      ("time() - max by (topic) (s3_sink_complete_to_seconds)", "{{topic}}")),
                graph("Newest record", "s", "Age of the newest record that is stored.",
                      ("time() - max by (topic) (s3_sink_stored_timestamp_seconds)",
                       "{{topic}}")),
            ),
        ),
        Row(
            "Objects",
            (
                graph("Objects", "cpm", "Objects stored per minute.",
                      ("sum by (topic) (rate(s3_sink_objects_written_total[5m])) * 60",
                       "{{topic}}")),
                graph("Values", "cpm", "Values stored per minute.",
                      ("sum by (topic) (rate(s3_sink_values_written_total[5m])) * 60",
                       "{{topic}}")),
                graph("Size", "bytes", "Sizes of objects.",
                      (_p("0.5", "s3_sink_object_bytes"), "median"),
                      (_p("0.99", "s3_sink_object_bytes"), "99 %")),
                graph("Why parts are cut", "cpm", "Objects by the reason of their end.",
                      ("sum by (reason) (rate(s3_sink_flushes_total[5m])) * 60", "{{reason}}"),
                      stacked=True),
            ),
        ),
        Row(
            "What hinders",
            (
                graph("Tries repeated", "cpm", "PUTs and looks that failed, per minute.",
                      ("sum by (kind) (rate(s3_sink_retries_total[5m])) * 60", "{{kind}}")),
                graph("Other writers", "short", "In the last hour: PUTs refused with 412, objects taken over, rebalances.",
                      ("sum(increase(s3_sink_refused_creates_total[1h]))", "refused"),
                      ("sum(increase(s3_sink_adoptions_total[1h]))", "adopted"),
                      ("sum(increase(s3_sink_rebalances_total[1h]))", "rebalances")),
                graph("Commits and hints", "short", "In the last hour: commits and hints that failed.",
                      ("sum(increase(s3_sink_commit_failures_total[1h]))", "commits failed"),
                      ("sum(increase(s3_sink_announcements_failed_total[1h]))", "hints failed")),
                graph("Time of a commit", "s", "99 % of the commits to Kafka.",
                      (_p("0.99", "s3_sink_commit_seconds"), "99 %")),
                graph("Memory", "bytes", "Held by records and objects; on their way to S3.",
                      ("sum(s3_sink_held_bytes)", "held"),
                      ("sum(s3_sink_in_flight_bytes)", "in flight")),
            ),
        ),
    ),
)  # fmt: skip

ETL_RUNNER = Board(
    "coinlake-etl-runner",
    "coinlake: etl-runner",
    "Raw objects to tables: hours, runs, quality and cost.",
    (
        Row(
            "Well?",
            (
                number("Dirty hours", "short", "Hours whose raw objects are not published.",
                       "max(etl_runner_dirty_hours)"),
                number("Oldest dirty hour", "s", "How long it has been dirty.",
                       "max(etl_runner_oldest_dirty_seconds)", (3600, "orange"), (7200, "red")),
                number("Parked hours", "short", "Failed too often; nobody tries them.",
                       "max(etl_runner_parked_hours)", (1, "red")),
                number("Alarms", "short", "Things that should never be, since the start.",
                       "sum(etl_runner_alarms_total) or vector(0)", (1, "red")),
            ),
        ),
        Row(
            "Cost",
            (
                number("In 24 h", "currencyUSD", "Billed runs by list price.",
                       "sum(increase(etl_runner_usd_total[1d]))", (5, "orange"), (10, "red")),
                number("Per month, at this pace", "currencyUSD", "Thirty times the last day.",
                       "30 * sum(increase(etl_runner_usd_total[1d]))"),
                number("Useful part of what is billed", "percentunit",
                       "Glue bills a minute at least; larger batches waste less.",
                       "sum(increase(etl_runner_useful_seconds_total[1d]))"
                       " / sum(increase(etl_runner_billed_seconds_total[1d]))"),
                number("Per million rows", "currencyUSD", "Cost of the last day by its rows.",
                       "1e6 * sum(increase(etl_runner_usd_total[1d]))"
                       " / sum(increase(etl_runner_rows_published_total[1d]))"),
            ),
        ),
        Row(
            "Runs",
            (
                graph("Runs", "short", "By how they ended, in the last hour.",
                      ("sum by (outcome) (increase(etl_runner_runs_total[1h]))", "{{outcome}}"),
                      ("sum(increase(etl_runner_hour_failures_total[1h]))", "hours failed"),
                      stacked=True),
                graph("Seconds", "s", "Billed and useful seconds in the last hour.",
                      ("sum(increase(etl_runner_billed_seconds_total[1h]))", "billed"),
                      ("sum(increase(etl_runner_useful_seconds_total[1h]))", "useful")),
                graph("Crawls", "short", "By how they ended, in the last day.",
                      ("sum by (outcome) (increase(etl_runner_crawls_total[1d]))", "{{outcome}}")),
                graph("Time of a look at the lake", "s", "The last pass over raw, ledger, tables.",
                      ("max(etl_runner_reconcile_seconds)", "pass")),
            ),
        ),
        Row(
            "Tables",
            (
                graph("Complete up to", "s", "Age of the watermark.",
                      ("time() - max by (feed) (etl_runner_watermark_timestamp_seconds)",
                       "{{feed}}")),
                graph("Last publishing", "s", "Since an hour of the feed was committed.",
                      ("time() - max by (feed) (etl_runner_published_timestamp_seconds)",
                       "{{feed}}")),
                graph("Hours published", "short", "Versions committed in the last hour.",
                      ("sum by (feed) (increase(etl_runner_hours_published_total[1h]))",
                       "{{feed}}")),
                graph("Rows", "short", "Rows of committed versions in the last hour.",
                      ("sum by (table) (increase(etl_runner_rows_published_total[1h]))",
                       "{{table}}")),
            ),
        ),
        Row(
            "Quality",
            (
                graph("Quarantined", "percentunit", "Part of the rows that was put aside, 6 h.",
                      ("coinlake:quarantined_rows_ratio", "{{feed}}")),
                graph("Duplicates", "short", "Answers that came twice, in the last hour.",
                      ("sum by (feed) (increase(etl_runner_duplicates_total[1h]))", "{{feed}}")),
                graph("Drift", "short", "Unknown keys, unfit values, soft rules, in the last hour.",
                      ("sum by (feed) (increase(etl_runner_unknown_fields_total[1h]))",
                       "{{feed}} unknown"),
                      ("sum by (feed) (increase(etl_runner_unfit_values_total[1h]))",
                       "{{feed}} unfit"),
                      ("sum by (feed) (increase(etl_runner_soft_rule_failures_total[1h]))",
                       "{{feed}} rules")),
                graph("Two runners, alarms", "short", "Conflicts and alarms since the start.",
                      ("sum by (decision) (etl_runner_publish_conflicts_total)", "{{decision}}"),
                      ("sum by (reason) (etl_runner_alarms_total)", "{{reason}}")),
            ),
        ),
    ),
)  # fmt: skip

QUERY_API = Board(
    "coinlake-query-api",
    "coinlake: query-api",
    "HTTP in front of Athena: requests, queries, freshness and cost.",
    (
        Row(
            "Well?",
            (
                number("Errors", "percentunit", "Requests that ended with 5xx, 10 minutes.",
                       'sum(rate(query_api_requests_total{route=~"/v1/.*", status=~"5.."}[10m]))'
                       ' / sum(rate(query_api_requests_total{route=~"/v1/.*"}[10m]))',
                       (0.01, "orange"), (0.05, "red")),
                number("Running", "short", "Queries that hold a place in Athena.",
                       "sum(query_api_queries_running)"),
                number("Queued", "short", "Queries that wait for a place.",
                       "sum(query_api_queries_queued)", (1, "orange")),
                number("Not stopped", "short", "Abandoned queries that ran on, since the start.",
                       "sum(query_api_stop_failures_total)", (1, "red")),
                number("Ledger unreadable", "short", "Entries that could not be read.",
                       "sum(query_api_ledger_unreadable_total)", (1, "red")),
            ),
        ),
        Row(
            "Cost",
            (
                number("In 24 h", "currencyUSD", "By list price, with the minimum per query.",
                       "sum(increase(query_api_cost_usd_total[1d]))", (5, "orange"), (10, "red")),
                number("Scanned in 24 h", "bytes", "Bytes that Athena read.",
                       "sum(increase(query_api_scanned_bytes_total[1d]))"),
                number("Per query", "currencyUSD", "Mean of the last day.",
                       "sum(increase(query_api_cost_usd_total[1d]))"
                       " / sum(increase(query_api_queries_total[1d]))"),
                number("Shared", "short", "Requests of the last day that joined a running query.",
                       "sum(increase(query_api_queries_shared_total[1d]))"),
            ),
        ),
        Row(
            "Requests",
            (
                graph("By status", "reqps", "499 is a client that left.",
                      ('sum by (status) (rate(query_api_requests_total{route=~"/v1/.*"}[5m]))',
                       "{{status}}"),
                      stacked=True),
                graph("By route", "reqps", "The route's pattern, never its values.",
                      ("sum by (route) (rate(query_api_requests_total[5m]))", "{{route}}"),
                      stacked=True),
                graph("Time to answer", "s", "Of all requests, health checks too.",
                      (_p("0.5", 'query_api_request_seconds'), "median"),
                      (_p("0.99", 'query_api_request_seconds'), "99 %")),
                graph("Connections closed", "short", "By a limit, in the last hour.",
                      ("sum by (reason) (increase(query_api_connections_closed_total[1h]))",
                       "{{reason}}")),
            ),
        ),
        Row(
            "Queries",
            (
                graph("By outcome", "cpm", "Athena queries ended, per minute.",
                      ("sum by (outcome) (rate(query_api_queries_total[5m])) * 60", "{{outcome}}"),
                      stacked=True),
                graph("Time of a query", "s", "From submission to rows.",
                      (_p("0.5", "query_api_query_seconds"), "median"),
                      (_p("0.99", "query_api_query_seconds"), "99 %")),
                graph("Refused SQL", "short", "By the guard, in the last hour.",
                      ("sum by (reason) (increase(query_api_sql_refused_total[1h]))",
                       "{{reason}}")),
                graph("Freshness", "s", "Age of the newest data that can be queried.",
                      ("time() - max by (feed) (query_api_watermark_timestamp_seconds)",
                       "{{feed}}"),
                      ("coinlake:freshness_limit_seconds", "{{feed}} limit")),
            ),
        ),
    ),
)  # fmt: skip
