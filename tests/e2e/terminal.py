"""Somebody who follows a page: one shell, the page's own blocks, in their order."""

import os
import re
import secrets
import subprocess
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TUTORIAL = ROOT / "docs" / "tutorial" / "first-hour.md"


def blocks(page: Path, section: str) -> list[str]:
    """The `sh` blocks of a section of a page."""
    (text,) = re.findall(
        rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", page.read_text(), re.M | re.S
    )
    return re.findall(r"```sh\n(.*?)```", text, re.S)


def without_make(environ: Mapping[str, str]) -> dict[str, str]:
    """What a reader's own shell has: not the variables of the `make` that runs the tests."""
    made = ("MAKEFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "MFLAGS", "ARGS")
    return {name: value for name, value in environ.items() if name not in made}


class Terminal:
    """One bash in a folder that is a clone but for its own `.local`: variables and functions stay."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        for each in ROOT.iterdir():
            if each.name != ".local":
                (folder / each.name).symlink_to(each)
        self.local = folder / ".local"
        self._shell = subprocess.Popen(
            ["bash"],
            cwd=folder,
            env={**without_make(environ), "LOCAL_STACK_FOLDER": str(self.local)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._mark = secrets.token_hex(16)
        # A command that fails outside of a condition is the page's fault, wherever it stands.
        self.types(f"trap 'echo {self._mark} failed: $BASH_COMMAND' ERR")

    def types(self, block: str) -> str:
        """Run a block in this shell and return what it printed. Fails where a command fails."""
        assert "…" not in block, block
        typed, printed = self._shell.stdin, self._shell.stdout
        assert typed is not None
        assert printed is not None
        typed.write(f"{block}\necho; echo {self._mark} done\n")
        typed.flush()
        lines: list[str] = []
        for line in printed:
            if line.strip() == f"{self._mark} done":
                break
            lines.append(line)
        else:
            raise AssertionError(f"the shell ended in\n{block}\n{''.join(lines)}")
        said = "".join(lines)
        assert self._mark not in said, f"{block}\n{said}"
        return said

    def close(self) -> None:
        """End the shell, with whatever still runs in it."""
        self._shell.kill()
        self._shell.wait()
        for stream in (self._shell.stdin, self._shell.stdout):
            if stream is not None:
                stream.close()


def without_keys() -> dict[str, str]:
    """This environment without a CoinCap key: nobody's credits are spent."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith("COINCAP_")
    }
