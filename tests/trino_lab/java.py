"""Java programs of one file that use Trino's own classes."""

import subprocess
from pathlib import Path

from tests.trino_lab.jdk import jdk24
from tests.trino_lab.maven import server_home


def run_java(source: Path, lines: str = "") -> str:
    """What the program prints when it is given `lines`; RuntimeError without a JDK for Trino."""
    jdk = jdk24()
    if jdk is None:
        raise RuntimeError("Trino's classes need a JDK of version 24 or later in /usr/lib/jvm")
    command = [f"{jdk}/bin/java", "-cp", f"{server_home()}/lib/*", str(source)]
    done = subprocess.run(
        command, input=lines, capture_output=True, text=True, check=True, timeout=600
    )
    # One of Trino's libraries (JOL) says on stdout that it may not look into the JVM.
    lines_out = done.stdout.splitlines(keepends=True)
    return "".join(one for one in lines_out if not one.startswith("# WARNING"))
