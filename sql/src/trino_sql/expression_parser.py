"""Expressions: operators by precedence, predicates, and what `primary_parser` reads."""

from trino_sql import tree
from trino_sql.primary_parser import PrimaryParser
from trino_sql.tree import Expression

_COMPARISONS = {
    "=": "=",
    "<>": "<>",
    "!=": "<>",
    "<": "<",
    "<=": "<=",
    ">": ">",
    ">=": ">=",
}
# valueExpression of SqlBase.g4: the later an alternative, the weaker it binds.
_BINARY = {"||": 1, "+": 2, "-": 2, "*": 3, "/": 3, "%": 3}


class ExpressionParser(PrimaryParser):
    """Reads the rules `booleanExpression`, `predicate` and `valueExpression`."""

    def expression(self) -> Expression:
        self.deeper()
        found = self.remembered("expression", self._or)
        self.depth -= 1
        return found

    def _or(self) -> Expression:
        at = self.token.at
        terms = [self._and()]
        while self.accept("OR"):
            terms.append(self._and())
        return terms[0] if len(terms) == 1 else tree.Logical("OR", tuple(terms), at=at)

    def _and(self) -> Expression:
        at = self.token.at
        terms = [self._not()]
        while self.accept("AND"):
            terms.append(self._not())
        return terms[0] if len(terms) == 1 else tree.Logical("AND", tuple(terms), at=at)

    def _not(self) -> Expression:
        at = self.token.at
        if self.accept("NOT"):
            self.deeper()
            value = self._not()
            self.depth -= 1
            return tree.Not(value, at=at)
        return self._predicated()

    def _predicated(self) -> Expression:
        at = self.token.at
        value = self.value()
        word = self.token.word
        if word in _COMPARISONS:
            self.take()
            return self._comparison(_COMPARISONS[word], value, at)
        if word == "IS":
            return self._is(value, at)
        negated = word == "NOT" and self.ahead().word in ("BETWEEN", "IN", "LIKE")
        if negated:
            self.take()
        if self.accept("BETWEEN"):
            lower = self.value()
            self.expect("AND")
            return tree.Between(value, lower, self.value(), negated, at=at)
        if self.accept("IN"):
            return self._in(value, negated, at)
        if self.accept("LIKE"):
            pattern = self.value()
            escape = self.value() if self.accept("ESCAPE") else None
            return tree.Like(value, pattern, escape, negated, at=at)
        return value

    def _comparison(self, operator: str, value: Expression, at: int) -> Expression:
        quantified = self.sees_any("ALL", "SOME", "ANY") and self.ahead().word == "("
        if quantified and self.ahead(2).word == "(":
            # What can be read as the call of a function is one: a comparison goes first.
            called = self.attempt(self.value)
            if called is not None:
                return tree.Comparison(operator, value, called, at=at)
        if quantified and self._query_behind(1):
            quantifier = {"SOME": "ANY"}.get(self.token.word, self.token.word)
            self.take()
            self.expect("(")
            query = self.query()
            self.expect(")")
            return tree.QuantifiedComparison(operator, quantifier, value, query, at=at)
        return tree.Comparison(operator, value, self.value(), at=at)

    def _is(self, value: Expression, at: int) -> Expression:
        self.expect("IS")
        negated = self.accept("NOT")
        if self.accept("NULL"):
            return tree.IsNull(value, negated, at=at)
        self.expect("DISTINCT", "FROM")
        return tree.DistinctFrom(value, self.value(), negated, at=at)

    def _in(self, value: Expression, negated: bool, at: int) -> Expression:
        items = None
        if not self._query_behind(0) or self.ahead().word == "(":
            # A query in two pairs of brackets is an item: a list goes first.
            items = self.attempt(self._bracketed_items)
        if items is None and self._query_behind(0):
            query = self.attempt(self._bracketed_query)
            if query is not None:
                return tree.InSubquery(value, query, negated, at=at)
        return tree.InList(value, items or self._bracketed_items(), negated, at=at)

    def _bracketed_items(self) -> tuple[Expression, ...]:
        self.expect("(")
        items = self.listed(self.expression)
        self.expect(")")
        return items

    def value(self, weakest: int = 0) -> Expression:
        """A valueExpression whose operators bind stronger than `weakest`."""
        at = self.token.at
        left = self._signed()
        chained = 0
        while (strength := _BINARY.get(self.token.word, 0)) > weakest:
            operator = self.take().word
            chained += 1
            self.deeper()
            right = self.value(strength)
            left = _binary(operator, left, right, at)
        self.depth -= chained
        return left

    def _signed(self) -> Expression:
        at = self.token.at
        # A minus in front of a number is part of the number (rule `number`).
        if self.sees("+") or (self.sees("-") and not self.sees_number(1)):
            negative = self.take().word == "-"
            self.deeper()
            value = self._signed()
            self.depth -= 1
            return tree.Signed(negative, value, at=at)
        return self._zoned()

    def _zoned(self) -> Expression:
        at = self.token.at
        found = self.primary()
        while self.accept("AT", "TIME", "ZONE"):
            zone = (
                self.interval()
                if self.sees("INTERVAL")
                else tree.StringLiteral(self.string(), at=self.token.at)
            )
            found = tree.AtTimeZone(found, zone, at=at)
        return found


def _binary(operator: str, left: Expression, right: Expression, at: int) -> Expression:
    if operator != "||":
        return tree.Arithmetic(operator, left, right, at=at)
    # AstBuilder.visitConcatenation makes a call of it.
    name = tree.QualifiedName((tree.Identifier("concat", at=at),), at=at)
    return tree.FunctionCall(name, (left, right), at=at)
