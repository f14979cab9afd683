"""What Trino's own parser takes, of every string in its jars: a query, an expression, neither.

No string is kept here: the record is one letter for each, in the order of their hashes.
"""

import base64
import gzip
import hashlib
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from tests.conformance.class_file import string_constants
from tests.trino_lab.java import run_java
from trino_sql.failures import SqlError
from trino_sql.query_parser import parse_expression, parse_query
from trino_sql.tree import Node

FILE = Path(__file__).resolve().parents[1] / "data" / "conformance" / "parses.gz"
_JAVA = Path(__file__).with_name("java") / "Parses.java"
# Two characters of `Parses.java` as one letter.
_LETTERS = {"Q-": "q", "QE": "b", "S-": "s", "SE": "t", "-E": "e", "--": "n"}
_QUERY, _STATEMENT, _EXPRESSION = "qb", "st", "bte"
REFUSED, SAME = "refused", "same"


def strings(jars: Iterable[Path]) -> list[str]:
    """Every string constant of these jars once, in the order of their hashes."""
    found: set[str] = set()
    for jar in jars:
        with zipfile.ZipFile(jar) as archive:
            for name in archive.namelist():
                if name.endswith(".class"):
                    found.update(string_constants(archive.read(name)))
    return sorted((one for one in found if one.strip()), key=_hash)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def ask(texts: Sequence[str]) -> str:
    """Trino's parser's verdicts, a letter for each text."""
    lines = [base64.b64encode(one.encode("utf-8", "replace")).decode() for one in texts]
    said = run_java(_JAVA, "\n".join(lines)).split()
    if len(said) != len(texts):
        raise RuntimeError(f"{len(texts)} texts were asked and {len(said)} answered")
    return "".join(_LETTERS[one] for one in said)


def save(texts: Sequence[str], verdicts: str, file: Path = FILE) -> None:
    """The record, with what tells of which strings it is."""
    file.write_bytes(gzip.compress(f"{_of(texts)}\n{verdicts}\n".encode(), mtime=0))


def load(texts: Sequence[str], file: Path = FILE) -> Mapping[str, str]:
    """The recorded letter of each text. ValueError where the record is of other texts."""
    of, verdicts = gzip.decompress(file.read_bytes()).decode().split()
    if of != _of(texts):
        raise ValueError("the strings are not those that were recorded: record them anew")
    return dict(zip(texts, verdicts, strict=True))


def _of(texts: Sequence[str]) -> str:
    return _hash("".join(_hash(one) for one in texts))


def verdict(text: str, letter: str) -> str:
    """`same`, `refused`, or what is different."""
    found = [_beside(text, letter in _EXPRESSION, parse_expression)]
    if letter not in _STATEMENT:
        found.append(_beside(text, letter in _QUERY, parse_query))
    wrong = [one for one in found if one not in (SAME, REFUSED)]
    return wrong[0] if wrong else REFUSED if REFUSED in found else SAME


def _beside(text: str, theirs: bool, parse: Callable[[str], Node]) -> str:
    what = "a query" if parse is parse_query else "an expression"
    try:
        parse(text)
    except SqlError as error:
        if error.name == "NOT_SUPPORTED":
            return REFUSED
        if error.name != "SYNTAX_ERROR":
            return f"{error.name} instead of a syntax error"
        return f"not taken for {what}: {error.message}" if theirs else SAME
    return SAME if theirs else f"taken for {what}"
