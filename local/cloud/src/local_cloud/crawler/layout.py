"""What lies under a target: which objects are data, and which folders are partitions."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit


class LayoutError(Exception):
    """Folders from which no single table can be made."""


@dataclass(frozen=True, slots=True)
class Target:
    """One S3 target: its bucket, its prefix with a slash at the end, its exclusions."""

    bucket: str
    prefix: str
    exclusions: tuple[str, ...] = ()
    sample_size: int | None = None

    @property
    def location(self) -> str:
        """The table's Location."""
        return f"s3://{self.bucket}/{self.prefix}"


@dataclass(frozen=True, slots=True)
class Item:
    """One object of a listing: key and size in bytes."""

    key: str
    size: int


@dataclass(frozen=True, slots=True)
class Folder:
    """A leaf folder with data: partition values, and its objects."""

    path: str
    values: tuple[str, ...]
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The partition keys of a table and its folders; no keys means one folder."""

    keys: tuple[str, ...]
    folders: tuple[Folder, ...]


def target(path: str, exclusions: Sequence[str] = (), sample_size: int | None = None) -> Target:
    """A target from its S3 path; LayoutError if it is not one."""
    parts = urlsplit(path if "://" in path else f"s3://{path}")
    if parts.scheme not in ("s3", "s3a") or not parts.netloc:
        raise LayoutError(f"{path!r} is not an S3 path")
    prefix = parts.path.strip("/")
    return Target(parts.netloc, f"{prefix}/" if prefix else "", tuple(exclusions), sample_size)


def table_name(where: Target, prefix: str) -> str:
    """The last folder's name, in the letters a table may have."""
    last = where.prefix.rstrip("/").rpartition("/")[2] or where.bucket
    return prefix + re.sub(r"[^a-z0-9_]", "_", last.lower())


def layout(where: Target, items: Iterable[Item]) -> Layout:
    """Group the data objects of a listing by folder; `key=value` folders name the keys."""
    folders: dict[str, list[Item]] = {}
    for item in items:
        rest = item.key[len(where.prefix) :]
        if item.size and not _hidden(rest) and not _excluded(rest, where.exclusions):
            folders.setdefault(rest.rpartition("/")[0], []).append(item)
    keyed = {path: _partition(path) for path in sorted(folders)}
    names = {tuple(key for key, _ in pairs) for pairs in keyed.values()}
    if len(names) > 1:
        raise LayoutError(
            f"folders under {where.location} have different keys: {sorted(names)}"
        )
    return Layout(
        next(iter(names), ()),
        tuple(
            Folder(path, tuple(value for _, value in pairs), tuple(folders[path]))
            for path, pairs in keyed.items()
        ),
    )


def _partition(path: str) -> list[tuple[str, str]]:
    pairs = []
    for index, segment in enumerate(path.split("/") if path else []):
        key, equals, value = segment.partition("=")
        pairs.append(
            (key.lower(), unquote(value)) if equals else (f"partition_{index}", segment)
        )
    return pairs


def _hidden(rest: str) -> bool:
    return any(segment.startswith(("_", ".")) for segment in rest.split("/"))


def _excluded(rest: str, patterns: tuple[str, ...]) -> bool:
    return any(re.fullmatch(_regex(pattern), rest) for pattern in patterns)


def _regex(pattern: str) -> str:
    """Glue's globs: `**` crosses folders, `*` and `?` do not.

    (Glue developer guide, "Include and exclude patterns".)
    """
    words = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.sub(r"\*\*|\*|\?|[^*?]+", lambda m: words.get(m[0]) or re.escape(m[0]), pattern)
