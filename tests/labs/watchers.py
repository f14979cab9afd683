"""promtool and amtool of the versions that compose.yaml pins: `python -m tests.labs.watchers` builds them.

Built by Go from their modules once per clone; Debian's are years older and judge other rules.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_BIN = ROOT / ".local" / "bin"
_COMPOSE = ROOT / "deploy" / "compose" / "compose.yaml"
_IMAGES = {"promtool": "prom/prometheus", "amtool": "prom/alertmanager"}


def pinned(tool: str) -> str:
    """The version of the tool's image."""
    found = re.search(rf"{_IMAGES[tool]}:v([0-9.]+)", _COMPOSE.read_text())
    assert found is not None
    return found[1]


def find_pinned(tool: str) -> str | None:
    """The path of the tool of the pinned version, where it was built."""
    built = _BIN / f"{tool}-{pinned(tool)}"
    return str(built) if built.is_file() else None


def find(tool: str) -> str | None:
    """The path of the tool: of the pinned version, else the machine's own, or None."""
    return find_pinned(tool) or shutil.which(tool)


def module(tool: str) -> tuple[str, str]:
    """The tool's Go module and its version."""
    version = pinned(tool)
    if tool == "amtool":
        return "github.com/prometheus/alertmanager", f"v{version}"
    # Prometheus 3.15.0 is the Go module v0.315.0 (prometheus, README.md: "Prometheus code base").
    major, minor, patch = version.split(".")
    return "github.com/prometheus/prometheus", f"v0.{major}{int(minor):02}.{patch}"


def build(tool: str) -> None:
    """Build the tool. Service discovery of clouds is half of the work, and ours has none.

    In a module of its own that takes over the tool's `replace` lines: `go install` refuses a module
    that has any (Go modules reference, "go install").
    """
    name, version = module(tool)
    said = f"-s -w -X github.com/prometheus/common/version.Version={pinned(tool)}"
    with tempfile.TemporaryDirectory(dir=_BIN) as folder:

        def go(*words: str) -> str:
            command = ["go", *words]
            return subprocess.run(
                command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True
            ).stdout

        go("mod", "init", "coinlake.invalid/watchers")
        theirs = json.loads(go("mod", "download", "-json", f"{name}@{version}"))["GoMod"]
        for each in json.loads(go("mod", "edit", "-json", theirs)).get("Replace") or ():
            old, new = (
                "@".join(filter(None, (each[side]["Path"], each[side].get("Version"))))
                for side in ("Old", "New")
            )
            go("mod", "edit", f"-replace={old}={new}")
        go("get", f"{name}/cmd/{tool}@{version}")
        built = f"{name}/cmd/{tool}"
        go("build", "-tags", "remove_all_sd", "-ldflags", said, "-o", tool, built)
        (Path(folder) / tool).rename(_BIN / f"{tool}-{pinned(tool)}")


if __name__ == "__main__":
    _BIN.mkdir(parents=True, exist_ok=True)
    if shutil.which("go") is None:
        sys.exit("promtool and amtool of the pinned versions are built by Go: install it")
    for name in _IMAGES:
        if find_pinned(name) is None:
            build(name)
        sys.stdout.write(f"{find_pinned(name)}\n")
