"""What node_exporter, libexec/host-metrics and the broker's agent tell, as far as rules and boards name it.

tests/integration/ec2 holds this against real scrapes.
"""

from collections.abc import Mapping

_FILE_SYSTEM = {"device", "fstype", "mountpoint", "device_error"}

HOST: Mapping[str, set[str]] = {
    "node_boot_time_seconds": set(),
    "node_cpu_seconds_total": {"cpu", "mode"},
    "node_disk_io_time_seconds_total": {"device"},
    "node_filesystem_avail_bytes": _FILE_SYSTEM,
    "node_filesystem_device_error": _FILE_SYSTEM,
    "node_filesystem_files": _FILE_SYSTEM,
    "node_filesystem_files_free": _FILE_SYSTEM,
    "node_filesystem_readonly": _FILE_SYSTEM,
    "node_filesystem_size_bytes": _FILE_SYSTEM,
    "node_load1": set(),
    "node_memory_MemAvailable_bytes": set(),
    "node_memory_MemTotal_bytes": set(),
    "node_pressure_cpu_waiting_seconds_total": set(),
    "node_pressure_io_waiting_seconds_total": set(),
    "node_pressure_memory_waiting_seconds_total": set(),
    "node_textfile_mtime_seconds": {"file"},
    "node_textfile_scrape_error": set(),
    "node_timex_maxerror_seconds": set(),
    "node_vmstat_oom_kill": set(),
    "node_vmstat_pswpin": set(),
    "node_vmstat_pswpout": set(),
}

FACTS: Mapping[str, set[str]] = {
    "coinlake_certificate_end_timestamp_seconds": {"certificate"},
    "coinlake_credentials_end_timestamp_seconds": {"container"},
    "coinlake_kafka_retention_bytes": set(),
    "coinlake_unit_failed": {"unit"},
    "coinlake_unit_restarts_total": {"unit"},
}

BROKER: Mapping[str, set[str]] = {
    "kafka_active_controllers": set(),
    "kafka_log_end_offset": {"topic", "partition"},
    "kafka_log_size_bytes": {"topic", "partition"},
    "kafka_log_start_offset": {"topic", "partition"},
    "kafka_offline_log_directories": set(),
    "kafka_offline_partitions": set(),
    "kafka_request_errors_total": {"request", "error"},
    "kafka_request_handler_idle_ratio": set(),
    "kafka_topic_bytes_total": {"direction", "topic"},
    "kafka_under_replicated_partitions": set(),
}

THEIRS: Mapping[str, set[str]] = {**HOST, **FACTS, **BROKER}
