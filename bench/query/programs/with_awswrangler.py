"""awswrangler's `read_sql_query`: `csv`, `ctas` (its default) and `unload`."""

import sys
import uuid

import awswrangler as wr
import boto3

from bench.query.programs.asking import Ask, take_part

MODES: dict[str, dict[str, bool]] = {
    "csv": {"ctas_approach": False},
    "ctas": {},
    "unload": {"ctas_approach": False, "unload_approach": True},
}


def asking(mode: str) -> Ask:
    """A data frame."""
    session = boto3.Session()

    def ask(sql: str, _: int) -> object:
        # UNLOAD wants an empty folder, and it unloads to the output location itself.
        output = f"s3://coinlake/athena-results/wrangler/{uuid.uuid4()}/"
        return wr.athena.read_sql_query(
            sql,
            database="coinlake",
            workgroup="primary",
            s3_output=output,
            boto3_session=session,
            athena_query_wait_polling_delay=0.05,
            athena_cache_settings={"max_cache_seconds": 3600},
            **MODES[mode],
        )

    return ask


if __name__ == "__main__":
    take_part(asking(sys.argv[1]))
