"""What a JSON path's filter asks (PathPredicateEvaluationVisitor of trino-main 476).

Nothing fails here: what cannot be evaluated is unknown.
"""

from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.values import json_path_tree as tree
from local_cloud.athena.sql.values.json_evaluation import (
    Evaluation,
    PathError,
    Place,
    is_refusal,
    judges,
    unwrapped,
)
from local_cloud.athena.sql.values.json_items import (
    Item,
    TypedValue,
    is_structure,
    scalar,
    text,
)


def _sequence(run: Evaluation, path: tree.Path, at: Place) -> list[Item] | None:
    try:
        return run.of(path, at)
    except PathError:
        return None


@judges(tree.Both)
def _both(run: Evaluation, of: tree.Both, at: Place) -> bool | None:
    left = run.truth(of.left, at)
    if left is False:
        return False
    right = run.truth(of.right, at)
    if right is False:
        return False
    return None if left is None or right is None else True


@judges(tree.Either)
def _either(run: Evaluation, of: tree.Either, at: Place) -> bool | None:
    left = run.truth(of.left, at)
    if left:
        return True
    right = run.truth(of.right, at)
    if right:
        return True
    return None if left is None or right is None else False


@judges(tree.Negation)
def _negation(run: Evaluation, of: tree.Negation, at: Place) -> bool | None:
    found = run.truth(of.value, at)
    return None if found is None else not found


@judges(tree.IsUnknown)
def _is_unknown(run: Evaluation, of: tree.IsUnknown, at: Place) -> bool | None:
    return run.truth(of.value, at) is None


@judges(tree.Exists)
def _exists(run: Evaluation, of: tree.Exists, at: Place) -> bool | None:
    found = _sequence(run, of.path, at)
    return None if found is None else bool(found)


@judges(tree.StartsWith)
def _starts_with(run: Evaluation, of: tree.StartsWith, at: Place) -> bool | None:
    wholes = _sequence(run, of.whole, at)
    initials = None if wholes is None else _sequence(run, of.initial, at)
    if wholes is None or initials is None or len(initials) != 1:
        return None
    initial = _text(initials[0])
    if initial is None:
        return None
    found = False
    for item in unwrapped(wholes) if run.lax else wholes:
        whole = _text(item)
        if whole is None:
            return None
        if whole.startswith(initial):
            if run.lax:
                return True
            found = True
    return found


def _text(item: Item) -> str | None:
    value = item if isinstance(item, TypedValue) else text(item)
    if value is None or value.type.name not in ("varchar", "char"):
        return None
    found: str = value.value
    return found.ljust(value.type.precision or 0) if value.type.name == "char" else found


# ---- comparisons ----------------------------------------------------------------------------


@judges(tree.Comparison)
def _comparison(run: Evaluation, of: tree.Comparison, at: Place) -> bool | None:
    left = _sequence(run, of.left, at)
    right = None if left is None else _sequence(run, of.right, at)
    if left is None or right is None:
        return None
    if run.lax:
        left, right = unwrapped(left), unwrapped(right)
    if not left or not right:
        return False
    nulls = [any(one is None for one in side) for side in (left, right)]
    structures = [any(map(is_structure, side)) for side in (left, right)]
    scalars = [any(map(_is_scalar, side)) for side in (left, right)]
    values = [a or b for a, b in zip(structures, scalars, strict=True)]
    if all(values) and any(structures):
        return None
    found = _nulls_decide(of.operator, nulls, values)
    if found and run.lax:
        return True
    if not all(scalars):
        return found
    return _some(run, of.operator, left, right, found)


def _is_scalar(item: Item) -> bool:
    return item is not None and not is_structure(item)


def _nulls_decide(operator: str, nulls: list[bool], values: list[bool]) -> bool:
    """Null equals null, and differs from all else."""
    if operator == "==":
        return all(nulls)
    if operator != "<>":
        return False
    return (nulls[0] and values[1]) or (nulls[1] and values[0])


def _some(
    run: Evaluation, operator: str, left: list[Item], right: list[Item], found: bool
) -> bool | None:
    """Whether the comparison holds for some pair; unknown where one of them has no answer."""
    lefts, rights = _values(left), _values(right)
    if lefts is None or rights is None:
        return None
    for a in lefts:
        for b in rights:
            holds = _compared(run, operator, a, b)
            if holds is None:
                return None
            if holds and run.lax:
                return True
            found = found or holds
    return found


def _values(items: list[Item]) -> list[TypedValue] | None:
    made = []
    for item in filter(_is_scalar, items):
        try:
            value = item if isinstance(item, TypedValue) else scalar(item)
        except ValueError:
            return None
        if value is None:
            return None
        made.append(value)
    return made


def _compared(run: Evaluation, operator: str, a: TypedValue, b: TypedValue) -> bool | None:
    if operator in (">", ">="):
        a, b, operator = b, a, {">": "<", ">=": "<="}[operator]
    name = "=" if operator in ("==", "<>") else operator
    compute = run.operators.comparison(name, a.type, b.type)
    if compute is None:
        return None
    try:
        holds = bool(compute(a.value, b.value))
    except QueryError as error:
        if is_refusal(error):
            raise
        return None
    return not holds if operator == "<>" else holds
