"""Whether a declared function takes given arguments: SignatureBinder of trino-main 476."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.coercion import can_coerce, coerced_base, common_super_type
from local_cloud.athena.sql.failures import QueryError, invalid_argument
from local_cloud.athena.sql.signatures.declared import Declared, TypePattern, TypeVariable
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
