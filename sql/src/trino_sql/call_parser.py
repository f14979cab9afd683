"""Calls: functions with their clauses, windows, and the functions with a syntax of their own."""

from typing import TYPE_CHECKING

from trino_sql import tree
from trino_sql.failures import not_supported
from trino_sql.json_parser import JsonParser
from trino_sql.tree import Expression

if TYPE_CHECKING:
    from trino_sql.lexer import Token

# AstBuilder.visitFunctionCall: names that are special forms, with the arguments they take.
_FORMS: dict[str, tuple[int, int | None]] = {
    "if": (2, 3),
    "nullif": (2, 2),
    "coalesce": (2, None),
    "try": (1, 1),
    "format": (2, None),
}
# io.trino.sql.tree.Extract.Field
EXTRACT_FIELDS = (
    "YEAR",
    "QUARTER",
    "MONTH",
    "WEEK",
    "DAY",
    "DAY_OF_MONTH",
    "DAY_OF_WEEK",
    "DOW",
    "DAY_OF_YEAR",
    "DOY",
    "YEAR_OF_WEEK",
    "YOW",
    "HOUR",
    "MINUTE",
    "SECOND",
    "TIMEZONE_MINUTE",
    "TIMEZONE_HOUR",
)


class CallParser(JsonParser):
    """Reads `functionCall` and the special functions of `primaryExpression`."""

    def call(self) -> Expression:
        at = self.token.at
        name = self.qualified_name()
        self.expect("(")
        if self.sees("*") or (self.sees(name.text) is False and self._labelled_star()):
            return self._star_call(name, at)
        distinct = self._quantifier()
        none = not distinct and self.sees_any(")", "ORDER")
        arguments = () if none else self.listed(self.expression)
        order = self.order_by()
        self.expect(")")
        where = self.filter()
        nulls, window = self._nulls_and_window()
        plain = not (distinct or order or where or nulls or window)
        if len(name.parts) == 1 and name.text in _FORMS:
            return self._form(name.text, arguments, plain, at)
        return tree.FunctionCall(
            name,
            arguments,
            distinct=distinct,
            order=order,
            filter=where,
            nulls=nulls,
            window=window,
            at=at,
        )

    def _labelled_star(self) -> bool:
        return (
            self.is_identifier(self.token)
            and self.ahead().word == "."
            and (self.ahead(2).word == "*")
        )

    def _star_call(self, name: tree.QualifiedName, at: int) -> Expression:
        label = None
        if not self.sees("*"):
            label = self.identifier()
            self.expect(".")
        self.expect("*")
        self.expect(")")
        where = self.filter()
        window = self.window() if self.sees("OVER") else None
        return tree.FunctionCall(
            name, (), star=True, star_label=label, filter=where, window=window, at=at
        )

    def _form(
        self, name: str, arguments: tuple[Expression, ...], plain: bool, at: int
    ) -> Expression:
        least, most = _FORMS[name]
        if not plain:
            raise self.error(f"clauses are not valid for '{name}' function", at)
        if len(arguments) < least or (most is not None and len(arguments) > most):
            raise self.error(f"Invalid number of arguments for '{name}' function", at)
        if name == "if":
            otherwise = arguments[2] if len(arguments) == 3 else None
            return tree.If(arguments[0], arguments[1], otherwise, at=at)
        if name == "nullif":
            return tree.NullIf(arguments[0], arguments[1], at=at)
        if name == "try":
            return tree.Try(arguments[0], at=at)
        return (tree.Coalesce if name == "coalesce" else tree.Format)(arguments, at=at)

    def _quantifier(self) -> bool:
        if self.accept("DISTINCT"):
            return True
        # ALL is not reserved: `f(all)` reads a column of that name.
        if self.sees("ALL") and self.ahead().word not in (")", ",", ".", "["):
            self.take()
        return False

    def filter(self) -> Expression | None:
        if not self.sees("FILTER", "("):
            return None
        self.expect("FILTER", "(", "WHERE")
        where = self.expression()
        self.expect(")")
        return where

    def _nulls_and_window(
        self,
    ) -> tuple[str | None, tree.WindowReference | tree.WindowSpecification | None]:
        for nulls in ("IGNORE", "RESPECT"):
            if self.sees(nulls, "NULLS", "OVER"):
                self.expect(nulls, "NULLS")
                return nulls, self.window()
        if self.sees("OVER") and (self.ahead().word == "(" or self.is_identifier(self.ahead())):
            return None, self.window()
        return None, None

    def order_by(self) -> tuple[tree.SortItem, ...]:
        if not self.accept("ORDER", "BY"):
            return ()
        return self.listed(self._sort_item)

    def _sort_item(self) -> tree.SortItem:
        at = self.token.at
        key = self.expression()
        descending = self.accept("DESC")
        if not descending:
            self.accept("ASC")
        nulls_first = None
        if self.accept("NULLS"):
            nulls_first = self.one_of("FIRST", "LAST") == "FIRST"
        return tree.SortItem(key, descending, nulls_first, at=at)

    # ---- windows ----------------------------------------------------------------------------

    def window(self) -> tree.WindowReference | tree.WindowSpecification:
        at = self.token.at
        self.expect("OVER")
        if not self.sees("("):
            return tree.WindowReference(self.identifier(), at=at)
        return self.window_specification()

    def window_specification(self) -> tree.WindowSpecification:
        at = self.token.at
        self.expect("(")
        existing = self._existing_window()
        partition: tuple[Expression, ...] = ()
        if self.accept("PARTITION", "BY"):
            partition = self.listed(self.expression)
        order = self.order_by()
        frame = None if self.sees(")") else self._frame()
        self.expect(")")
        return tree.WindowSpecification(existing, partition, order, frame, at=at)

    def _existing_window(self) -> tree.Identifier | None:
        if not self.is_identifier(self.token) or self.sees("PARTITION", "BY"):
            return None
        if self.sees_any("ROWS", "RANGE", "GROUPS", "MEASURES") and self.ahead().word not in (
            ")",
            "PARTITION",
            "ORDER",
            "ROWS",
            "RANGE",
            "GROUPS",
        ):
            return None
        return self.identifier()

    def _frame(self) -> tree.Frame:
        at = self.token.at
        if self.sees("MEASURES"):
            raise not_supported("row pattern recognition in windows")
        unit = self.one_of("RANGE", "ROWS", "GROUPS")
        if self.accept("BETWEEN"):
            start = self._bound()
            self.expect("AND")
            found = tree.Frame(unit, start, self._bound(), at=at)
        else:
            found = tree.Frame(unit, self._bound(), None, at=at)
        if self.sees_any("AFTER", "INITIAL", "SEEK", "PATTERN", "SUBSET", "DEFINE"):
            raise not_supported("row pattern recognition in windows")
        return found

    def _bound(self) -> tree.FrameBound:
        at = self.token.at
        if self.sees("UNBOUNDED") and self.ahead().word in ("PRECEDING", "FOLLOWING"):
            self.take()
            return tree.FrameBound(f"UNBOUNDED {self.take().word}", at=at)
        if self.accept("CURRENT", "ROW"):
            return tree.FrameBound("CURRENT ROW", at=at)
        value = self.expression()
        return tree.FrameBound(self.one_of("PRECEDING", "FOLLOWING"), value, at=at)

    # ---- functions with a syntax of their own -----------------------------------------------

    def _made(self, name: str, arguments: tuple[Expression, ...], at: int) -> Expression:
        qualified = tree.QualifiedName((tree.Identifier(name, at=at),), at=at)
        return tree.FunctionCall(qualified, arguments, at=at)

    def extract(self, token: "Token") -> Expression:
        self.take()
        self.expect("(")
        field = self.identifier()
        if field.name.upper() not in EXTRACT_FIELDS:
            raise self.error(f"Invalid EXTRACT field {field.name}", token.at)
        self.expect("FROM")
        value = self.value()
        self.expect(")")
        return tree.Extract(field.name.upper(), value, at=token.at)

    def trim(self, token: "Token") -> Expression:
        self.take()
        self.expect("(")
        sided = None
        if self.sees_any("LEADING", "TRAILING", "BOTH"):
            # A column or a function may be called so, too.
            sided = self.attempt(lambda: self._sided_trim(token))
        return self._plain_trim(token) if sided is None else sided

    def _sided_trim(self, token: "Token") -> Expression:
        side = self.take().word
        characters = None if self.sees("FROM") else self.value()
        self.expect("FROM")
        value = self.value()
        self.expect(")")
        return tree.Trim(side, value, characters, at=token.at)

    def _plain_trim(self, token: "Token") -> Expression:
        value, characters = self.value(), None
        if self.accept("FROM"):
            value, characters = self.value(), value
        elif self.accept(","):
            characters = self.value()
        self.expect(")")
        return tree.Trim("BOTH", value, characters, at=token.at)

    def substring(self, token: "Token") -> Expression | None:
        if self.ahead().word != "(":
            return None

        def special() -> Expression:
            self.expect("SUBSTRING", "(")
            value = self.value()
            self.expect("FROM")
            arguments = [value, self.value()]
            if self.accept("FOR"):
                arguments.append(self.value())
            self.expect(")")
            return self._made("substr", tuple(arguments), token.at)

        return self.attempt(special)

    def position(self, token: "Token") -> Expression | None:
        if self.ahead().word != "(":
            return None

        def special() -> Expression:
            self.expect("POSITION", "(")
            part = self.value()
            self.expect("IN")
            value = self.value()
            self.expect(")")
            return self._made("strpos", (value, part), token.at)

        return self.attempt(special)

    def normalize(self, token: "Token") -> Expression:
        self.take()
        self.expect("(")
        value = self.value()
        form = self.one_of("NFD", "NFC", "NFKD", "NFKC") if self.accept(",") else "NFC"
        self.expect(")")
        return self._made("normalize", (value, tree.StringLiteral(form, at=token.at)), token.at)

    def listagg(self, token: "Token") -> Expression:
        self.take()
        self.expect("(")
        distinct = self._quantifier()
        value = self.expression()
        separator = self.string() if self.accept(",") else ""
        overflow, filler, with_count = "ERROR", "...", False
        if self.accept("ON", "OVERFLOW"):
            overflow = self.one_of("ERROR", "TRUNCATE")
            if overflow == "TRUNCATE":
                filler = self.string() if self.is_string(self.token) else filler
                with_count = self.one_of("WITH", "WITHOUT") == "WITH"
                self.expect("COUNT")
        self.expect(")", "WITHIN", "GROUP", "(")
        if not self.sees("ORDER"):
            raise self.mismatch("ORDER")
        order = self.order_by()
        self.expect(")")
        where = self.filter()
        window = self.window() if self.sees("OVER") else None
        return tree.ListAgg(
            value,
            separator,
            distinct,
            overflow,
            filler,
            with_count,
            order,
            where,
            window,
            at=token.at,
        )
