"""The texts of Trino's own tests: what looks like a query among the strings of two jars.

No text of theirs is kept in this repository: a text is known by its hash, and read from the jar.
"""

import hashlib
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.class_file import string_constants

_QUERY = re.compile(r"[\s(]*(?:select|values|with|table)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Text:
    """One query text and the name that it goes by."""

    hash: str
    sql: str


def text_of(sql: str) -> Text:
    """A text with its name: the first 16 hex digits of its sha256."""
    return Text(hashlib.sha256(sql.encode()).hexdigest()[:16], sql)


def queries(strings: Iterable[str]) -> list[Text]:
    """The distinct ones that begin like a query, in the order of their hashes."""
    found = {text_of(one) for one in strings if _QUERY.match(one)}
    return sorted(found, key=lambda one: one.hash)


def corpus(jars: Iterable[Path]) -> list[Text]:
    """Every query text of these jars."""
    return queries(text for jar in jars for text in _strings(jar))


def _strings(jar: Path) -> Iterator[str]:
    with zipfile.ZipFile(jar) as archive:
        for name in archive.namelist():
            if name.endswith(".class"):
                yield from string_constants(archive.read(name))
