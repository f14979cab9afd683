"""Primary expressions: literals, names, calls, constructors, CASE, CAST and their like."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from trino_sql import lexer, tree
from trino_sql.call_parser import CallParser
from trino_sql.failures import not_supported
from trino_sql.lexer import place
from trino_sql.tree import Expression
from trino_sql.type_parser import INTERVAL_FIELDS

if TYPE_CHECKING:
    from trino_sql.lexer import Token

_NUMBERS = (lexer.INTEGER, lexer.DECIMAL, lexer.DOUBLE)
_TIMES = ("CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP")
_NAMES = ("CURRENT_USER", "CURRENT_CATALOG", "CURRENT_SCHEMA", "CURRENT_PATH")


class PrimaryParser(CallParser):
    """Reads the rule `primaryExpression`."""

    def primary(self) -> Expression:
        self.deeper()
        found = self.remembered("primary", self._with_access)
        self.depth -= 1
        return found

    def _with_access(self) -> Expression:
        """A value, its elements and fields: `a.b[1].c`."""
        found = self._start()
        depth = self.depth
        while True:
            if self.accept("["):
                found = tree.Subscript(found, self.value(), at=found.at)
                self.expect("]")
            elif self.sees(".") and self.may_be_name(self.ahead()):
                self.take()
                found = tree.Dereference(found, self.identifier(), at=found.at)
            else:
                self.depth = depth
                return found
            self.deeper()

    def sees_number(self, ahead: int) -> bool:
        return self.ahead(ahead).kind in _NUMBERS

    def _start(self) -> Expression:
        token = self.token
        if token.kind in _NUMBERS or (token.word == "-" and self.sees_number(1)):
            return self._number()
        if self.is_string(token):
            return tree.StringLiteral(self.string(), at=token.at)
        if token.kind == lexer.BINARY:
            self.take()
            return tree.BinaryLiteral(lexer.binary_value(self.sql, token), at=token.at)
        if token.word == "?":
            self.take()
            self.parameters += 1
            return tree.Parameter(self.parameters - 1, at=token.at)
        if token.word == "(":
            return self._bracket()
        if token.word == "[":
            return self._array(token.at)
        special = _SPECIAL.get(token.word) if token.kind == lexer.WORD else None
        found = special(self, token) if special else None
        return found if found is not None else self._named()

    def _number(self) -> Expression:
        at = self.token.at
        sign = "-" if self.accept("-") else ""
        token = self.take()
        if token.kind == lexer.INTEGER:
            return tree.IntegerLiteral(
                lexer.integer_value(sign + token.text, place(self.sql, at)), at=at
            )
        text = sign + token.text.replace("_", "")
        if token.kind == lexer.DECIMAL:
            return tree.DecimalLiteral(text, at=at)
        return tree.DoubleLiteral(text, at=at)

    # ---- brackets ---------------------------------------------------------------------------

    def _bracket(self) -> Expression:
        if self._is_lambda():
            at = self.token.at
            names = () if self.accept("(", ")") else self.identifiers()
            self.expect("->")
            return tree.Lambda(names, self.expression(), at=at)
        if self._query_behind(0):
            query = self.attempt(self._bracketed_query)
            if query is not None:
                return tree.ScalarSubquery(query, at=query.at)
        at = self.take().at
        items = self.listed(self.expression)
        self.expect(")")
        return items[0] if len(items) == 1 else tree.Row(items, at=at)

    def _is_lambda(self) -> bool:
        at = self.index + 1
        if self.tokens[at].word == ")":
            return self.tokens[at + 1].word == "->"
        while self.is_identifier(self.tokens[at]):
            at += 1
            if self.tokens[at].word == ")":
                return self.tokens[at + 1].word == "->"
            if self.tokens[at].word != ",":
                return False
            at += 1
        return False

    def _query_behind(self, ahead: int) -> bool:
        """Whether, behind this bracket and further ones, a query begins."""
        while self.ahead(ahead).word == "(":
            ahead += 1
        return self.ahead(ahead).word in ("SELECT", "VALUES", "WITH", "TABLE")

    def _bracketed_query(self) -> tree.Query:
        self.expect("(")
        query = self.query()
        self.expect(")")
        return query

    # ---- names ------------------------------------------------------------------------------

    def _named(self) -> Expression:
        token = self.token
        if self.is_identifier(token):
            if self.ahead().word == "->":
                name = self.identifier()
                self.take()
                return tree.Lambda((name,), self.expression(), at=token.at)
            if self.is_string(self.ahead()):
                return self._typed_literal()
            if (
                token.word in ("FINAL", "RUNNING")
                and self.is_identifier(self.ahead())
                and (self.ahead(2).word in ("(", "."))
            ):
                raise not_supported("row pattern recognition")
            if self.ahead().word == "OVER" and (
                self.ahead(2).word == "(" or self.is_identifier(self.ahead(2))
            ):
                raise not_supported("row pattern recognition in windows")
            if self._is_call():
                return self.call()
        return self.identifier()

    def _typed_literal(self) -> Expression:
        at = self.token.at
        name = self.identifier()
        if name.name.lower() == "x" and not name.quoted:
            raise self.error(
                "Spaces are not allowed between 'X' and the starting quote of a binary literal",
                at,
            )
        value = self.string()
        if name.name.lower() == "decimal":
            # AstBuilder.visitTypeConstructor: its precision is what is written.
            return tree.DecimalLiteral(value, at=at)
        return tree.TypedLiteral(name.name, value, at=at)

    def _is_call(self) -> bool:
        at = self.index
        while self.is_identifier(self.tokens[at]):
            if self.tokens[at + 1].word == "(":
                return True
            if self.tokens[at + 1].word != ".":
                return False
            at += 2
        return False

    def interval(self) -> Expression:
        at = self.token.at
        self.expect("INTERVAL")
        negative = self.accept("-")
        if not negative:
            self.accept("+")
        value = self.string()
        start = self.one_of(*INTERVAL_FIELDS)
        end = self.one_of(*INTERVAL_FIELDS) if self.accept("TO") else None
        return tree.IntervalLiteral(value, negative, start, end, at=at)

    # ---- CASE and CAST ----------------------------------------------------------------------

    def case(self, token: "Token") -> Expression:
        self.take()
        operand = None if self.sees("WHEN") else self.expression()
        whens = []
        while self.sees("WHEN"):
            at = self.take().at
            condition = self.expression()
            self.expect("THEN")
            whens.append(tree.When(condition, self.expression(), at=at))
        if not whens:
            raise self.mismatch("WHEN")
        default = self.expression() if self.accept("ELSE") else None
        self.expect("END")
        if operand is None:
            return tree.SearchedCase(tuple(whens), default, at=token.at)
        return tree.SimpleCase(operand, tuple(whens), default, at=token.at)

    def cast(self, token: "Token") -> Expression | None:
        if self.ahead().word != "(":
            return None
        safe = self.take().word == "TRY_CAST"
        self.expect("(")
        value = self.expression()
        self.expect("AS")
        kind = self.type()
        self.expect(")")
        return tree.Cast(value, kind, safe, at=token.at)

    def constant(self, token: "Token") -> Expression:
        word = self.take().word
        if word == "NULL":
            return tree.Null(at=token.at)
        return tree.BooleanLiteral(word == "TRUE", at=token.at)

    def exists(self, token: "Token") -> Expression:
        self.take()
        return tree.Exists(self._bracketed_query(), at=token.at)

    def constructor(self, token: "Token") -> Expression | None:
        if token.word == "ARRAY" and self.ahead().word == "[":
            self.take()
            return self._array(token.at)
        if token.word == "ROW" and self.ahead().word == "(" and self.ahead(2).word != ")":
            self.take()
            self.take()
            items = self.listed(self.expression)
            self.expect(")")
            return tree.Row(items, at=token.at)
        return None

    def _array(self, at: int) -> Expression:
        """`[ARRAY] [items]`: Trino 476 takes it without the word, too."""
        self.expect("[")
        items = () if self.sees("]") else self.listed(self.expression)
        self.expect("]")
        return tree.Array(items, at=at)

    def intervals(self, token: "Token") -> Expression | None:
        signed = 2 if self.ahead().word in ("+", "-") else 1
        if not self.is_string(self.ahead(signed)):
            return None
        found = self.attempt(self.interval)
        if found is None and signed == 2:
            return self.interval()
        return found

    def double_literal(self, token: "Token") -> Expression | None:
        if self.ahead().word == "PRECISION" and self.is_string(self.ahead(2)):
            self.take()
            self.take()
            return tree.TypedLiteral("double", self.string(), at=token.at)
        return None

    def current_time(self, token: "Token") -> Expression:
        kind = self.take().word
        precision = None
        if kind != "CURRENT_DATE" and self.accept("("):
            precision = self.integer()
            self.expect(")")
        return tree.CurrentTime(kind, precision, at=token.at)

    def current_name(self, token: "Token") -> Expression:
        return tree.CurrentName(self.take().word, at=token.at)

    def grouping(self, token: "Token") -> Expression:
        self.take()
        self.expect("(")
        columns: tuple[Expression, ...] = ()
        if not self.sees(")"):
            columns = self.listed(self._grouping_column)
        self.expect(")")
        return tree.Grouping(columns, at=token.at)

    def _grouping_column(self) -> Expression:
        found: Expression = self.identifier()
        while self.accept("."):
            found = tree.Dereference(found, self.identifier(), at=found.at)
        return found


_SPECIAL: "dict[str, Callable[[PrimaryParser, Token], Expression | None]]" = {
    "CASE": PrimaryParser.case,
    "CAST": PrimaryParser.cast,
    "TRY_CAST": PrimaryParser.cast,
    "NULL": PrimaryParser.constant,
    "TRUE": PrimaryParser.constant,
    "FALSE": PrimaryParser.constant,
    "EXISTS": PrimaryParser.exists,
    "ARRAY": PrimaryParser.constructor,
    "ROW": PrimaryParser.constructor,
    "INTERVAL": PrimaryParser.intervals,
    "DOUBLE": PrimaryParser.double_literal,
    **dict.fromkeys(_TIMES, PrimaryParser.current_time),
    **dict.fromkeys(_NAMES, PrimaryParser.current_name),
    "GROUPING": PrimaryParser.grouping,
    "EXTRACT": PrimaryParser.extract,
    "TRIM": PrimaryParser.trim,
    "SUBSTRING": PrimaryParser.substring,
    "POSITION": PrimaryParser.position,
    "NORMALIZE": PrimaryParser.normalize,
    "LISTAGG": PrimaryParser.listagg,
    "JSON_EXISTS": PrimaryParser.json_exists,
    "JSON_VALUE": PrimaryParser.json_value,
    "JSON_QUERY": PrimaryParser.json_query,
    "JSON_OBJECT": PrimaryParser.json_object,
    "JSON_ARRAY": PrimaryParser.json_array,
}
