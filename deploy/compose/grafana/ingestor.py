"""The ingestor's board: what it polls, what hinders it, what it costs."""

from deploy.compose.grafana.panels import Board, Row, graph, number, quantile

BOARD = Board(
    "coinlake-ingestor",
    "coinlake: ingestor",
    "CoinCap to Kafka: answers, missed ticks and credits.",
    (
        Row(
            "Health",
            (
                number(
                    "Kafka unavailable",
                    "bool_yes_no",
                    "Yes while Kafka is not accepting records.",
                    "1 - min(ingestor_kafka_up)",
                    (1, "red"),
                ),
                number(
                    "Key refused",
                    "bool_yes_no",
                    "Yes while CoinCap refuses our key.",
                    "max(ingestor_key_refused)",
                    (1, "red"),
                ),
                number(
                    "Pages refused",
                    "short",
                    "Pages that CoinCap refuses although it accepts the key elsewhere.",
                    "sum(ingestor_page_refused)",
                    (1, "orange"),
                ),
                number(
                    "Rate limited",
                    "bool_yes_no",
                    "Yes after CoinCap has answered 429 twice.",
                    "max(ingestor_rate_limited)",
                    (1, "red"),
                ),
                number(
                    "Waiting for Kafka",
                    "short",
                    "Records in the journal that are not in Kafka yet.",
                    "sum(ingestor_journal_pending_records)",
                    (100, "orange"),
                    (10_000, "red"),
                ),
                number(
                    "Unsendable",
                    "short",
                    "Records that Kafka refused permanently, kept as files; see the runbook.",
                    "max(ingestor_unsendable_records_total)",
                    (1, "red"),
                ),
                number(
                    "Journal not writable",
                    "bool_yes_no",
                    "Yes while the disk refuses journal writes.",
                    "1 - min(ingestor_journal_up)",
                    (1, "red"),
                ),
                number(
                    "Lost or put aside",
                    "short",
                    "Records whose file is damaged or missing, and files put aside.",
                    "sum(ingestor_journal_lost_records_total)"
                    " + max(ingestor_journal_aside_files)",
                    (1, "red"),
                ),
            ),
        ),
        Row(
            "Credits",
            (
                number(
                    "Credits left",
                    "short",
                    "Credits that may be spent now; at 0 ticks are skipped.",
                    "min(ingestor_credits_left_credits)",
                    (1, "green"),
                    base="red",
                ),
                number(
                    "Credits spent this month",
                    "short",
                    "Our own estimate, per UTC month.",
                    "max(ingestor_credits_spent_credits)",
                ),
                number(
                    "Credits spent in total",
                    "short",
                    "Since the state directory was created.",
                    "max(ingestor_credits_total_credits)",
                ),
                number(
                    "Stretch of intervals",
                    "short",
                    "How much the credit plan stretches the intervals.",
                    "max(ingestor_stretch_ratio)",
                    (2, "orange"),
                ),
            ),
        ),
        Row(
            "Budget",
            (
                graph(
                    "Credits left and month left",
                    "percentunit",
                    "The lines should fall together.",
                    ("coinlake:credits_left_ratio", "credits"),
                    ("coinlake:month_left_ratio", "month"),
                ),
                graph(
                    "Spending",
                    "short",
                    "Credits per day at the rate of the last hour.",
                    ("sum(deriv(ingestor_credits_total_credits[1h])) * 86400", "per day"),
                ),
                graph(
                    "Intervals",
                    "s",
                    "As stretched by the credit plan.",
                    ("max by (page) (ingestor_interval_seconds)", "{{page}}"),
                ),
            ),
        ),
        Row(
            "The source",
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
                    "Rejected",
                    "short",
                    "Unusable answers in the last hour.",
                    (
                        "sum by (feed, reason) (increase(ingestor_rejected_answers_total[1h])) > 0",
                        "{{feed}} {{reason}}",
                    ),
                    stacked=True,
                ),
                graph(
                    "Degraded",
                    "short",
                    "Answers used in the last hour although something in them was odd.",
                    (
                        "sum by (feed, oddity)"
                        " (increase(ingestor_degraded_answers_total[1h])) > 0",
                        "{{feed}} {{oddity}}",
                    ),
                    stacked=True,
                ),
                graph(
                    "Failed attempts",
                    "short",
                    "Attempts without a body in the last hour.",
                    (
                        "sum by (feed, kind) (increase(ingestor_failed_attempts_total[1h])) > 0",
                        "{{feed}} {{kind}}",
                    ),
                    stacked=True,
                ),
                graph(
                    "Missed ticks",
                    "short",
                    "Ticks that were not polled in the last hour.",
                    (
                        "sum by (feed, cause) (increase(ingestor_missed_ticks_total[1h])) > 0",
                        "{{feed}} {{cause}}",
                    ),
                    stacked=True,
                ),
            ),
        ),
        Row(
            "Time and journal",
            (
                graph(
                    "Response time",
                    "s",
                    "From request to complete body.",
                    (quantile("0.5", "ingestor_request_seconds", "feed"), "{{feed}} median"),
                    (quantile("0.99", "ingestor_request_seconds", "feed"), "{{feed}} 99 %"),
                ),
                graph(
                    "Journal",
                    "bytes",
                    "Bytes waiting for Kafka, and the space left.",
                    ("sum(ingestor_journal_pending_bytes)", "waiting"),
                    ("sum(ingestor_journal_room_bytes)", "space left"),
                ),
                graph(
                    "Sends",
                    "cpm",
                    "Records and heartbeats acknowledged by Kafka, and failures.",
                    (
                        "sum by (topic) (rate(ingestor_records_sent_total[$__rate_interval])) * 60",
                        "{{topic}}",
                    ),
                    (
                        "sum(rate(ingestor_heartbeats_sent_total[$__rate_interval])) * 60",
                        "heartbeats",
                    ),
                    (
                        "sum(rate(ingestor_send_failures_total[$__rate_interval])) * 60",
                        "failures",
                    ),
                ),
                graph(
                    "Topics unavailable",
                    "short",
                    "1 while Kafka is not accepting a topic's records.",
                    ("1 - min by (topic) (ingestor_topic_up)", "{{topic}}"),
                ),
                graph(
                    "Clock",
                    "s",
                    "Behind the last watermark; ahead of the time in CoinCap's answers (negative: behind).",
                    ("max(ingestor_clock_behind_seconds)", "behind the watermark"),
                    ("max(ingestor_clock_off_seconds)", "off"),
                    ("3600 * max(ingestor_clock_refused)", "ahead of Kafka (an hour)"),
                    limits=((-5, "red"), (5, "red")),
                ),
                graph(
                    "Jumps and torn bytes",
                    "short",
                    "Clock jumps and restamped records in the last hour;"
                    " bytes cut off at the last start.",
                    (
                        "sum by (event) (increase(ingestor_clock_events_total[1h])) > 0",
                        "{{event}}",
                    ),
                    ("sum(increase(ingestor_restamped_records_total[1h]))", "restamped"),
                    ("max(ingestor_journal_torn_bytes_total)", "torn bytes"),
                ),
            ),
        ),
    ),
)
