"""Parts of an expression that Trino never evaluates, so that what would fail in them does not.

The rules are those of Trino's IrExpressionOptimizer (io.trino.sql.ir.optimizer.rule, 476) that
leave something out: a call with a null is null, whatever its other arguments are; AND with a
false term is false. What cannot fail is left as it is: it has one value either way.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from local_cloud.athena.engines.duck_sql.failing import can_fail
from local_cloud.athena.engines.duck_sql.short_circuit import strict_places, without_the_late
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.ir import (
    Aggregate,
    BoundCall,
    Cast,
    ColumnRef,
    Constant,
    Expr,
    Grouping,
    Lambda,
    Special,
    Subquery,
    WindowFunction,
    walk,
)
from local_cloud.athena.sql.properties import is_constant, is_deterministic, is_null

# Gives null, true or false for a constant expression that has that value.
Known = Callable[[Expr], Constant | None]
TRUE, FALSE = Constant(t.BOOLEAN, True), Constant(t.BOOLEAN, False)
UNKNOWN = Constant(t.BOOLEAN, None)
_COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
# A null makes null of these, as of a call.
_STRICT = (*_COMPARISONS, "like", "extract", "at_time_zone", "not")


@dataclass(frozen=True, slots=True)
class Simplifier:
    """`fails` says of an expression of constants that it fails. `everywhere`: even what cannot
    fail is simplified. Inside of TRY an error is null in any case.
    """

    known: Known
    fails: Callable[[Expr], bool]
    everywhere: bool = False
    in_try: bool = False

    def of(self, expr: Expr) -> Expr:
        """`expr` without what Trino leaves out of it."""
        if isinstance(expr, (Subquery, Aggregate, WindowFunction, Grouping, Constant)):
            return expr
        if not self.everywhere and not can_fail(expr):
            return expr
        if isinstance(expr, Lambda):
            return replace(expr, body=self.of(expr.body))
        if isinstance(expr, Cast):
            inner = self.of(expr.value)
            return Constant(expr.type, None) if is_null(inner) else replace(expr, value=inner)
        if isinstance(expr, BoundCall):
            # A comparator is recognized by its form.
            of = (lambda one: one) if expr.bound.declared.name == "array_sort" else self.of
            return self._call(replace(expr, arguments=tuple(map(of, expr.arguments))))
        return self._special(expr) if isinstance(expr, Special) else expr

    def _special(self, expr: Special) -> Expr:
        if any(isinstance(one, Subquery) for one in expr.operands):
            return expr
        if expr.form == "try" and any(isinstance(one, Subquery) for one in walk(expr)):
            # What is tried is a function of the query's value: Trino leaves nothing out of it.
            return expr
        if expr.form == "nullif":
            return self._null_if(expr)
        inner = replace(self, in_try=True) if expr.form == "try" else self
        made = replace(expr, operands=tuple(map(inner.of, expr.operands)))
        found = self._form(made)
        return found if self.in_try else without_the_late(found, self.fails)

    def _call(self, expr: BoundCall) -> Expr:
        if self._has_null(expr.arguments, strict_places(expr)):
            return Constant(expr.type, None)
        return expr if self.in_try else without_the_late(expr, self.fails)

    def _has_null(self, parts: tuple[Expr, ...], strict: list[bool]) -> bool:
        """Whether one of the strict parts is null, looked for only where another part may fail."""
        needed = [one for one, flag in zip(parts, strict, strict=True) if flag]
        if any(is_null(one) for one in needed):
            return True
        failing = sum(can_fail(one) for one in parts)
        return any(
            failing > can_fail(one)
            and (found := self.known(one)) is not None
            and found.value is None
            for one in needed
            if not isinstance(one, Constant)
        )

    def _form(self, expr: Special) -> Expr:
        if expr.form in _STRICT:
            null = self._has_null(expr.operands, [True] * len(expr.operands))
            return Constant(expr.type, None) if null else self._compared_cases(expr)
        rule = _RULES.get(expr.form)
        return rule(self, expr) if rule is not None else expr

    def _in(self, expr: Special) -> Expr:
        value = expr.operands[0]
        found = value if is_null(value) else self.known(value)
        return UNKNOWN if found is not None and is_null(found) else expr

    def _terms(self, terms: tuple[Expr, ...]) -> list[Expr]:
        """The terms, those that are constant by their values."""
        return [self.known(one) or one for one in terms]

    def _logical(self, expr: Special) -> Expr:
        """EvaluateLogical: a term that decides does so wherever it stands."""
        decides, ignored = (FALSE, TRUE) if expr.form == "and" else (TRUE, FALSE)
        terms = self._terms(expr.operands)
        if decides in terms:
            return decides
        left = [one for one in terms if one != ignored]
        if not left:
            return ignored
        if all(is_null(one) for one in left):
            return UNKNOWN
        return left[0] if len(left) == 1 else replace(expr, operands=tuple(left))

    def _case(self, expr: Special) -> Expr:
        """RemoveRedundantCaseClauses and SimplifyRedundantCase."""
        operands = expr.operands
        default: Expr = operands[-1] if len(operands) % 2 else Constant(expr.type, None)
        clauses: list[tuple[Expr, Expr]] = []
        seen: list[Expr] = []
        for when, then in zip(operands[::2], operands[1::2], strict=False):
            found = self.known(when) or when
            if found in seen or found in (FALSE, UNKNOWN):
                continue
            if found == TRUE:
                default = then
                break
            clauses.append((when, then))
            if is_deterministic(when):
                seen.append(when)
        if not clauses:
            return default
        answers = self._terms((*(then for _, then in clauses), default))
        if all(one in (TRUE, FALSE) for one in answers) and all(
            is_deterministic(when) for when, _ in clauses
        ):
            return self._of_answers([when for when, _ in clauses], answers)
        pairs = tuple(one for clause in clauses for one in clause)
        return replace(expr, operands=(*pairs, default))

    def _of_answers(self, whens: list[Expr], answers: list[Expr]) -> Expr:
        """A CASE of true and false as AND and OR, without what decides nothing."""
        if not whens:
            return answers[0]
        rest = self._of_answers(whens[1:], answers[1:])
        missed = Special(t.BOOLEAN, "distinct", (whens[0], TRUE))
        if answers[0] == FALSE:
            return self._logical(Special(t.BOOLEAN, "and", (missed, rest)))
        met = Special(t.BOOLEAN, "not", (missed,))
        return self._logical(Special(t.BOOLEAN, "or", (met, rest)))

    def _compared_cases(self, expr: Special) -> Expr:
        """DistributeComparisonOverCase, where that leaves nothing of the CASE."""
        for at, one in enumerate(expr.operands):
            if expr.form in _COMPARISONS and isinstance(one, Special) and one.form == "case":
                other = expr.operands[1 - at]
                if not isinstance(other, ColumnRef) and not is_constant(other):
                    continue
                results = one.operands[1::2]
                if len(one.operands) % 2:
                    results = (*results, one.operands[-1])
                made = [self._compared(expr, at, result) for result in results]
                whens = one.operands[:-1:2] if len(one.operands) % 2 else one.operands[::2]
                pairs = [part for pair in zip(whens, made, strict=False) for part in pair]
                found = self._case(Special(t.BOOLEAN, "case", (*pairs, *made[len(whens) :])))
                if not (isinstance(found, Special) and found.form == "case"):
                    return found
        return expr

    def _compared(self, expr: Special, at: int, result: Expr) -> Expr:
        operands = (result, expr.operands[1]) if at == 0 else (expr.operands[0], result)
        return self._form(replace(expr, operands=operands))

    def _coalesce(self, expr: Special) -> Expr:
        """RemoveRedundantCoalesceArguments: nothing behind a constant is asked, if it is no null."""
        kept: list[Expr] = []
        for one in self._terms(expr.operands):
            if not is_null(one) and one not in kept:
                kept.append(one)
            if isinstance(one, Constant) and not is_null(one):
                break
        if not kept:
            return Constant(expr.type, None)
        return kept[0] if len(kept) == 1 else replace(expr, operands=tuple(kept))

    def _between(self, expr: Special) -> Expr:
        """DesugarBetween, where the value is constant."""
        value, low, high = expr.operands
        if value.type.args:
            # Of nested values it asks both, and fails on a null inside of one.
            return expr
        if self.known(value) is None and not isinstance(value, Constant):
            return expr
        above = self._form(Special(t.BOOLEAN, "<=", (low, value)))
        below = self._form(Special(t.BOOLEAN, "<=", (value, high)))
        return self._logical(Special(t.BOOLEAN, "and", (above, below)))

    def _null_if(self, expr: Special) -> Expr:
        """EvaluateNullIf: it compares by itself, so that no CASE decides which side is asked."""
        value, same = expr.operands
        assert isinstance(same, Special)
        value, *sides = map(self.of, (value, *same.operands))
        if is_null(value) or self._has_null(tuple(sides), [True] * len(sides)):
            return value
        if can_fail(same):
            sides = [
                Special(one.type, "opaque", (one,)) if is_constant(one) else one
                for one in sides
            ]
        made: Expr = replace(same, operands=tuple(sides))
        if not self.in_try:
            made = without_the_late(made, self.fails)
        return replace(expr, operands=(value, made))

    def _is_null(self, expr: Special) -> Expr:
        return self._null_test(expr, expr.operands[0])

    def _null_test(self, expr: Special, inner: Expr) -> Expr:
        """EvaluateIsNull."""
        if isinstance(inner, Constant):
            return TRUE if inner.value is None else FALSE
        if isinstance(inner, Special):
            if inner.form in ("is_null", "row", "distinct"):
                return FALSE
            if inner.form in _COMPARISONS:
                parts = tuple(self._null_test(expr, one) for one in inner.operands)
                return self._logical(Special(t.BOOLEAN, "or", parts))
            if inner.form == "not":
                return self._null_test(expr, inner.operands[0])
        return replace(expr, operands=(inner,))


def _field(_: Simplifier, expr: Special) -> Expr:
    (row,) = expr.operands
    if isinstance(row, Special) and row.form == "row":
        found: Expr = row.operands[expr.detail]
        return found
    return expr


_RULES: dict[str, Callable[[Simplifier, Special], Expr]] = {
    "and": Simplifier._logical,
    "or": Simplifier._logical,
    "case": Simplifier._case,
    "coalesce": Simplifier._coalesce,
    "between": Simplifier._between,
    "in": Simplifier._in,
    "is_null": Simplifier._is_null,
    "field": _field,
}
