"""Libraries of npm for tests and pictures: installed once per clone and version, beside the project."""

import json
import shutil
import subprocess
from pathlib import Path

from tests.commit import ROOT


def version(package: Path, name: str) -> str:
    """Which version of a library a `package.json` asks for."""
    return str(json.loads(package.read_text())["dependencies"][name])


def installed(package: Path, name: str) -> Path:
    """The folder with `node_modules` of what this `package.json` asks for; `name` is the largest."""
    folder = ROOT / ".local" / f"{name.strip('@').replace('/', '-')}-{version(package, name)}"
    if not folder.is_dir():
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        shutil.copy(package, part)
        options = ("--no-package-lock", "--ignore-scripts", "--legacy-peer-deps", "--no-audit")
        done = subprocess.run(
            ["npm", "install", "--no-fund", *options], cwd=part, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f"npm install of {name}: {done.stderr}")
        part.rename(folder)
    return folder
