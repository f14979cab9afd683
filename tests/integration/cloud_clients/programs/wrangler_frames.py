"""awswrangler's read_sql_query in its three modes, as JSON: per mode the dtypes and the rows."""

import json
import sys
import uuid

import awswrangler as wr

MODES: dict[str, dict[str, bool]] = {
    "plain": {"ctas_approach": False},
    "ctas": {},
    "unload": {"ctas_approach": False, "unload_approach": True},
}


def main(sql: str) -> None:
    told = {}
    # UNLOAD wants an empty folder, and awswrangler unloads to the output location itself.
    folder = f"s3://lake/wrangler/{uuid.uuid4()}"
    for mode, asked in MODES.items():
        frame = wr.athena.read_sql_query(
            sql,
            database="lake",
            s3_output=f"{folder}/{mode}/",
            athena_query_wait_polling_delay=0.05,
            **asked,
        )
        told[mode] = {
            "dtypes": {name: str(kind) for name, kind in frame.dtypes.items()},
            "rows": [[_shown(value) for value in row] for row in frame.itertuples(index=False)],
        }
    sys.stdout.write(json.dumps(told))


def _shown(value: object) -> str | None:
    text = str(value)
    return None if text in ("<NA>", "NaT", "nan", "None") else text


main(sys.argv[1])
