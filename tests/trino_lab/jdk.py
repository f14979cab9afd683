"""Where a Java is that Trino 476 runs on: its launcher asks for 24 or later."""

from pathlib import Path

MACHINES = Path("/usr/lib/jvm")


def jdk24() -> str | None:
    """The home of a JDK of version 24 or later, if the machine has one."""
    for home in sorted(MACHINES.glob("*"), reverse=True):
        release = home / "release"
        if release.is_file():
            for line in release.read_text().splitlines():
                if (
                    line.startswith("JAVA_VERSION=")
                    and int(line.split('"')[1].split(".")[0]) >= 24
                ):
                    return str(home)
    return None
