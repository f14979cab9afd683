"""Which declared function a call means: FunctionBinder of trino-main 476."""

from collections.abc import Sequence
from functools import lru_cache

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.signatures.binding import Argument, Bound, CanCast, LambdaType, bind
from local_cloud.athena.sql.signatures.declared import SCALAR, Declared
from local_cloud.athena.sql.types import Type


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
