"""Where the binary of versitygw is. On its own, as every tier of the tests asks."""

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def find_versitygw() -> str | None:
    """The path of the versitygw binary: of the clone, of the machine, or None."""
    return find_tool("versitygw")


def find_tool(name: str) -> str | None:
    """The path of a program: of the clone, of the machine, or None."""
    local = ROOT / ".local" / "bin" / name
    return str(local) if local.is_file() else shutil.which(name)
