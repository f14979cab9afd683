"""Looks before anything starts: right Python, Java, Maven; ports; one sentence for what is not."""

import os
import secrets
import shutil
import sys
from collections.abc import Mapping

from local_stack import jars
from local_stack.errors import StackError
from local_stack.java import Java, find_java
from local_stack.paths import Paths
from local_stack.ports import free_ports, taken
from local_stack.progress import ProgressLines
from local_stack.record import PORTS, ApiSource, StackRecord

OLDEST, NEWEST = (3, 11), (3, 13)
FIRST_PORT = "STACK_FIRST_PORT"


def check_python(version: tuple[int, int]) -> None:
    """Raises StackError where the version is none of those that are tested."""
    if not OLDEST <= version <= NEWEST:
        raise StackError(
            f"Python 3.{OLDEST[1]} to 3.{NEWEST[1]} is needed and this is {version[0]}.{version[1]}: "
            "install one of them and run `make clean setup`."
        )


def check_maven(paths: Paths, environ: Mapping[str, str]) -> None:
    """Raises StackError where jars are missing and there is nothing to fetch them with."""
    missing = [each for each in (jars.KAFKA, jars.SPARK) if not jars.is_fetched(paths, each)]
    if missing and shutil.which("mvn", path=environ.get("PATH")) is None:
        raise StackError(
            f"Maven is needed to fetch the jars of {' and '.join(missing)}, and there is no "
            "`mvn`: install Maven 3 (Debian, Ubuntu: `apt install maven`)."
        )


def look(paths: Paths, environ: Mapping[str, str], progress: ProgressLines) -> Java:
    """Check everything and fetch what is missing. Raises StackError with one sentence."""
    check_python((sys.version_info.major, sys.version_info.minor))
    java = find_java(environ)
    check_maven(paths, environ)
    progress.say(f"Python {sys.version.split()[0]}, Java {java.version} ({java.home})")
    for profile in (jars.KAFKA, jars.SPARK):
        jars.fetch(paths, profile, progress.say)
    return java


def new_record(
    old: StackRecord | None, source: ApiSource, environ: Mapping[str, str] = os.environ
) -> StackRecord:
    """A record for a stack that is to start: ports of last time where they are free still."""
    return StackRecord(_ports(old, environ), secrets.token_urlsafe(24), source)


def ports_from(first: str) -> dict[str, int]:
    """Ports that follow each other. Raises StackError where the first cannot be one."""
    if not first.isdigit() or not 1024 <= int(first) <= 65_535 - len(PORTS):
        raise StackError(f"{FIRST_PORT} must be a port number from 1024 on, not {first!r}.")
    return {name: int(first) + place for place, name in enumerate(PORTS)}


def _ports(old: StackRecord | None, environ: Mapping[str, str]) -> dict[str, int]:
    if first := environ.get(FIRST_PORT):
        wanted = ports_from(first)
        if busy := taken(list(wanted.values())):
            raise StackError(
                f"Port {busy[0]} is taken: stop what listens there, or set {FIRST_PORT} to "
                "another first port, or unset it to have free ones chosen."
            )
        return wanted
    if old is not None and not taken(list(old.ports.values())):
        return old.ports
    return dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
