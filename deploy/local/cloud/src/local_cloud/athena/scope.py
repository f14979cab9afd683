"""Which column a name means: relations of one SELECT, and the SELECTs around it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from local_cloud.athena.failures import QueryError
from local_cloud.athena.typed import Typed
from local_cloud.athena.types import Type


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a relation. `base` names the bound table and column it comes from."""

    name: str
    type: Type
    sql: str
    base: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """One item of FROM under its alias. `nullable`: an outer join may fill it with nulls."""

    alias: str
    fields: tuple[Field, ...]
    nullable: bool = False


@dataclass(slots=True)
class Scope:
    """Names of one SELECT."""

    outer: "Scope | None" = None
    relations: list[Relation] = field(default_factory=list)
    # Columns joined by USING: one name for two columns.
    merged: dict[str, Field] = field(default_factory=dict)
    # Output names, visible in ORDER BY only.
    outputs: dict[str, Typed] = field(default_factory=dict)
    lambdas: dict[str, Typed] = field(default_factory=dict)
    windows: dict[str, object] = field(default_factory=dict)

    def column(self, name: str, qualifier: str | None) -> Field:
        """The column called `name`, looked up outwards; an error if there is none or two."""
        scope: Scope | None = self
        while scope is not None:
            found = scope.local(name, qualifier)
            if found is not None:
                return found
            scope = scope.outer
        shown = f"{qualifier}.{name}" if qualifier else name
        raise QueryError("COLUMN_NOT_FOUND", f"Column '{shown}' cannot be resolved")

    def local(self, name: str, qualifier: str | None) -> Field | None:
        """The column of this SELECT alone."""
        if qualifier is None and name in self.merged:
            return self.merged[name]
        found = [
            one
            for relation in self.relations
            if qualifier is None or relation.alias == qualifier
            for one in relation.fields
            if one.name == name
        ]
        if len(found) > 1:
            raise QueryError("AMBIGUOUS_NAME", f"Column '{name}' is ambiguous")
        return found[0] if found else None

    def star(self, qualifier: str | None) -> Iterator[Field]:
        """The columns of `*` or `alias.*`, merged ones first and once."""
        if qualifier is None:
            yield from self.merged.values()
        chosen = [r for r in self.relations if qualifier is None or r.alias == qualifier]
        if qualifier is not None and not chosen:
            raise QueryError("TABLE_NOT_FOUND", f"Unable to resolve reference {qualifier}")
        for relation in chosen:
            for one in relation.fields:
                if qualifier is not None or one.name not in self.merged:
                    yield one

    def lambda_value(self, name: str) -> Typed | None:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.lambdas:
                return scope.lambdas[name]
            scope = scope.outer
        return None


@dataclass(slots=True)
class Names:
    """Fresh names, unique in one statement."""

    count: int = 0

    def fresh(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"


BindTable = Callable[[str, str], "tuple[str, tuple[tuple[str, Type], ...]]"]
