"""Writes the dashboards: `.venv/bin/python -m deploy.compose.grafana.boards`. A test compares."""

import json
import sys
from pathlib import Path

from deploy.compose.grafana import etl_runner, host, ingestor, overview, query_api, s3_sink
from deploy.compose.grafana.panels import dashboard

FOLDER = Path(__file__).resolve().parent / "dashboards"
BOARDS = (
    overview.BOARD,
    ingestor.BOARD,
    s3_sink.BOARD,
    etl_runner.BOARD,
    query_api.BOARD,
    host.BOARD,
)


def files() -> dict[str, str]:
    """Each dashboard's text by its file name."""
    return {
        f"{board.uid}.json": json.dumps(dashboard(board), indent=2) + "\n" for board in BOARDS
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in files().items():
        (FOLDER / name).write_text(text)
        sys.stdout.write(f"{name}\n")
