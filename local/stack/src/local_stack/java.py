"""Finds the Java that broker and Spark run on: 17, wherever the machine keeps it."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from local_stack.errors import StackError

MAJOR = 17
_FOLDERS = (Path("/usr/lib/jvm"), Path("/Library/Java/JavaVirtualMachines"))
# Homebrew keeps it out of the usual folders until it is linked there (formula openjdk@17, caveats).
_KEGS = tuple(
    Path(prefix, f"opt/openjdk@{MAJOR}/libexec/openjdk.jdk/Contents/Home")
    for prefix in ("/opt/homebrew", "/usr/local")
)
_RELEASE = re.compile(r'^JAVA_VERSION="([^"]+)"', re.MULTILINE)
_BANNER = re.compile(r'version "([^"]+)"')


@dataclass(frozen=True, slots=True)
class Java:
    """One installed Java: its home and its version, such as 17.0.15."""

    home: Path
    version: str

    @property
    def major(self) -> int:
        """17 of `17.0.15`, 8 of `1.8.0_392`; 0 where the version is no number."""
        first, *rest = re.split(r"[._+-]", self.version)
        number = rest[0] if first == "1" and rest else first
        return int(number) if number.isdigit() else 0

    @property
    def executable(self) -> Path:
        return self.home / "bin" / "java"


def choose(found: Iterable[Java]) -> Java:
    """The first Java of the right version. Raises StackError that says what to install."""
    seen = list(found)
    for java in seen:
        if java.major == MAJOR:
            return java
    others = ", ".join(sorted({java.version for java in seen}))
    have = f"only Java {others} was found" if others else "no Java was found"
    raise StackError(
        f"Java {MAJOR} is needed and {have}: install a JDK {MAJOR} (Debian, Ubuntu: "
        f"`apt install openjdk-{MAJOR}-jdk-headless`; macOS: `brew install openjdk@{MAJOR}`) or point "
        "JAVA_HOME at one."
    )


def find_java(environ: Mapping[str, str] = os.environ) -> Java:
    """Java 17 from JAVA_HOME, PATH or the usual folders, in this order."""
    return choose(_installed(environ))


def _installed(environ: Mapping[str, str]) -> Iterator[Java]:
    seen: set[Path] = set()
    for home in _homes(environ):
        resolved = home.resolve()
        if resolved not in seen and (resolved / "bin" / "java").is_file():
            seen.add(resolved)
            yield Java(resolved, _version(resolved))


def _homes(environ: Mapping[str, str]) -> Iterator[Path]:
    if named := environ.get("JAVA_HOME"):
        yield Path(named)
    if on_path := shutil.which("java", path=environ.get("PATH")):
        yield Path(on_path).resolve().parent.parent
    for folder in _FOLDERS:
        if folder.is_dir():
            for home in sorted(folder.iterdir()):
                yield home / "Contents" / "Home" if (home / "Contents").is_dir() else home
    yield from _KEGS


def _version(home: Path) -> str:
    try:
        released = _RELEASE.search((home / "release").read_text(errors="replace"))
    except OSError:
        released = None
    if released:
        return released.group(1)
    # Some packages ship no `release` file; asking costs a start of the JVM.
    try:
        answer = subprocess.run(
            [home / "bin" / "java", "-version"], capture_output=True, text=True, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    banner = _BANNER.search(answer.stderr)
    return banner.group(1) if banner else "unknown"
