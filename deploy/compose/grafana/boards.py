"""Writes the dashboards: `.venv/bin/python -m deploy.compose.grafana.boards`. A test compares."""

import json
import sys
from pathlib import Path

from deploy.compose.grafana import overview, services
from deploy.compose.grafana.panels import dashboard

FOLDER = Path(__file__).resolve().parent / "dashboards"
BOARDS = (
    overview.BOARD,
    services.INGESTOR,
    services.S3_SINK,
    services.ETL_RUNNER,
    services.QUERY_API,
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
