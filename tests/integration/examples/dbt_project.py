"""Somebody who has copied `examples/dbt` and types what the how-to page says."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.e2e.terminal import ROOT

from .conftest import HowTo

PAGE = HowTo("transform-with-dbt")
SCHEMA = "coinlake_dbt"


class DbtReader:
    """A clone's folder with the project in it, and a lake that the environment names."""

    def __init__(self, folder: Path, cloud: Mapping[str, str], lake: str) -> None:
        self.project = folder / "examples/dbt"
        shutil.copytree(
            ROOT / "examples/dbt",
            self.project,
            ignore=shutil.ignore_patterns("target", "logs", ".user.yml"),
        )
        (folder / ".local").symlink_to(ROOT / ".local")
        self._folder = folder
        self.schema = f"{lake}_{SCHEMA}"
        self._environ = {
            **{name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
            **cloud,
            "HOME": str(folder),
            "COINLAKE_BUCKET": lake,
            "COINLAKE_DATABASE": lake,
            "DBT_SCHEMA": self.schema,
        }

    def types(self, block: str) -> subprocess.CompletedProcess[str]:
        """Type a block of the page, after the lines that lead into the project."""
        led_in = "".join(PAGE.block("Build").splitlines(keepends=True)[:2])
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", led_in + block.removeprefix(led_in)],
            cwd=self._folder,
            env=self._environ,
            capture_output=True,
            text=True,
        )

    def follows(self, section: str, number: int = 0) -> str:
        """Type a block of a section, which must succeed; what it printed."""
        done = self.types(PAGE.block(section, number))
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def written(self, name: str) -> Any:
        """A file that dbt wrote below `target/`."""
        return json.loads((self.project / "target" / name).read_text())

    def outcomes(self) -> dict[str, str]:
        """How each model and test of the last run ended, by its name."""
        results = self.written("run_results.json")["results"]
        return {one["unique_id"].split(".")[2]: one["status"] for one in results}
