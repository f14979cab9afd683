"""Typed expressions as DuckDB's SQL."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from local_cloud.athena.engines.duck_sql import casting
from local_cloud.athena.engines.duck_sql.failing import FAILING, can_fail
from local_cloud.athena.engines.duck_sql.refusals import (
    refuse_failing_pattern,
    refuse_unordered,
)
from local_cloud.athena.engines.duck_sql.registry import (
    IMPLEMENTATIONS,
    PythonFunction,
    Signature,
    SqlFunction,
)
from local_cloud.athena.engines.duck_sql.representation import literal
from local_cloud.athena.engines.duck_sql.udf import Udf, Udfs
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import QueryError, not_supported
from local_cloud.athena.sql.ir import (
    BoundCall,
    Cast,
    ColumnRef,
    Constant,
    Expr,
    Lambda,
    Special,
    Subquery,
    walk,
)
from local_cloud.athena.sql.properties import (
    always_null,
    has_try,
    is_constant,
    is_random,
    sees_nulls,
)
from local_cloud.athena.sql.types import Type

Form = Callable[["Text", Special], str]
FORMS: dict[str, Form] = {}
# A random number of each row; the comment marks what must stand in a query's text only once.
CHANCE = "random(/*once*/)"
# What costs nothing to write and to compute twice: a name, a number.
_SIMPLE = re.compile(r"\w+|CAST\((?:\w+|CAST\(\w+ AS \w+\)) AS \w+\)")


def form(*names: str, fails: bool = False) -> Callable[[Form], Form]:
    def register(function: Form) -> Form:
        for name in names:
            FORMS[name] = function
        if fails:
            FAILING.update(names)
        return function

    return register


class Text:
    """Writes the expressions of one query; `simplify` is done to each before.

    Its second argument says whether what cannot fail is simplified, too. `fails` says of an
    expression of constants that it fails, `holds_null` that it has a null inside,
    `is_marked` of a column that it is one of these: NULL_INSIDE, COMPARES_NESTED (see refusals.py).
    """

    def __init__(
        self,
        udfs: Udfs,
        simplify: Callable[[Expr, bool], Expr] = lambda expr, _: expr,
        fails: Callable[[Expr], bool] = lambda _: False,
        holds_null: Callable[[Expr], bool] = lambda _: False,
        is_marked: Callable[[ColumnRef, str], bool] = lambda *_: False,
    ) -> None:
        self.udfs = udfs
        self._simplify, self.fails, self.holds_null = simplify, fails, holds_null
        self.is_marked = is_marked
        self._lazy = False
        self._inside = False
        self._quiet = False
        self._variables = 0

    def without_the_unneeded(self, expr: Expr) -> Expr:
        """The expression without the parts that decide nothing."""
        return self._simplify(expr, True)

    def perhaps_null(self, sql: str) -> str:
        """The value of `sql`, of which DuckDB does not know that it is no null.

        It would not compute what it is only asked whether it is null (its StatisticsPropagator).
        """
        return f"list_extract([{sql}], 1)"

    @contextmanager
    def nulls_for_errors(self) -> Iterator[None]:
        """While this is open: Python functions that are written give null where they fail."""
        before, self._quiet, self._lazy = (self._quiet, self._lazy), True, False
        try:
            yield
        finally:
            self._quiet, self._lazy = before

    def of(self, expr: Expr) -> str:
        """DuckDB's SQL of an expression."""
        if not self._inside:
            self._inside = True
            try:
                refuse_unordered(expr, self.fails, self.is_marked)
                return self.of(self._simplify(expr, False))
            finally:
                self._inside = False
        made = self._lazily(expr) if self._fails_early(expr) else self._of(expr)
        if CHANCE in made:
            self._check_chances(expr, made)
        return made

    def _fails_early(self, expr: Expr) -> bool:
        """Whether DuckDB would fail on it before any row asks for it (its CaseSimplificationRule)."""
        return (
            not self._lazy
            and not self._quiet
            and isinstance(expr, (BoundCall, Cast))
            and is_constant(expr)
            and can_fail(expr)
            and self.fails(expr)
        )

    def _lazily(self, expr: Expr) -> str:
        self._lazy = True
        try:
            return self._of(expr)
        finally:
            self._lazy = False

    def _check_chances(self, expr: Expr, made: str) -> None:
        """A form that repeats an operand would read two random numbers for one."""
        if made.count(CHANCE) > sum(is_random(one) for one in walk(expr)):
            raise not_supported("random values here")

    def _of(self, expr: Expr) -> str:
        if isinstance(expr, ColumnRef):
            return expr.name
        if isinstance(expr, Constant):
            return literal(expr.value, expr.type)
        if isinstance(expr, BoundCall):
            return self._call(expr)
        if isinstance(expr, Cast):
            return casting.casted(self, expr)
        if isinstance(expr, Special):
            return self._form(expr)
        if isinstance(expr, Lambda):
            return f"lambda {', '.join(p.name for p in expr.parameters)}: {self.of(expr.body)}"
        if isinstance(expr, Subquery):
            return f"({expr.sql})"
        raise not_supported(f"{type(expr).__name__} here")

    def _form(self, expr: Special) -> str:
        found = FORMS.get(expr.form)
        if found is None:
            raise not_supported(expr.form)
        return found(self, expr)

    def each(self, exprs: tuple[Expr, ...]) -> list[str]:
        return [self.of(one) for one in exprs]

    def variable(self) -> str:
        """A name for a lambda's parameter, unused in this query."""
        self._variables += 1
        return f"let{self._variables}"

    def let(self, value: str, body: Callable[[str], str]) -> str:
        """SQL of `body`, to which `value` is a name: so it is written and computed once."""
        if _SIMPLE.fullmatch(value):
            return body(value)
        name = self.variable()
        return f"list_extract(list_transform([{value}], lambda {name}: {body(name)}), 1)"

    def _call(self, expr: BoundCall) -> str:
        if always_null(expr):
            return literal(None, expr.type)
        if any(map(has_try, expr.arguments)):
            refuse_failing_pattern(expr, self.fails)
        return self._called(expr)

    def _called(self, expr: BoundCall) -> str:
        declared = expr.bound.declared
        found = IMPLEMENTATIONS.get(declared.key)
        if isinstance(found, SqlFunction):
            known = {"types": signature(expr), "call": expr, "text": self}
            extra = {name: known[name] for name in found.wants}
            return found.write(*map(self._argument, expr.arguments), **extra)
        if isinstance(found, PythonFunction):
            return self._python(expr, found)
        shown = declared.name.removeprefix("$operator$")
        kinds = ", ".join(str(one) for one in expr.bound.arguments)
        raise not_supported(f"{shown}({kinds})")

    def _argument(self, expr: Expr) -> str:
        # A lambda is written by its function, which knows what its parameters are.
        return "" if isinstance(expr, Lambda) else self.of(expr)

    def _python(self, expr: BoundCall, found: PythonFunction) -> str:
        types = signature(expr)
        nullable = sees_nulls(expr)
        kinds = tuple(_held(one) for one in types.arguments)
        function, key = found.function, None
        if found.wants_types:
            function, key = _with_types(found.function, types), (found.function, types)
        made = Udf(function, kinds, types.result, nullable, self._quiet, self._lazy)
        name = self.udfs.name_of(made, key)
        return f"{name}({', '.join(self.each(expr.arguments))})"

    def python(
        self,
        function: Callable[..., Any],
        arguments: tuple[Type, ...],
        result: Type,
        *sql: str,
        key: Any = None,
        nullable: bool = False,
    ) -> str:
        """A call of a Python function on SQL arguments of these types."""
        flags = (nullable,) * len(arguments)
        made = Udf(function, arguments, result, flags, self._quiet, self._lazy)
        name = self.udfs.name_of(made, key)
        return f"{name}({', '.join(sql)})"

    def unfolded(self, sql: str, of: Type) -> str:
        """The value of `sql`, which DuckDB computes only when it runs the query.

        To it a null that it knows is the end of an expression, whatever else would fail in it.
        """
        made = Udf(_itself, (of,), of, (True,), lazy=not self._quiet)
        return f"{self.udfs.name_of(made, 'itself')}({sql})"

    def raised(
        self, error: QueryError, of: Type, on: tuple[str, Type] = ("0", t.UNKNOWN)
    ) -> str:
        """SQL of type `of` that fails with this error as soon as it is evaluated.

        `on` is SQL with its type that differs from row to row, so that it is not tried before.
        """

        def fail(_: Any) -> Any:
            raise error

        sql, kind = on
        # DuckDB's TRY takes nothing that it may not try.
        made = Udf(fail, (kind,), of, (True,), self._quiet, lazy=not self._quiet)
        return f"{self.udfs.name_of(made, ('raise', error.name, error.message))}({sql})"


def _itself(value: Any) -> Any:
    return value


def signature(expr: BoundCall) -> Signature:
    return Signature(expr.bound.arguments, expr.bound.result)


def _held(of: Type) -> Type:
    """A pattern's or path's type has no values of its own: it is text."""
    return (
        t.VARCHAR if of.name in ("joniregexp", "jsonpath", "codepoints", "re2jregexp") else of
    )


def _with_types(function: Callable[..., Any], types: Signature) -> Callable[..., Any]:
    return lambda *values: function(*values, types=types)
