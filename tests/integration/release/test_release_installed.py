"""Each program from its lock and the release's wheels alone, as its image is made; at full size only."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.release.conftest import Make, git

PROGRAMS = {
    "ingestor": ("coinlake-ingestor", "ingestor"),
    "s3-sink": ("coinlake-s3-sink", "s3_sink"),
    "etl-runner": ("coinlake-etl-runner", "etl_runner"),
    "query-api": ("coinlake-query-api", "query_api"),
    "tools": ("coinlake-tools", "coinlake_tools"),
    "mcp": ("coinlake-mcp", "coinlake_mcp"),
    "simulator": ("coinlake-coincap-simulator", "coincap_simulator"),
}
SERVICES = ("ingestor", "s3_sink", "etl_runner", "query_api")


@pytest.fixture(scope="module")
def wheels(
    repository: Path, make: Make, full_size: bool, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The wheels of a release."""
    if not full_size:
        pytest.skip("at full size only: make campaign ROWS=release")
    clone = tmp_path_factory.mktemp("installed") / "clone"
    git(repository, "clone", "--quiet", str(repository), str(clone))
    done = make(clone, "release", "IMAGES=0")
    assert done.returncode == 0, done.stderr
    return clone / "dist" / "wheels"


@pytest.mark.parametrize("lock", PROGRAMS)
def test_a_lock_and_the_wheels_are_all_that_a_program_needs(
    lock: str, repository: Path, wheels: Path, tmp_path: Path
) -> None:
    package, module = PROGRAMS[lock]
    python = tmp_path / "venv/bin/python"
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True
    )
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    install = [*pip, "install", "--quiet"]
    hashed = ["--require-hashes", "-r", str(repository / "requirements" / f"{lock}.txt")]
    subprocess.run([*install, "--no-deps", *hashed], check=True)

    # With dependencies and without an index: what a wheel asks for must be in the lock.
    subprocess.run([*install, "--no-index", "--find-links", wheels, package], check=True)
    consistent = subprocess.run([*pip, "check"], capture_output=True, text=True)
    setting = {f"{module.upper()}_TYPO": "1"} if module in SERVICES else {}
    started = subprocess.run(
        [python, "-m", module, *([] if setting else ["--help"])],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], **setting},
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert consistent.returncode == 0, consistent.stdout
    assert started.returncode == (2 if setting else 0), started.stderr
    assert "Traceback" not in started.stderr
