"""Which declared function a call means: SignatureBinder and FunctionBinder of trino-main 476."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.coercion import can_coerce, coerced_base, common_super_type
from local_cloud.athena.sql.failures import QueryError, invalid_argument
from local_cloud.athena.sql.signatures.declared import (
    SCALAR,
    Declared,
    TypePattern,
    TypeVariable,
)
from local_cloud.athena.sql.types import Type

# SOLVE_ITERATION_LIMIT
MAX_ROUNDS = 4
# A lambda's result depends on what its parameters turn out to be.
LambdaType = Callable[[tuple[Type, ...]], Type]
Argument = Type | LambdaType
CanCast = Callable[[Type, Type], bool]


@dataclass(frozen=True, slots=True)
class Bound:
    """A declared function with its variables settled."""

    declared: Declared
    arguments: tuple[Type, ...]
    result: Type


@dataclass(slots=True)
class _Bindings:
    types: dict[str, Type] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)


class _NoMatchError(Exception):
    """This declaration does not take these arguments."""


def bind(
    declared: Declared, actual: Sequence[Argument], coerce: bool, can_cast: CanCast
) -> Bound | None:
    """The declaration with these arguments, or None where it does not take them."""
    formal = _expanded(declared, len(actual))
    if formal is None:
        return None
    binder = _Binder(declared, coerce, can_cast)
    try:
        binder.solve(formal, actual)
    except _NoMatchError:
        return None
    for one in declared.computed:
        binder.found.sizes[one.name] = one.value(binder.found.sizes)
    if set(declared.variables) - set(binder.found.types):
        return None
    result = binder.applied(declared.result)
    if result.name == "decimal" and result.scale > (result.precision or 0):
        raise invalid_argument(
            f"DECIMAL scale must be in range [0, precision ({result.precision})]: {result.scale}"
        )
    return Bound(declared, tuple(binder.applied(one) for one in formal), result)


def _expanded(declared: Declared, count: int) -> tuple[TypePattern, ...] | None:
    formal = declared.arguments
    if not declared.variadic:
        return formal if len(formal) == count else None
    if count < len(formal) - 1:
        return None
    return formal[:-1] + (formal[-1],) * (count - len(formal) + 1)


class _Binder:
    def __init__(self, declared: Declared, coerce: bool, can_cast: CanCast) -> None:
        self.declared, self.coerce, self.can_cast = declared, coerce, can_cast
        self.found = _Bindings()
        self._unsatisfied = False

    def solve(self, formal: Sequence[TypePattern], actual: Sequence[Argument]) -> None:
        for _ in range(MAX_ROUNDS):
            before = (dict(self.found.types), dict(self.found.sizes))
            self._unsatisfied = False
            for pattern, one in zip(formal, actual, strict=True):
                self._relate(pattern, one, self.coerce)
            for pattern, one in zip(formal, actual, strict=True):
                self._match(pattern, one, self.coerce)
            if before == (self.found.types, self.found.sizes):
                if self._unsatisfied:
                    raise _NoMatchError
                return
        raise QueryError(
            "GENERIC_INTERNAL_ERROR",
            f"SignatureBinder.iterativeSolve does not converge after {MAX_ROUNDS} iterations.",
        )

    def _is_open(self, pattern: TypePattern) -> bool:
        if pattern.base in self.declared.variables:
            return pattern.base not in self.found.types
        if any(isinstance(one, str) and one not in self.found.sizes for one in pattern.sizes):
            return True
        return any(self._is_open(one) for one in pattern.arguments)

    def _relate(self, pattern: TypePattern, actual: Argument, coerce: bool) -> None:
        """TypeRelationshipConstraintSolver: a later round may still make it true."""
        if pattern.base == "function" or not isinstance(actual, Type):
            return
        if self._is_open(pattern):
            self._unsatisfied = True
            return
        wanted = self.applied(pattern)
        fits = can_coerce(actual, wanted) if coerce else actual == wanted
        if not fits:
            self._unsatisfied = True

    def _match(self, pattern: TypePattern, actual: Argument, coerce: bool) -> None:
        if pattern.base == "function":
            self._match_lambda(pattern, actual)
        elif not isinstance(actual, Type):
            raise _NoMatchError
        elif pattern.base in self.declared.variables:
            self._match_variable(self.declared.variables[pattern.base], actual)
        elif pattern.sizes:
            self._match_sizes(pattern, actual)
        elif pattern.arguments:
            self._match_inside(pattern, actual, coerce and pattern.base in ("array", "map"))

    def _match_inside(self, pattern: TypePattern, actual: Type, coerce: bool) -> None:
        """The types inside of an array, map or row."""
        inner = actual.args
        if actual.name == "unknown":
            inner = (t.UNKNOWN,) * len(pattern.arguments)
        if len(inner) != len(pattern.arguments):
            raise _NoMatchError
        for one, kind in zip(pattern.arguments, inner, strict=True):
            self._match(one, kind, coerce)

    def _match_variable(self, variable: TypeVariable, actual: Type) -> None:
        if variable.castable_to and not self._casts(actual, variable.castable_to, True):
            raise _NoMatchError
        if variable.castable_from and not self._casts(actual, variable.castable_from, False):
            raise _NoMatchError
        known = self.found.types.get(variable.name)
        kind = actual if known is None else common_super_type(known, actual)
        if kind is None or not _satisfies(variable, kind):
            raise _NoMatchError
        self.found.types[variable.name] = kind

    def _casts(self, actual: Type, pattern: TypePattern, to: bool) -> bool:
        if self._is_open(pattern):
            return True
        other = self.applied(pattern)
        return self.can_cast(actual, other) if to else self.can_cast(other, actual)

    def _match_sizes(self, pattern: TypePattern, actual: Type) -> None:
        known = sized(pattern.base, self._known_sizes(pattern, actual))
        common = common_super_type(known, actual)
        if common is None or common.name != pattern.base:
            raise _NoMatchError
        for size, value in zip(pattern.sizes, sizes_of(common), strict=True):
            if isinstance(size, str):
                self.found.sizes[size] = value
            elif size != value:
                raise _NoMatchError

    def _known_sizes(self, pattern: TypePattern, actual: Type) -> tuple[int, ...]:
        """A pattern's numbers: as they are written or already settled, else those of `actual`."""
        raised = coerced_base(actual, pattern.base)
        sizes = []
        for index, size in enumerate(pattern.sizes):
            if isinstance(size, int):
                sizes.append(size)
            elif size in self.found.sizes:
                sizes.append(self.found.sizes[size])
            elif raised is None:
                raise _NoMatchError
            else:
                sizes.append(sizes_of(raised)[index])
        return tuple(sizes)

    def _match_lambda(self, pattern: TypePattern, actual: Argument) -> None:
        *parameters, result = pattern.arguments
        if any(self._is_open(one) for one in parameters):
            self._unsatisfied = True
            return
        kinds = tuple(self.applied(one) for one in parameters)
        if isinstance(actual, Type):
            raise _NoMatchError
        made = actual(kinds)
        # A lambda's result is not coerced (FunctionSolver).
        self._relate(result, made, False)
        self._match(result, made, self.coerce)

    def applied(self, pattern: TypePattern) -> Type:
        if pattern.base in self.declared.variables:
            return self.found.types[pattern.base]
        if pattern.sizes:
            numbers = tuple(
                self.found.sizes[one] if isinstance(one, str) else one for one in pattern.sizes
            )
            return sized(pattern.base, numbers)
        inner = tuple(self.applied(one) for one in pattern.arguments)
        return t.row(inner) if pattern.base == "row" else Type(pattern.base, inner)


def _satisfies(variable: TypeVariable, kind: Type) -> bool:
    if variable.comparable and not t.is_comparable(kind):
        return False
    if variable.orderable and not t.is_orderable(kind):
        return False
    return variable.base is None or kind.name in ("unknown", variable.base)


def sizes_of(of: Type) -> tuple[int, ...]:
    """A type's numbers, as a signature counts them."""
    if of.name == "decimal":
        return (of.precision or 0, of.scale)
    return (t.UNBOUNDED if of.precision is None else of.precision,)


def sized(base: str, sizes: tuple[int, ...]) -> Type:
    if base == "decimal":
        return t.decimal(*sizes)
    if base == "varchar":
        return t.varchar(sizes[0])
    return Type(base, precision=sizes[0])


def resolve(
    name: str, candidates: Sequence[Declared], actual: Sequence[Argument], can_cast: CanCast
) -> Bound:
    """The function that a call means. Raises FUNCTION_NOT_FOUND, AMBIGUOUS_FUNCTION_CALL."""
    kinds = tuple(one for one in actual if isinstance(one, Type))
    if len(kinds) < len(actual):
        return _resolved(name, candidates, actual, can_cast)
    return _resolved_before(name, tuple(candidates), kinds, can_cast)


@lru_cache(maxsize=4096)
def _resolved_before(
    name: str, candidates: tuple[Declared, ...], actual: tuple[Type, ...], can_cast: CanCast
) -> Bound:
    """Types alone decide: the same question has the same answer."""
    return _resolved(name, candidates, actual, can_cast)


def _resolved(
    name: str, candidates: Sequence[Declared], actual: Sequence[Argument], can_cast: CanCast
) -> Bound:
    plain = [one for one in candidates if not one.generic]
    generic = [one for one in candidates if one.generic]
    for some in (plain, generic):
        found = _bound(some, actual, False, can_cast)
        if len(found) == 1:
            return found[0]
        if found:
            raise _ambiguous(name)
    found = _bound(candidates, actual, True, can_cast)
    if len(found) > 1:
        found = _most_specific(found, actual, can_cast)
    if len(found) == 1:
        return found[0]
    if found:
        raise _ambiguous(name)
    shown = ", ".join(str(one) if isinstance(one, Type) else "lambda" for one in actual)
    if not candidates:
        raise QueryError("FUNCTION_NOT_FOUND", f"Function '{name}' not registered")
    expected = ", ".join(sorted(one.key for one in candidates))
    raise QueryError(
        "FUNCTION_NOT_FOUND",
        f"Unexpected parameters ({shown}) for function {name}. Expected: {expected}",
    )


def _ambiguous(name: str) -> QueryError:
    return QueryError(
        "AMBIGUOUS_FUNCTION_CALL",
        f"Could not choose a best candidate for {name}. Explicit type casts must be added.",
    )


def _bound(
    candidates: Sequence[Declared], actual: Sequence[Argument], coerce: bool, can_cast: CanCast
) -> list[Bound]:
    made = (bind(one, actual, coerce, can_cast) for one in candidates)
    return [one for one in made if one is not None]


def _most_specific(
    found: list[Bound], actual: Sequence[Argument], can_cast: CanCast
) -> list[Bound]:
    best = _representatives(found, can_cast)
    if len(best) <= 1 or not all(isinstance(one, Type) for one in actual):
        return best
    if t.UNKNOWN not in actual:
        return best
    only_unknown = [one for one in found if _casts_only_unknown(one, actual)]
    if only_unknown:
        best = only_unknown
    if (
        len(best) > 1
        and len({one.result for one in best}) == 1
        and all(_always_null(one, actual) for one in best)
    ):
        return [max(best, key=lambda one: one.declared.key)]
    return best


def _representatives(found: list[Bound], can_cast: CanCast) -> list[Bound]:
    best: list[Bound] = []
    for current in found:
        for index, other in enumerate(best):
            if _more_specific(current, other, can_cast):
                best[index] = current
                break
            if _more_specific(other, current, can_cast):
                break
        else:
            best.append(current)
    return best


def _more_specific(left: Bound, right: Bound, can_cast: CanCast) -> bool:
    """Whether what `left` takes could be passed on to `right`."""
    arguments: list[Argument] = [
        _constant(one) if one.name == "function" else one for one in left.arguments
    ]
    return bind(right.declared, arguments, True, can_cast) is not None


def _constant(of: Type) -> LambdaType:
    return lambda _: of.args[-1]


def _casts_only_unknown(one: Bound, actual: Sequence[Argument]) -> bool:
    return all(
        have == want or have == t.UNKNOWN
        for have, want in zip(actual, one.arguments, strict=True)
    )


def _always_null(one: Bound, actual: Sequence[Argument]) -> bool:
    return one.declared.kind != SCALAR or any(
        kind == t.UNKNOWN and not one.declared.sees_null(index)
        for index, kind in enumerate(actual)
    )
