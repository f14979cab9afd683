"""The nodes of an SQL/JSON path (trino-grammar 476, JsonPath; io.trino.json.ir)."""

from dataclasses import dataclass

from local_cloud.athena.sql.values.json_items import TypedValue


@dataclass(frozen=True, slots=True)
class Path:
    """A part of a path: it gives a sequence of items."""


@dataclass(frozen=True, slots=True)
class Predicate:
    """What a filter asks: true, false or unknown."""


@dataclass(frozen=True, slots=True)
class JsonPath:
    """`text` is what was written: equal trees may still differ in a zero's sign."""

    text: str
    lax: bool
    root: Path


@dataclass(frozen=True, slots=True)
class Literal(Path):
    value: TypedValue


@dataclass(frozen=True, slots=True)
class Null(Path):
    pass


@dataclass(frozen=True, slots=True)
class Input(Path):
    """`$`"""


@dataclass(frozen=True, slots=True)
class Variable(Path):
    """`$name`"""

    name: str


@dataclass(frozen=True, slots=True)
class CurrentItem(Path):
    """`@`"""


@dataclass(frozen=True, slots=True)
class LastIndex(Path):
    pass


@dataclass(frozen=True, slots=True)
class Member(Path):
    """`base.key`, or `base.*` without a key."""

    base: Path
    key: str | None


@dataclass(frozen=True, slots=True)
class Descendants(Path):
    """`base..key`"""

    base: Path
    key: str


@dataclass(frozen=True, slots=True)
class Subscript:
    start: Path
    end: Path | None


@dataclass(frozen=True, slots=True)
class Elements(Path):
    """`base[0, 2 to last]`, or `base[*]` without subscripts."""

    base: Path
    subscripts: tuple[Subscript, ...]


@dataclass(frozen=True, slots=True)
class Filter(Path):
    base: Path
    predicate: Predicate


@dataclass(frozen=True, slots=True)
class Method(Path):
    """`name` is one of abs, ceiling, double, floor, keyvalue, size, type."""

    base: Path
    name: str


@dataclass(frozen=True, slots=True)
class DateTime(Path):
    """`base.datetime()`, which Trino reads and refuses."""

    base: Path


@dataclass(frozen=True, slots=True)
class Signed(Path):
    negative: bool
    base: Path


@dataclass(frozen=True, slots=True)
class Arithmetic(Path):
    """`operator` is one of + - * / %."""

    operator: str
    left: Path
    right: Path


@dataclass(frozen=True, slots=True)
class Comparison(Predicate):
    """`operator` is one of == <> < <= > >=."""

    operator: str
    left: Path
    right: Path


@dataclass(frozen=True, slots=True)
class Both(Predicate):
    left: Predicate
    right: Predicate


@dataclass(frozen=True, slots=True)
class Either(Predicate):
    left: Predicate
    right: Predicate


@dataclass(frozen=True, slots=True)
class Negation(Predicate):
    value: Predicate


@dataclass(frozen=True, slots=True)
class IsUnknown(Predicate):
    value: Predicate


@dataclass(frozen=True, slots=True)
class Exists(Predicate):
    path: Path


@dataclass(frozen=True, slots=True)
class StartsWith(Predicate):
    whole: Path
    initial: Path


@dataclass(frozen=True, slots=True)
class LikeRegex(Predicate):
    """What Trino reads and refuses."""

    path: Path
