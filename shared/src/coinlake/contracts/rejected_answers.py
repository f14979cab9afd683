"""The table of answers in which nothing could be used: one row for each, made of its record."""

from coinlake.contracts.tables import PROVENANCE, TableSchema, columns

MAX_TEXT_BYTES = 1024 * 1024
"""The most of a body that its row has as text, in bytes of UTF-8; `is_truncated` says where there was
more. The raw object has all of it."""

TABLE = TableSchema(
    "rejected",
    (
        *columns(
            """reason string
            feed string
            page string
            url string
            status int
            requested_ts timestamp
            received_ts timestamp
            text string
            is_truncated boolean
            bytes bigint
            sha256 string"""
        ),
        # A whole answer is no element of one.
        *(column for column in PROVENANCE if column.name != "element_index"),
    ),
    ("received_ts", "kafka_offset"),
)
"""`reason` is a `RejectReason`, as the ingestor gave it; `text` the body as UTF-8, what is none
replaced; `bytes` and `sha256` are those of the whole body."""
