"""The tables and views over the ledger, and what their columns mean; a test holds them against those
that `coinlake provision` makes."""

from coinlake.contracts.glue_quality import GLUE_QUALITY_TABLE
from coinlake.contracts.ledger import (
    LEDGER_TABLE,
    LEDGER_VIEW,
    QUALITY_VIEW,
    UNKNOWN_FIELDS_VIEW,
)

_HOUR = """
feed | varchar | feed that the hour is of
dt | varchar | UTC day of the hour, YYYY-MM-DD
hour | varchar | UTC hour, 00 to 23
version | bigint | version of the hour, from 1; the highest counts
"""
_LEDGER = f"""{_HOUR}
batch_id | varchar | batch of the runner that made the version
job_version | bigint | version of the job's rules
code_version | varchar | version of the runner's code
inputs | array(row(key varchar, etag varchar)) | raw objects that the version was made from
outputs | array(row(table varchar, key varchar, etag varchar, size bigint, rows bigint)) | objects that were published, size in bytes
counts | row(records bigint, usable bigint, quarantined_records bigint, duplicates bigint, heartbeats bigint, elements bigint, rows bigint, quarantined_rows bigint, unknown_fields bigint) | records = usable + quarantined_records + duplicates + heartbeats; elements = rows + quarantined_rows
run_id | varchar | run of the Glue job
attempt | varchar | attempt of the run
billed_seconds | bigint | seconds that the run was billed for
min_received_ms | bigint | earliest receive time of its records, ms since the epoch; null where it has none
max_received_ms | bigint | latest receive time of its records, ms since the epoch; null where it has none
complete | boolean | whether no record of the hour can still come
closed_by | varchar | what showed that it is complete
committed_at_ms | bigint | when the version was committed, ms since the epoch
watermark_ms | bigint | everything received before is in the tables with this version, ms since the epoch; null where nobody promised
valueless | array(varchar) | keys of the hour's other raw objects, which have nothing for any table
unknown_fields | array(row(name varchar, rows bigint, example varchar, first_seen_ms bigint, last_seen_ms bigint)) | keys of the answers that no column knows
contract | bigint | version of the dataset's contract that the tables have; null in older entries
quality | array(row(table varchar, rule varchar, dimension varchar, hard boolean, evaluated bigint, failed bigint)) | how often each quality rule was evaluated, and failed
"""
_UNKNOWN_FIELDS = """
feed | varchar | feed whose answers have the key
name | varchar | the key
first_seen | timestamp(3) | UTC receive time of the first value; null where it is not known
last_seen | timestamp(3) | UTC receive time of the last value; null where it is not known
rows | bigint | values of the key
hours | bigint | hours in which it was seen
example | varchar | beginning of the first value's text
"""
_QUALITY = f"""{_HOUR}
table_name | varchar | table that the rule is of
rule | varchar | name of the rule
dimension | varchar | what the rule is about: validity, completeness, …
hard | boolean | whether what fails it is put aside
evaluated | bigint | how often it was evaluated
failed | bigint | how often it failed
share | double | failed / evaluated; null where nothing was evaluated
"""
_GLUE = """
result_id | varchar | id of Glue's result
ruleset | varchar | ruleset that was evaluated
table_name | varchar | table that it was evaluated on
predicate | varchar | which partitions it was evaluated on
started_ms | bigint | when it began, ms since the epoch
completed_ms | bigint | when it ended, ms since the epoch
rule | varchar | name of the rule; null where no rule of now is written like that
dqdl | varchar | the rule as Glue has it
result | varchar | PASS, FAIL or ERROR
message | varchar | Glue's own text; null where there is none
rows | bigint | rows that were read; null where Glue does not tell
"""

LEDGER_TABLES: tuple[tuple[str, str, str, str], ...] = (
    (LEDGER_TABLE, "table", "One row per published version of an hour.", _LEDGER),
    (LEDGER_VIEW, "view", "One row per hour: its newest version in the ledger.", _LEDGER),
    (
        QUALITY_VIEW,
        "view",
        "One row per quality rule and hour, of its newest version.",
        _QUALITY,
    ),
    (
        UNKNOWN_FIELDS_VIEW,
        "view",
        "One row per feed and key of its answers that no column knows.",
        _UNKNOWN_FIELDS,
    ),
    (
        GLUE_QUALITY_TABLE,
        "table",
        "One row per rule and result of Glue Data Quality.",
        _GLUE,
    ),
)
"""Name, kind, what a row is, and the columns: name, Athena's type and meaning, one a line."""
