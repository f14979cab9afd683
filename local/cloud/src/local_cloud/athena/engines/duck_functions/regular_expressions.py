"""regexp_like and its kin (trino-main: JoniRegexpFunctions, JoniRegexpReplaceLambdaFunction)."""

from functools import lru_cache

from local_cloud.athena.engines.duck_functions.lambdas import single
from local_cloud.athena.engines.duck_sql.registry import python, sql
from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import invalid_argument
from local_cloud.athena.sql.ir import BoundCall
from local_cloud.athena.sql.joni.pattern import Pattern, compiled
from local_cloud.athena.sql.values.strings import limited

_TEXTS = t.array(t.VARCHAR)


@python("regexp_like(varchar(x),joniregexp)")
def _like(value: str, pattern: str) -> bool:
    return compiled(pattern).first(value) is not None


@python("regexp_count(varchar(x),joniregexp)")
def _count(value: str, pattern: str) -> int:
    return sum(1 for _ in compiled(pattern).matches(value))


# ---- extracting -------------------------------------------------------------------------------


def _checked_group(pattern: Pattern, group: int) -> int:
    if group < 0:
        raise invalid_argument("Group cannot be negative")
    if group > pattern.parsed.groups:
        raise invalid_argument(
            f"Pattern has {pattern.parsed.groups} groups. Cannot access group {group}"
        )
    return group


@python("regexp_extract(varchar(x),joniregexp,bigint)")
def _extract_group(value: str, pattern: str, group: int) -> str | None:
    made = compiled(pattern)
    number = _checked_group(made, group)
    found = made.first(value)
    return found[number] if found is not None else None


@python("regexp_extract(varchar(x),joniregexp)")
def _extract(value: str, pattern: str) -> str | None:
    return _extract_group(value, pattern, 0)


@python("regexp_extract_all(varchar(x),joniregexp,bigint)")
def _extract_all_groups(value: str, pattern: str, group: int) -> list[str | None]:
    made = compiled(pattern)
    number = _checked_group(made, group)
    return [found[number] for found in made.matches(value)]


@python("regexp_extract_all(varchar(x),joniregexp)")
def _extract_all(value: str, pattern: str) -> list[str | None]:
    return _extract_all_groups(value, pattern, 0)


# ---- places -----------------------------------------------------------------------------------


@python("regexp_position(varchar(x),joniregexp,integer,integer)")
def _position_of(value: str, pattern: str, start: int, occurrence: int) -> int:
    if start < 1:
        raise invalid_argument("start position cannot be smaller than 1")
    if occurrence < 1:
        raise invalid_argument("occurrence cannot be smaller than 1")
    made = compiled(pattern)
    if start > len(value):
        return -1
    for count, found in enumerate(made.matches(value, start - 1), 1):
        if count == occurrence:
            return found.start() + 1
    return -1


@python("regexp_position(varchar(x),joniregexp,integer)")
def _position_from(value: str, pattern: str, start: int) -> int:
    return _position_of(value, pattern, start, 1)


@python("regexp_position(varchar(x),joniregexp)")
def _position(value: str, pattern: str) -> int:
    return _position_of(value, pattern, 1, 1)


# ---- splitting and replacing ------------------------------------------------------------------


@python("regexp_split(varchar(x),joniregexp)")
def _split(value: str, pattern: str) -> list[str]:
    """What is between the matches, whose groups do not appear."""
    parts, end = [], 0
    for found in compiled(pattern).matches(value):
        parts.append(value[end : found.start()])
        end = found.end()
    return [*parts, value[end:]]


@python("regexp_replace(varchar(x),joniregexp)")
def _removed(value: str, pattern: str) -> str:
    return "".join(_split(value, pattern))


@python("regexp_replace(varchar(x),joniregexp,varchar(y))")
def _replace(value: str, pattern: str, replacement: str) -> str:
    made = compiled(pattern)
    parts, end, size = [], 0, len(value)
    for found in made.matches(value):
        parts.append(value[end : found.start()])
        end = found.end()
        for part in _template(replacement, made.parsed.groups, made.parsed.names):
            text = part if isinstance(part, str) else found[part] or ""
            size += len(text)
            parts.append(text)
        limited(size)
    return "".join([*parts, value[end:]])


@lru_cache(maxsize=256)
def _template(
    replacement: str, groups: int, names: tuple[tuple[str, int], ...]
) -> tuple[str | int, ...]:
    """Texts and numbers of groups: $1, ${name}, and a backslash before anything else."""
    found: list[str | int] = []
    known = dict(names)
    at = 0
    while at < len(replacement):
        char = replacement[at]
        at += 1
        if char not in "$\\":
            found.append(char)
            continue
        if at == len(replacement):
            raise _illegal(replacement)
        if char == "\\":
            found.append(replacement[at])
            at += 1
        elif replacement[at] == "{":
            name, _, _ = replacement[at + 1 :].partition("}")
            at += len(name) + 2
            if name not in known:
                raise _illegal(f"unknown group {{ {name} }}")
            found.append(known[name])
        else:
            number, at = _number(replacement, at, groups)
            found.append(number)
    return tuple(found)


def _number(replacement: str, at: int, groups: int) -> tuple[int, int]:
    """As many digits as still name a group, and where they end."""
    if not "0" <= replacement[at] <= "9":
        raise _illegal(replacement)
    number = int(replacement[at])
    if number > groups:
        raise _illegal(f"unknown group {number}")
    at += 1
    while at < len(replacement) and "0" <= replacement[at] <= "9":
        longer = number * 10 + int(replacement[at])
        if longer > groups:
            break
        number, at = longer, at + 1
    return number, at


def _illegal(what: str) -> Exception:
    return invalid_argument(f"Illegal replacement sequence: {what}")


@sql("regexp_replace(varchar,joniregexp,function(array(varchar),varchar(x)))")
def _replace_by(value: str, pattern: str, _: str, text: Text, call: BoundCall) -> str:
    """The groups of each match become its replacement by the lambda; one null makes all null."""
    kinds = (t.VARCHAR, t.VARCHAR)
    between = text.python(_split, kinds, _TEXTS, value, pattern)
    groups = text.python(_all_groups, kinds, t.array(_TEXTS), value, pattern)
    made = f"list_transform({groups}, {single(text, call, 2)})"
    return text.python(_woven, (_TEXTS, _TEXTS), t.VARCHAR, between, made)


def _all_groups(value: str, pattern: str) -> list[list[str | None]]:
    return [list(found.groups()) for found in compiled(pattern).matches(value)]


def _woven(between: list[str], replacements: list[str | None]) -> str | None:
    parts = [between[0]]
    for text, following in zip(replacements, between[1:], strict=True):
        if text is None:
            return None
        parts += (text, following)
    return "".join(parts)
