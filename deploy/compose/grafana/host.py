"""The board of the EC2 host: disks, memory, CPU, clock, units, certificates, and the broker's inside."""

from deploy.compose.grafana.panels import Board, Row, graph, number

BOARD = Board(
    "coinlake-host",
    "coinlake: host",
    "The EC2 host and its broker. Only a Prometheus there has these numbers.",
    (
        Row(
            "Health",
            (
                number(
                    "Failed units",
                    "short",
                    "Units of systemd that failed or wait to be started again.",
                    "sum(coinlake_unit_failed)",
                    (1, "red"),
                ),
                number(
                    "Certificates end in",
                    "s",
                    "Time left of what Kafka and the proxy show, and of Kafka's authority.",
                    "min by (certificate) (coinlake_certificate_end_timestamp_seconds) - time()",
                    (21 * 86_400, "green"),
                    base="red",
                    legend="{{certificate}}",
                ),
                number(
                    "Credentials end in",
                    "s",
                    "Time left of the AWS credentials that end first.",
                    'min(coinlake_credentials_end_timestamp_seconds{container!="tools"}) - time()',
                    (1200, "green"),
                    base="red",
                ),
                number(
                    "Clock uncertain by",
                    "s",
                    "How far the clock may be off, as the kernel reckons.",
                    "max(node_timex_maxerror_seconds)",
                    (1, "red"),
                ),
                number(
                    "Up since",
                    "s",
                    "Time since the last boot; a new kernel needs one.",
                    "time() - max(node_boot_time_seconds)",
                    (100 * 86_400, "orange"),
                ),
                number(
                    "Facts are old by",
                    "s",
                    "Age of the file with units, certificates and credentials.",
                    "time() - max(node_textfile_mtime_seconds)",
                    (600, "red"),
                ),
            ),
        ),
        Row(
            "Disks",
            (
                number(
                    "Space left",
                    "percentunit",
                    "Share of each file system that is free.",
                    "min by (mountpoint) (node_filesystem_avail_bytes / node_filesystem_size_bytes)",
                    (0.05, "orange"),
                    (0.15, "green"),
                    base="red",
                    legend="{{mountpoint}}",
                ),
                graph(
                    "Space left, bytes",
                    "bytes",
                    "Free bytes of each file system.",
                    ("min by (mountpoint) (node_filesystem_avail_bytes)", "{{mountpoint}}"),
                ),
                graph(
                    "Inodes left",
                    "percentunit",
                    "Share of each file system's inodes that is free.",
                    (
                        "min by (mountpoint) (node_filesystem_files_free / node_filesystem_files)",
                        "{{mountpoint}}",
                    ),
                ),
                graph(
                    "Disk busy",
                    "percentunit",
                    "Share of the time in which a disk had something to do.",
                    (
                        "max by (device) (rate(node_disk_io_time_seconds_total[$__rate_interval]))",
                        "{{device}}",
                    ),
                ),
            ),
        ),
        Row(
            "Memory and CPU",
            (
                graph(
                    "Memory",
                    "bytes",
                    "What is available, of what there is.",
                    ("max(node_memory_MemAvailable_bytes)", "available"),
                    ("max(node_memory_MemTotal_bytes)", "total"),
                ),
                graph(
                    "Killed and swapped",
                    "short",
                    "Processes killed for want of memory in an hour; pages swapped in a second.",
                    ("sum(increase(node_vmstat_oom_kill[1h]))", "killed"),
                    (
                        "sum(rate(node_vmstat_pswpin[$__rate_interval]) + rate(node_vmstat_pswpout[$__rate_interval]))",
                        "swapped",
                    ),
                ),
                graph(
                    "CPU",
                    "percentunit",
                    "Share of the time of all CPUs; steal is what other guests got.",
                    (
                        'avg by (mode) (rate(node_cpu_seconds_total{mode!="idle"}[$__rate_interval]))',
                        "{{mode}}",
                    ),
                    stacked=True,
                ),
                graph(
                    "Waiting",
                    "percentunit",
                    "Share of the time in which something waited for CPU, disk or memory.",
                    (
                        "max(rate(node_pressure_cpu_waiting_seconds_total[$__rate_interval]))",
                        "cpu",
                    ),
                    (
                        "max(rate(node_pressure_io_waiting_seconds_total[$__rate_interval]))",
                        "disk",
                    ),
                    (
                        "max(rate(node_pressure_memory_waiting_seconds_total[$__rate_interval]))",
                        "memory",
                    ),
                ),
                graph(
                    "Load", "short", "Processes that run or wait.", ("max(node_load1)", "load")
                ),
                graph(
                    "Restarts",
                    "short",
                    "Starts of units after a failure in the last hour.",
                    (
                        "sum by (unit) (increase(coinlake_unit_restarts_total[1h])) > 0",
                        "{{unit}}",
                    ),
                ),
            ),
        ),
        Row(
            "Broker",
            (
                number(
                    "Controller",
                    "short",
                    "1 while Kafka has an active controller.",
                    "sum(kafka_active_controllers)",
                    (1, "green"),
                    base="red",
                ),
                number(
                    "Offline",
                    "short",
                    "Partitions without a leader, and log directories given up.",
                    "sum(kafka_offline_partitions) + max(kafka_offline_log_directories)",
                    (1, "red"),
                ),
                number(
                    "Behind",
                    "short",
                    "Partitions with fewer replicas in sync than they should have.",
                    "sum(kafka_under_replicated_partitions)",
                    (1, "orange"),
                ),
                number(
                    "Handlers idle",
                    "percentunit",
                    "Share of the last minute in which the request handlers had nothing to do.",
                    "min(kafka_request_handler_idle_ratio)",
                    (0.2, "green"),
                    base="red",
                ),
                graph(
                    "Log of a topic",
                    "bytes",
                    "Bytes of each log, and the bound that follows from the volume.",
                    ("max by (topic) (kafka_log_size_bytes)", "{{topic}}"),
                    ("max(coinlake_kafka_retention_bytes)", "bound"),
                ),
                graph(
                    "Bytes of a topic",
                    "Bps",
                    "What clients write to it and read from it.",
                    (
                        "sum by (topic, direction) (rate(kafka_topic_bytes_total[$__rate_interval]))",
                        "{{topic}} {{direction}}",
                    ),
                ),
                graph(
                    "Refused requests",
                    "cpm",
                    "Answers with an error per minute.",
                    (
                        "sum by (request, error)"
                        ' (rate(kafka_request_errors_total{error!="NONE"}[$__rate_interval])) * 60 > 0',
                        "{{request}} {{error}}",
                    ),
                ),
            ),
        ),
    ),
)
