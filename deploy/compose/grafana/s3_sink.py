"""The sink's board: what it stores, what hinders it, how far behind it is."""

from deploy.compose.grafana.panels import Board, Row, graph, number, quantile

# What of the lake's topics may be how old.
_LIMIT = (
    'label_replace(coinlake:stage_limit_seconds{stage="raw"},'
    ' "topic", "coincap.$1.v1", "feed", "(.+)")'
)
# An audit that is overdue has no say: its findings are those of another day.
AUDIT_IS_DUE = "and on () (time() - max(audit_due_timestamp_seconds) < 3600)"
AUDIT_FINDINGS = 'audit_findings{kind!="tail"}'

BOARD = Board(
    "coinlake-s3-sink",
    "coinlake: s3-sink",
    "Kafka to S3: chains, objects, and what holds them up.",
    (
        Row(
            "Health",
            (
                number(
                    "Partitions",
                    "short",
                    "By state; stopped means a broken invariant.",
                    "sum by (state) (s3_sink_partitions)",
                    legend="{{state}}",
                ),
                number(
                    "Stopped",
                    "short",
                    "Partitions that wait for an operator.",
                    'sum(s3_sink_partitions{state="stopped"})',
                    (1, "red"),
                ),
                number(
                    "Paused",
                    "bool_yes_no",
                    "Yes while the memory budget pauses fetching.",
                    "max(s3_sink_is_paused)",
                    (1, "red"),
                ),
                number(
                    "Oldest open value",
                    "s",
                    "Age of the oldest value of an open part.",
                    "max(s3_sink_oldest_open_seconds)",
                    (300, "orange"),
                    (900, "red"),
                ),
                number(
                    "Impossible timestamps",
                    "short",
                    "Records stored without an hour.",
                    "max(s3_sink_unknown_hour_records_total)",
                    (1, "red"),
                ),
            ),
        ),
        Row(
            "Chains",
            (
                graph(
                    "Behind Kafka",
                    "s",
                    "Newest answer in Kafka minus the newest in the raw zone, by receive time.",
                    (
                        'coinlake:stage_timestamp_seconds{stage="kafka"}'
                        ' - on (feed) coinlake:stage_timestamp_seconds{stage="raw"}',
                        "{{feed}}",
                    ),
                    limits=((300, "red"),),
                ),
                graph(
                    "Lag in records",
                    "short",
                    "Offsets that are in Kafka but not in the bucket, heartbeats included.",
                    (
                        "max by (topic, partition) (s3_sink_lag_records)",
                        "{{topic}}-{{partition}}",
                    ),
                ),
                graph(
                    "Lag in seconds",
                    "s",
                    "Age of the oldest value that is not in the bucket yet.",
                    (
                        "max by (topic, partition) (s3_sink_lag_seconds)",
                        "{{topic}}-{{partition}}",
                    ),
                    limits=((300, "orange"), (900, "red")),
                ),
                graph(
                    "Chain end",
                    "short",
                    "First offset that is not in the raw zone yet.",
                    (
                        "max by (topic, partition) (s3_sink_chain_end_offset)",
                        "{{topic}}-{{partition}}",
                    ),
                ),
                graph(
                    "Watermark age",
                    "s",
                    "Age of the watermark in the newest object.",
                    (
                        "time() - max by (topic) (s3_sink_watermark_timestamp_seconds)",
                        "{{topic}}",
                    ),
                    (_LIMIT, "{{topic}} limit"),
                    is_log=True,
                ),
                graph(
                    "Newest record",
                    "s",
                    "Age of the newest stored record.",
                    ("time() - max by (topic) (s3_sink_stored_timestamp_seconds)", "{{topic}}"),
                    (_LIMIT, "{{topic}} limit"),
                    is_log=True,
                ),
            ),
        ),
        Row(
            "Audit",
            (
                number(
                    "Findings",
                    "short",
                    "Of the last audit, until the next one is an hour overdue, by kind where there are"
                    " any; a tail, which only means that raw lags, is none.",
                    f"((max by (kind) ({AUDIT_FINDINGS}) > 0) or on () sum({AUDIT_FINDINGS})) {AUDIT_IS_DUE}",
                    (1, "red"),
                    legend="{{kind}}",
                ),
                number(
                    "Next verdict in",
                    "s",
                    "Time until it is due; negative when overdue.",
                    "max(audit_due_timestamp_seconds) - time()",
                    (-3600, "orange"),
                    (0, "green"),
                    base="red",
                ),
                number(
                    "Objects",
                    "short",
                    "Raw objects that the last audit saw.",
                    "max(audit_objects)",
                ),
                number(
                    "Failed audits",
                    "short",
                    "Audits without a verdict in the last day.",
                    "sum(increase(audit_failures_total[1d]))",
                    (1, "orange"),
                    decimals=0,
                ),
                graph(
                    "Missing from raw",
                    "short",
                    "Records that Kafka had when the last audit began; counted even while no sink runs.",
                    (
                        "max by (topic, partition) (audit_lag_records)",
                        "{{topic}}-{{partition}}",
                    ),
                ),
            ),
        ),
        Row(
            "Objects",
            (
                graph(
                    "Objects",
                    "cpm",
                    "Objects stored per minute.",
                    (
                        "sum by (topic) (rate(s3_sink_objects_written_total[$__rate_interval])) * 60",
                        "{{topic}}",
                    ),
                ),
                graph(
                    "Values",
                    "cpm",
                    "Values stored per minute.",
                    (
                        "sum by (topic) (rate(s3_sink_values_written_total[$__rate_interval])) * 60",
                        "{{topic}}",
                    ),
                ),
                graph(
                    "Size",
                    "bytes",
                    "Sizes of objects.",
                    (quantile("0.5", "s3_sink_object_bytes"), "median"),
                    (quantile("0.99", "s3_sink_object_bytes"), "99 %"),
                ),
                graph(
                    "Why objects are cut",
                    "cpm",
                    "Objects by the reason they were cut.",
                    (
                        "sum by (reason) (rate(s3_sink_flushes_total[$__rate_interval])) * 60",
                        "{{reason}}",
                    ),
                    stacked=True,
                ),
            ),
        ),
        Row(
            "Trouble",
            (
                graph(
                    "Retries",
                    "cpm",
                    "Failed writes and lookups per minute, by cause.",
                    (
                        "sum by (kind) (rate(s3_sink_retries_total[$__rate_interval])) * 60",
                        "{{kind}}",
                    ),
                ),
                graph(
                    "Other writers",
                    "short",
                    "In the last hour: PUTs refused with 412, objects taken over, rebalances.",
                    ("sum(increase(s3_sink_refused_creates_total[1h]))", "refused"),
                    ("sum(increase(s3_sink_adoptions_total[1h]))", "adopted"),
                    ("sum(increase(s3_sink_rebalances_total[1h]))", "rebalances"),
                ),
                graph(
                    "Commits and announcements",
                    "short",
                    "Failed commits and announcements in the last hour.",
                    ("sum(increase(s3_sink_commit_failures_total[1h]))", "commits failed"),
                    (
                        "sum(increase(s3_sink_announcements_failed_total[1h]))",
                        "announcements failed",
                    ),
                ),
                graph(
                    "Commit time",
                    "s",
                    "99th percentile of offset commits to Kafka.",
                    (quantile("0.99", "s3_sink_commit_seconds"), "99 %"),
                ),
                graph(
                    "Brokers silent",
                    "s",
                    "How long no broker has answered.",
                    ("max(s3_sink_kafka_silent_seconds)", "seconds"),
                    limits=((120, "red"),),
                ),
                graph(
                    "Topics not stored",
                    "short",
                    "1 while a configured topic is missing or not read completely.",
                    ("1 - min by (topic) (s3_sink_topic_up)", "{{topic}}"),
                ),
                graph(
                    "Memory",
                    "bytes",
                    "Held by records and objects; in flight to S3.",
                    ("sum(s3_sink_held_bytes)", "held"),
                    ("sum(s3_sink_in_flight_bytes)", "in flight"),
                ),
            ),
        ),
    ),
)
