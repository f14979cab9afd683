"""The command `coinlake` in the process of the tests: a Python for each would take most of the time."""

import contextlib
import io
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from coinlake_tools.__main__ import main


@dataclass(frozen=True)
class Said:
    """What it printed, and its exit code."""

    code: int
    out: str
    err: str


def coinlake(
    environ: Mapping[str, str], *arguments: str, told: str = "", folder: Path | None = None
) -> Said:
    """Run it with these settings, in a folder, with something on standard input."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environ.items():
            patch.setenv(name, value)
        if folder is not None:
            patch.chdir(folder)
        patch.setattr(sys, "argv", ["coinlake", *arguments])
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(told.encode())))
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main()
    return Said(code, out.getvalue(), err.getvalue())
