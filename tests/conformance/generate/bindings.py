"""A declared function's types for one call: its variables settled at random, within its limits."""

from dataclasses import dataclass, field

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.type_names import can_cast
from local_cloud.athena.sql.signatures.binding import sized, sizes_of
from local_cloud.athena.sql.signatures.declared import Declared, TypePattern, TypeVariable
from local_cloud.athena.sql.types import Type
from tests.conformance.generate import kinds
from tests.conformance.generate.draw import Draw


@dataclass(slots=True)
class Found:
    """What the variables of a declaration stand for."""

    types: dict[str, Type] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)


def settled(draw: Draw, declared: Declared, wanted: Type | None) -> tuple[Type, ...] | None:
    """The types of the arguments, such that the result is about what is wanted."""
    found = Found()
    if wanted is not None and not _reaches(declared, declared.result, wanted, found):
        return None
    for one in declared.variables.values():
        if one.name not in found.types:
            found.types[one.name] = _drawn(draw, one)
        if not _allowed(one, found):
            return None
    formal = list(declared.arguments)
    if declared.variadic:
        last = formal.pop()
        formal += [last] * draw.pick((1, 2, 2, 3) if not formal else (0, 1, 1, 2))
    return tuple(_applied(draw, declared, one, found) for one in formal)


def _reaches(declared: Declared, pattern: TypePattern, wanted: Type, found: Found) -> bool:
    """Settle the variables of `pattern` so that it is the wanted type; False where none does."""
    if pattern.base in declared.variables:
        known = found.types.setdefault(pattern.base, wanted)
        return known == wanted
    if pattern.base != wanted.name:
        return False
    if pattern.arguments:
        return len(pattern.arguments) == len(wanted.args) and all(
            _reaches(declared, one, kind, found)
            for one, kind in zip(pattern.arguments, wanted.args, strict=True)
        )
    if pattern.sizes:
        computed = {one.name for one in declared.computed}
        for size, number in zip(pattern.sizes, sizes_of(wanted), strict=True):
            if isinstance(size, str) and size not in computed:
                found.sizes.setdefault(size, number)
    return True


def _drawn(draw: Draw, variable: TypeVariable) -> Type:
    def accepts(kind: Type) -> bool:
        return (not variable.comparable or t.is_comparable(kind)) and (
            not variable.orderable or t.is_orderable(kind)
        )

    if variable.base == "row":
        return t.row(tuple(kinds.some_type(draw, depth=0) for _ in range(2)))
    return kinds.some_type(draw, accepts)


def _allowed(variable: TypeVariable, found: Found) -> bool:
    kind = found.types[variable.name]
    if variable.comparable and not t.is_comparable(kind):
        return False
    if variable.orderable and not t.is_orderable(kind):
        return False
    if variable.base is not None and kind.name != variable.base:
        return False
    to, source = variable.castable_to, variable.castable_from
    if to is not None and to.base not in found.types and not can_cast(kind, Type(to.base)):
        return False
    return source is None or source.base in found.types or can_cast(Type(source.base), kind)


def _applied(draw: Draw, declared: Declared, pattern: TypePattern, found: Found) -> Type:
    if pattern.base in declared.variables:
        return found.types[pattern.base]
    if pattern.sizes:
        return _sized(draw, pattern, found)
    inner = tuple(_applied(draw, declared, one, found) for one in pattern.arguments)
    return t.row(inner) if pattern.base == "row" else Type(pattern.base, inner)


def _sized(draw: Draw, pattern: TypePattern, found: Found) -> Type:
    drawn = sizes_of(kinds.sized(draw, pattern.base))
    if pattern.base == "decimal":
        # Digits and scale are drawn together: not every pair of them is a type.
        names = [one for one in pattern.sizes if isinstance(one, str)]
        if any(one not in found.sizes for one in names):
            found.sizes.update(zip(names, drawn, strict=True))
    numbers = tuple(
        found.sizes.setdefault(one, number) if isinstance(one, str) else one
        for one, number in zip(pattern.sizes, drawn, strict=True)
    )
    return sized(pattern.base, numbers)
