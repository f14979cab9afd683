"""Values in a JSON text by a path (JsonPathTokenizer, JsonExtract of trino-main 476)."""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from local_cloud.athena.sql.failures import QueryError, invalid_argument
from local_cloud.athena.sql.values.json_text import as_read, java_utf8, quoted, structure
from local_cloud.athena.sql.values.json_tokens import (
    END_ARRAY,
    END_OBJECT,
    NAME,
    NULL,
    SCALARS,
    START_ARRAY,
    START_OBJECT,
    JsonSyntaxError,
    JsonTokens,
)

Result = TypeVar("Result")
_LETTERS = ("Lu", "Ll", "Lt", "Lm", "Lo", "Nd")
_QUOTED = re.compile(r'\["((?:[^"\\]|\\["\\])*)"\]', re.DOTALL)


def _is_letter(char: str) -> bool:
    # Java looks at halves of wider characters, which are no letters.
    return char == "_" or (char <= "\uffff" and unicodedata.category(char) in _LETTERS)


@lru_cache(maxsize=1024)
def path_steps(path: str) -> tuple[str, ...]:
    """The names and indices of a path. INVALID_FUNCTION_ARGUMENT for what is none."""
    if not path.startswith("$"):
        raise _invalid(path)
    steps, at = [], 1
    while at < len(path):
        if found := _QUOTED.match(path, at):
            steps.append(re.sub(r"\\(.)", r"\1", found[1], flags=re.DOTALL))
            at = found.end()
            continue
        if path[at] not in ".[":
            raise _invalid(path)
        bracket = path[at] == "["
        start = at = at + 1
        while at < len(path) and (_is_letter(path[at]) or (path[at] == ":" and not bracket)):
            at += 1
        steps.append(path[start:at])
        if start == at or (bracket and path[at : at + 1] != "]"):
            raise _invalid(path)
        at += bracket
    return tuple(steps)


def _invalid(path: str) -> QueryError:
    return invalid_argument(f"Invalid JSON path: '{path}'")


def _index(step: str) -> int:
    """Integer.parseInt, or -1."""
    digits = step[1:] if step[:1] in ("+", "-") else step
    if not digits or any(unicodedata.category(one) != "Nd" or one > "\uffff" for one in digits):
        return -1
    significant = digits.lstrip("0")
    found = int(significant or 0) if len(significant) <= 10 else 2**31
    return found if step[0] != "-" and found < 2**31 else -1


def extracted(
    text: str, path: str, root: Callable[[JsonTokens], Result | None]
) -> Result | None:
    """What `root` makes of the value at the path; null where there is none or no JSON."""
    steps = path_steps(path)
    tokens = JsonTokens(text)
    try:
        if tokens.next() is None:
            return None
        for step in steps:
            if not _descended(tokens, step):
                return None
        return root(tokens)
    except JsonSyntaxError:
        return None


def _descended(tokens: JsonTokens, step: str) -> bool:
    if tokens.kind == START_OBJECT:
        while tokens.next() != END_OBJECT:
            found = tokens.kind == NAME and tokens.text == step
            tokens.next()
            if found:
                return True
            tokens.skip_children()
        return False
    if tokens.kind != START_ARRAY:
        raise JsonSyntaxError("neither an object nor an array")
    place, wanted = 0, _index(step)
    while tokens.next() != END_ARRAY:
        if place == wanted:
            return True
        place += 1
        tokens.skip_children()
    return False


def scalar(tokens: JsonTokens) -> str | None:
    if tokens.kind not in SCALARS or tokens.kind == NULL:
        return None
    return java_utf8(tokens.text)


def value(tokens: JsonTokens) -> str:
    return structure(tokens, quoted, as_read)


def size(tokens: JsonTokens) -> int:
    """Elements of an array, names of an object, 0 for a scalar."""
    if tokens.kind not in (START_ARRAY, START_OBJECT):
        return 0
    end = END_ARRAY if tokens.kind == START_ARRAY else END_OBJECT
    count = 0
    while tokens.next() != end:
        count += end == END_ARRAY or tokens.kind == NAME
        tokens.skip_children()
    return count
