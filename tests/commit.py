"""The commit that a result is of."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def commit() -> str:
    """Twelve digits of it, with `-dirty` where the tree is another."""
    found = _git("rev-parse", "--short=12", "HEAD")
    return f"{found}-dirty" if _git("status", "--porcelain", "--untracked-files=no") else found


def _git(*words: str) -> str:
    return subprocess.check_output(["git", *words], cwd=ROOT, text=True).strip()
