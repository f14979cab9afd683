"""What an expression may speak of: columns, those of the queries around it, and what is allowed."""

from dataclasses import dataclass, field, replace
from functools import cache

from local_cloud.athena.sql.types import Type
from tests.conformance.generate.draw import Draw
from tests.conformance.generate.kinds import fits
from tests.conformance.generate.node import Node, value
from tests.conformance.generate.pools import read
from tests.conformance.ours import engine_type
from tests.conformance.parquet_tables import table_types


@dataclass(frozen=True, slots=True)
class Column:
    """A column by the name under which it is seen. `key` tells the rows of its relation apart."""

    name: str
    type: Type
    key: bool = False

    def node(self) -> Node:
        return value(self.type, self.name, atom=True)


@dataclass(slots=True)
class Demand:
    """The columns of a VALUES that is written behind the expressions which read it."""

    alias: str
    most: int = 3
    columns: list[Column] = field(default_factory=list)

    def column(self, kind: Type) -> Column | None:
        """One more column, of this type; None where there are enough."""
        if len(self.columns) >= self.most:
            return None
        made = Column(f"{self.alias}.c{len(self.columns) + 1}", kind)
        self.columns.append(made)
        return made


@dataclass(frozen=True, slots=True)
class Scope:
    """`outer` are the columns of the queries around this one.

    In a query with groups `columns` are the keys and `grouped` is the scope of an aggregate's
    arguments. `grouping_keys` may be asked for by grouping().
    """

    columns: tuple[Column, ...] = ()
    outer: tuple[Column, ...] = ()
    demand: Demand | None = None
    grouped: "Scope | None" = None
    grouping_keys: tuple[Column, ...] = ()
    windows: bool = False
    named_windows: tuple[str, ...] = ()
    subqueries: bool = True

    def plain(self) -> "Scope":
        """The same without windows, as inside of a window's or an aggregate's brackets."""
        return replace(self, windows=False, named_windows=())

    def lambda_(self, parameters: tuple[Column, ...]) -> "Scope":
        """Inside of a lambda: its parameters come first."""
        return replace(
            self.plain(),
            columns=(*parameters, *parameters, *self.columns),
            subqueries=False,
            demand=None,
            grouped=None,
            grouping_keys=(),
        )

    def inside(self) -> "Scope":
        """What a subquery sees of this one."""
        return Scope(outer=(*self.columns, *self.outer))

    def row_keys(self) -> tuple[Column, ...]:
        """The columns that tell rows apart; none where nothing does."""
        return tuple(one for one in self.columns if one.key)

    def find(self, draw: Draw, kind: Type, loose: bool = True) -> Column | None:
        """A column of this type, or one that may stand for it."""
        same = [one for one in self.columns if one.type == kind]
        if same and draw.maybe(0.85):
            return draw.pick(same)
        near = [one for one in self.columns if loose and fits(one.type, kind)]
        return draw.pick(near) if near else None


@cache
def tables() -> dict[str, tuple[Column, ...]]:
    """Every table's columns, but rows whose fields have no names: no table of Athena's has them."""
    made = {
        table: tuple(
            Column(name, engine_type(kind), name in KEYS.get(table, ()))
            for name, kind in columns.items()
        )
        for table, columns in table_types().items()
    }
    return {
        table: tuple(one for one in columns if None not in one.type.fields)
        for table, columns in made.items()
    }


KEYS: dict[str, tuple[str, ...]] = {
    name: tuple(one["keys"]) for name, one in read("tables").items()
}
ROW_COUNTS: dict[str, int] = {name: one["rows"] for name, one in read("tables").items()}
WEIGHTS: dict[str, float] = {name: one["weight"] for name, one in read("tables").items()}
