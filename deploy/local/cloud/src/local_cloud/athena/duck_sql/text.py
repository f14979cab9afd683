"""Typed expressions as DuckDB's SQL."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from local_cloud.athena import types as t
from local_cloud.athena.duck_sql import comparing, like, quantified
from local_cloud.athena.duck_sql.representation import cast, literal
from local_cloud.athena.duck_sql.udf import Udf, Udfs
from local_cloud.athena.failures import QueryError, not_supported
from local_cloud.athena.functions.registry import (
    IMPLEMENTATIONS,
    PythonFunction,
    Signature,
    SqlFunction,
)
from local_cloud.athena.ir import (
    Call,
    Cast,
    Column,
    Constant,
    Expr,
    Lambda,
    Special,
    Subquery,
    always_null,
    is_constant,
    walk,
)
from local_cloud.athena.types import Type
from local_cloud.athena.values import compare

Form = Callable[["Text", Special], str]
FORMS: dict[str, Form] = {}
# A random number of each row; the comment marks what must stand in a query's text only once.
CHANCE = "random(/*once*/)"
# Operands that are longer are not written twice.
_SHORT = 50_000
# Forms that may raise by themselves, whatever their operands are.
FAILING: set[str] = set()


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
    expression of constants that it fails.
    """

    def __init__(
        self,
        udfs: Udfs,
        simplify: Callable[[Expr, bool], Expr] = lambda expr, _: expr,
        fails: Callable[[Expr], bool] = lambda _: False,
    ) -> None:
        self.udfs = udfs
        self._simplify, self._fails = simplify, fails
        self._lazy = False
        self._inside = False
        self._quiet = False
        self._variables = 0

    def without_the_unneeded(self, expr: Expr) -> Expr:
        """The expression without the parts that decide nothing."""
        return self._simplify(expr, True)

    @contextmanager
    def nulls_for_errors(self) -> Iterator[None]:
        """While this is open: Python functions that are written give null where they fail."""
        before, self._quiet = self._quiet, True
        try:
            yield
        finally:
            self._quiet = before

    def of(self, expr: Expr) -> str:
        """DuckDB's SQL of an expression."""
        if not self._inside:
            self._inside = True
            try:
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
            and isinstance(expr, (Call, Cast))
            and is_constant(expr)
            and can_fail(expr)
            and self._fails(expr)
        )

    def _lazily(self, expr: Expr) -> str:
        self._lazy = True
        try:
            return self._of(expr)
        finally:
            self._lazy = False

    def _check_chances(self, expr: Expr, made: str) -> None:
        """A form that repeats an operand would read two random numbers for one."""
        if made.count(CHANCE) > sum(_is_random(one) for one in walk(expr)):
            raise not_supported("random values here")

    def _of(self, expr: Expr) -> str:
        if isinstance(expr, Column):
            return expr.name
        if isinstance(expr, Constant):
            return literal(expr.value, expr.type)
        if isinstance(expr, Call):
            return self._call(expr)
        if isinstance(expr, Cast):
            return self.casted(expr)
        if isinstance(expr, Special):
            found = FORMS.get(expr.form)
            if found is None:
                raise not_supported(expr.form)
            return found(self, expr)
        if isinstance(expr, Lambda):
            return f"lambda {', '.join(p.name for p in expr.parameters)}: {self.of(expr.body)}"
        if isinstance(expr, Subquery):
            return f"({expr.sql})"
        raise not_supported(f"{type(expr).__name__} here")

    def each(self, exprs: tuple[Expr, ...]) -> list[str]:
        return [self.of(one) for one in exprs]

    def variable(self) -> str:
        """A name for a lambda's parameter, unused in this query."""
        self._variables += 1
        return f"let{self._variables}"

    def let(self, value: str, body: Callable[[str], str]) -> str:
        """SQL of `body`, to which `value` is a name: so it is written and computed once."""
        if re.fullmatch(r"\w+", value):
            return body(value)
        name = self.variable()
        return f"list_extract(list_transform([{value}], lambda {name}: {body(name)}), 1)"

    def _call(self, expr: Call) -> str:
        return literal(None, expr.type) if always_null(expr) else self._called(expr)

    def _called(self, expr: Call) -> str:
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

    def _python(self, expr: Call, found: PythonFunction) -> str:
        types = signature(expr)
        nullable = _nullable(expr)
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

    def casted(self, expr: Cast) -> str:
        # Registered by `casting`, which needs this class itself.
        return str(CASTING[0](self, expr))


CASTING: list[Callable[..., Any]] = []


def _is_random(expr: Expr) -> bool:
    return isinstance(expr, Call) and not expr.bound.declared.deterministic


def signature(expr: Call) -> Signature:
    return Signature(expr.bound.arguments, expr.bound.result)


def _nullable(expr: Call) -> tuple[bool, ...]:
    flags, count = expr.bound.declared.nullable, len(expr.arguments)
    return tuple(flags[min(i, len(flags) - 1)] for i in range(count))


def _held(of: Type) -> Type:
    """A pattern's or path's type has no values of its own: it is text."""
    return (
        t.VARCHAR if of.name in ("joniregexp", "jsonpath", "codepoints", "re2jregexp") else of
    )


def _with_types(function: Callable[..., Any], types: Signature) -> Callable[..., Any]:
    return lambda *values: function(*values, types=types)


# ---- logic ----------------------------------------------------------------------------------


def can_fail(expr: Expr) -> bool:
    """Whether evaluating it could raise, so that it must not be evaluated too early."""
    return any(_raises(one) for one in walk(expr))


def _raises(one: Expr) -> bool:
    if isinstance(one, Cast):
        return not is_total(one)
    if isinstance(one, Call):
        found = IMPLEMENTATIONS.get(one.bound.declared.key)
        return not (isinstance(found, SqlFunction) and found.total)
    if isinstance(one, Special):
        # A scalar subquery may give two rows; nested values may not be comparable.
        nested = any(part.type.args for part in one.operands)
        if one.form == "scalar" or one.form in FAILING:
            return True
        return one.form in ("<", "<=", ">", ">=", "between") and nested
    return False


def is_total(cast_: Cast) -> bool:
    """Whether the cast never fails."""
    return CASTING[1](cast_)


@form("and", "or")
def _logical(text: Text, expr: Special) -> str:
    """Left to right: a term that may fail is not evaluated where an earlier one decides.

    DuckDB evaluates all terms, and in an order of its own.
    """
    word, decides = (" AND ", "FALSE") if expr.form == "and" else (" OR ", "TRUE")
    made: list[str] = []
    for index, one in enumerate(expr.operands):
        term = text.of(one)
        if index and can_fail(one):
            before = word.join(text.of(other) for other in expr.operands[:index])
            term = f"(CASE WHEN ({before}) = {decides} THEN {decides} ELSE {term} END)"
        made.append(term)
    return f"({word.join(made)})"


@form("not")
def _not(text: Text, expr: Special) -> str:
    return f"(NOT {text.of(expr.operands[0])})"


@form("case")
def _case(text: Text, expr: Special) -> str:
    pairs = len(expr.operands) // 2
    made = text.each(expr.operands)
    whens = " ".join(f"WHEN {made[2 * i]} THEN {made[2 * i + 1]}" for i in range(pairs))
    otherwise = f" ELSE {made[-1]}" if len(made) % 2 else ""
    return f"(CASE {whens}{otherwise} END)"


@form("coalesce")
def _coalesce(text: Text, expr: Special) -> str:
    made = text.each(expr.operands)
    if not any(map(can_fail, expr.operands)):
        return f"coalesce({', '.join(made)})"
    # DuckDB computes what stands twice in an operand of COALESCE before it comes to it, and lets
    # go of the texts that a Python function gave for a constant while they are in use (1.5.5).
    *first, last = made
    if sum(map(len, first)) > _SHORT:
        raise not_supported("COALESCE of expressions that are so long")
    whens = " ".join(f"WHEN {one} IS NOT NULL THEN {one}" for one in first)
    return f"(CASE {whens} ELSE {last} END)" if first else last


@form("nullif")
def _null_if(text: Text, expr: Special) -> str:
    value, same = text.each(expr.operands)
    return f"(CASE WHEN {same} THEN NULL ELSE {value} END)"


@form("is_null")
def _null_test(text: Text, expr: Special) -> str:
    return f"({text.of(expr.operands[0])} IS NULL)"


# ---- comparisons ----------------------------------------------------------------------------


@form("=", "<>", "<", "<=", ">", ">=", "distinct")
def _compared(text: Text, expr: Special) -> str:
    left, right = text.each(expr.operands)
    return comparing.compared(
        text, expr.form, left, right, expr.operands[0].type, expr.operands
    )


@form("between")
def _between(text: Text, expr: Special) -> str:
    value, lower, upper = expr.operands
    kind = value.type
    if comparing.is_plain(kind):
        made = text.each(expr.operands)
        return f"({made[0]} BETWEEN {made[1]} AND {made[2]})"
    above = Special(t.BOOLEAN, ">=", (value, lower))
    below = Special(t.BOOLEAN, "<=", (value, upper))
    return f"({text.of(above)} AND {text.of(below)})"


@form("in")
def _in(text: Text, expr: Special) -> str:
    value, *items = expr.operands
    if any(can_fail(one) for one in items):
        return _eager_in(text, expr)
    if comparing.is_plain(value.type):
        listed = ", ".join(text.of(one) for one in items)
        return f"({text.of(value)} IN ({listed}))"
    tests = [Special(t.BOOLEAN, "=", (value, one)) for one in items]
    return f"({' OR '.join(text.of(one) for one in tests)})"


def _eager_in(text: Text, expr: Special) -> str:
    """All items are evaluated, also behind one that is found (InCodeGenerator)."""
    of = expr.operands[0].type
    listed = cast(f"[{', '.join(text.of(one) for one in expr.operands[1:])}]", t.array(of))

    def found(value: Any, items: list[Any]) -> bool | None:
        tests = [compare.equal(value, one, of) for one in items]
        return True if True in tests else None if None in tests else False

    value = text.of(expr.operands[0])
    return text.python(found, (of, t.array(of)), t.BOOLEAN, value, listed, key=("in", of))


# ---- constructors and access ----------------------------------------------------------------


@form("row")
def _row(text: Text, expr: Special) -> str:
    inner = ", ".join(
        f"f{i} := {cast(made, one.type)}"
        for i, (made, one) in enumerate(
            zip(text.each(expr.operands), expr.operands, strict=True)
        )
    )
    return f"struct_pack({inner})"


@form("array")
def _array(text: Text, expr: Special) -> str:
    return cast(f"[{', '.join(text.each(expr.operands))}]", expr.type)


@form("field")
def _field(text: Text, expr: Special) -> str:
    return cast(f"struct_extract({text.of(expr.operands[0])}, 'f{expr.detail}')", expr.type)


# ---- subqueries -----------------------------------------------------------------------------


@form("scalar")
def _scalar(text: Text, expr: Special) -> str:
    (inner,) = expr.operands
    assert isinstance(inner, Subquery)
    if len(inner.columns) == 1:
        return f"({inner.sql})"
    packed = ", ".join(f"f{i} := {name}" for i, name in enumerate(inner.names))
    nothing = ", ".join(
        f"f{i} := {literal(None, kind)}" for i, kind in enumerate(inner.columns)
    )
    # No row is a row of nulls, not null.
    return (
        f"coalesce((SELECT struct_pack({packed}) FROM ({inner.sql})), struct_pack({nothing}))"
    )


@form("exists")
def _exists(text: Text, expr: Special) -> str:
    (inner,) = expr.operands
    assert isinstance(inner, Subquery)
    return f"EXISTS ({inner.sql})"


@form("in_subquery", "in_by_equality")
def _in_subquery(text: Text, expr: Special) -> str:
    return _asked_first(text, expr, quantified.in_subquery(text, expr))


@form("all", "any")
def _quantified(text: Text, expr: Special) -> str:
    return _asked_first(text, expr, quantified.quantified(text, expr))


def _asked_first(text: Text, expr: Special, made: str) -> str:
    """`made`, and the value on the left is computed also where the query is empty."""
    value = expr.operands[0]
    if not can_fail(value):
        return made
    kinds = (value.type, t.BOOLEAN)
    return text.python(
        lambda _, found: found,
        kinds,
        t.BOOLEAN,
        text.of(value),
        made,
        key="first",
        nullable=True,
    )


@form("like")
def _like(text: Text, expr: Special) -> str:
    return like.like(text, expr)
