"""A venv with the released clients of `requirements/clients.txt`, for programs that tests run in it."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.environments import patient_pip

ROOT = Path(__file__).resolve().parents[1]
LOCKED = ROOT / "requirements" / "clients.txt"
FOLDER = ROOT / ".local" / "clients"


def python() -> Path:
    """Its Python; the venv is made the first time, and again when the lock has changed."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    executable = FOLDER / "venv" / "bin" / "python"
    stamp = FOLDER / "venv" / ".made-from"
    wanted = hashlib.sha256(LOCKED.read_bytes()).hexdigest()
    # Two test runs in one checkout must not build it twice at once.
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.is_file() or stamp.read_text() != wanted:
            shutil.rmtree(FOLDER / "venv", ignore_errors=True)
            _do([sys.executable, "-m", "venv", str(FOLDER / "venv")])
            _do([*patient_pip(executable), "--require-hashes", "-r", str(LOCKED)])
            stamp.write_text(wanted)
    return executable


def run(program: Path, port: int, *words: str, within_s: float = 120) -> str:
    """What `program` prints, run in the venv with the cloud at `port` as its AWS."""
    endpoint = f"http://127.0.0.1:{port}"
    aws = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run(
        [str(python()), str(program), *words],
        env={**kept, **aws},
        capture_output=True,
        text=True,
        timeout=within_s,
        check=False,
    )
    if done.returncode != 0:
        raise AssertionError(f"{program.name} {words}: {done.stderr[-4000:]}")
    return done.stdout


def _do(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command[:6])} …: {done.stderr[-2000:]}")
