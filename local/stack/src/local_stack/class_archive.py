"""An archive of Kafka's classes, from which Java starts a broker in half the time (JEP 350).

Java checks that it was made of the same jars by the same Java, and else starts without it.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path


def place(jars_dir: Path, java_home: Path) -> Path:
    """Where the archive of these jars for this Java is, or would be."""
    java = (java_home / "bin" / "java").resolve()
    parts = [f"{jar.name} {jar.stat().st_size}" for jar in sorted(jars_dir.glob("*.jar"))]
    made_of = "\n".join(
        [str(java), str(java.stat().st_mtime_ns), str(jars_dir.resolve()), *parts]
    )
    digest = hashlib.sha256(made_of.encode()).hexdigest()[:12]
    return jars_dir.with_name(f"{jars_dir.name}-{digest}.jsa")


def starting_from(jars_dir: Path, java_home: Path) -> list[str]:
    """Java's options for a start from the archive; none where there is no archive."""
    if not (java_home / "bin" / "java").is_file():
        return []
    archive = place(jars_dir, java_home)
    return [f"-XX:SharedArchiveFile={archive}"] if archive.is_file() else []


def ensure(
    jars_dir: Path, java_home: Path, make: Callable[[str], None], say: Callable[[str], None]
) -> None:
    """Have an archive; those of other jars or another Java go.

    `make` runs a broker with a Java option and ends it: at its end Java writes the archive.
    """
    archive = place(jars_dir, java_home)
    if archive.is_file():
        return
    for old in archive.parent.glob(f"{jars_dir.name}-*.jsa"):
        old.unlink()
    say("making an archive of Kafka's classes: brokers start in half the time (once)")
    part = archive.with_suffix(".part")
    make(f"-XX:ArchiveClassesAtExit={part}")
    if part.is_file():
        part.rename(archive)
