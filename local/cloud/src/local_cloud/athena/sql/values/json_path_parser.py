"""Reads an SQL/JSON path by recursive descent (trino-parser 476: PathParser, PathTreeBuilder)."""

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.values import json_path_tokens as lexer
from local_cloud.athena.sql.values import json_path_tree as tree
from local_cloud.athena.sql.values.json_path_literals import (
    number_literal,
    typed_literal,
    unquoted,
)
from local_cloud.athena.sql.values.json_path_reader import JsonPathReader
from local_cloud.athena.sql.values.json_path_tree import Path, Predicate

_NUMBERS = (lexer.INTEGER, lexer.DECIMAL, lexer.DOUBLE)
_METHODS = ("abs", "ceiling", "double", "floor", "keyvalue", "size", "type")
_COMPARISONS = {"==": "==", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_STRENGTH = {"+": 1, "-": 1, "*": 2, "/": 2, "%": 2}
_SIGN = 3


def parse(text: str) -> tree.JsonPath:
    """The path that `text` is. SYNTAX_ERROR where it is none."""
    return _Parser(text).path()


class _Parser(JsonPathReader):
    # ---- paths ------------------------------------------------------------------------------

    def path(self) -> tree.JsonPath:
        lax = self.accept("lax")
        if not lax:
            self.expect("strict")
        root = self.expression()
        if self.token.kind != lexer.END:
            raise self.mismatch()
        return tree.JsonPath(self.text, lax, root)

    def expression(self, weakest: int = 0) -> Path:
        return self.operations(self.operand(), weakest)

    def operand(self) -> Path:
        # A sign in front of a number is the number's own, before any accessor.
        if self.sees("-") and self.ahead().kind in _NUMBERS:
            return self.accessors(self.literal())
        if self.sees("+") or self.sees("-"):
            negative = self.take().text == "-"
            self.deeper()
            made = tree.Signed(negative, self.expression(_SIGN))
            self.depth -= 1
            return made
        return self.accessors(self.primary())

    def operations(self, left: Path, weakest: int = 0) -> Path:
        """What binary operators make of `left` and the operands behind it."""
        while self.token.kind == lexer.SYMBOL:
            strength = _STRENGTH.get(self.token.text, 0)
            if strength == 0 or strength < weakest:
                break
            operator = self.take().text
            left = tree.Arithmetic(operator, left, self.expression(strength + 1))
        return left

    def primary(self) -> Path:
        if self.accept("("):
            self.deeper()
            inner = self.expression()
            self.depth -= 1
            self.expect(")")
            return inner
        if self.accept("$"):
            return tree.Input()
        if self.accept("@"):
            return tree.CurrentItem()
        if self.accept("last"):
            return tree.LastIndex()
        if self.token.kind == lexer.VARIABLE:
            return self.variable()
        return self.literal()

    def variable(self) -> Path:
        return tree.Variable(self.take().text[1:])

    # ---- accessors --------------------------------------------------------------------------

    def accessors(self, base: Path) -> Path:
        while True:
            if self.accept(".."):
                base = tree.Descendants(base, self.key())
            elif self.accept(".", "*"):
                base = tree.Member(base, None)
            elif self.accept("."):
                base = self.member(base)
            elif self.accept("["):
                base = self.elements(base)
            elif self.accept("?"):
                self.expect("(")
                self.deeper()
                base = tree.Filter(base, self.predicate())
                self.depth -= 1
                self.expect(")")
            else:
                return base

    def key(self) -> str:
        token = self.token
        if token.kind == lexer.STRING:
            return unquoted(self.take())
        # The language's own words are names too, and so is its minus sign (`nonReserved`).
        if token.kind == lexer.WORD or self.sees("-"):
            return self.take().text
        raise self.mismatch()

    def member(self, base: Path) -> Path:
        name = self.token.text
        if self.token.kind == lexer.WORD and self.ahead().text == "(":
            if name in _METHODS and self.accept(name, "(", ")"):
                return tree.Method(base, name)
            if self.accept("datetime", "("):
                if self.token.kind == lexer.STRING:
                    self.take()
                self.expect(")")
                return tree.DateTime(base)
        return tree.Member(base, self.key())

    def elements(self, base: Path) -> Path:
        if self.accept("*", "]"):
            return tree.Elements(base, ())
        found = [self.subscript()]
        while self.accept(","):
            found.append(self.subscript())
        self.expect("]")
        return tree.Elements(base, tuple(found))

    def subscript(self) -> tree.Subscript:
        self.deeper()
        start = self.expression()
        end = self.expression() if self.accept("to") else None
        self.depth -= 1
        return tree.Subscript(start, end)

    # ---- literals ---------------------------------------------------------------------------

    def literal(self) -> Path:
        if self.token.kind == lexer.STRING:
            text = unquoted(self.take())
            return typed_literal(t.varchar(len(text)), text)
        if self.accept("null"):
            return tree.Null()
        if self.sees("true") or self.sees("false"):
            return typed_literal(t.BOOLEAN, self.take().text == "true")
        sign = "-" if self.accept("-") else ""
        if self.token.kind not in _NUMBERS:
            raise self.mismatch()
        return number_literal(self.token.kind, sign + self.take().text)

    # ---- predicates -------------------------------------------------------------------------

    def predicate(self, weakest: int = 0) -> Predicate:
        return self.joined(self.term(), weakest)

    def joined(self, left: Predicate, weakest: int = 0) -> Predicate:
        while True:
            if weakest <= 2 and self.accept("&&"):
                left = tree.Both(left, self.predicate(3))
            elif weakest <= 1 and self.accept("||"):
                left = tree.Either(left, self.predicate(2))
            else:
                return left

    def term(self) -> Predicate:
        if self.accept("!"):
            if self.sees("exists", "("):
                return tree.Negation(self.exists())
            self.expect("(")
            self.deeper()
            inner = self.predicate()
            self.depth -= 1
            self.expect(")")
            return tree.Negation(inner)
        if self.sees("exists", "("):
            return self.exists()
        if self.sees("("):
            inside = self.enclosed()
            if isinstance(inside, Predicate):
                return inside
            return self.tested(self.operations(self.accessors(inside)))
        return self.tested(self.expression())

    def enclosed(self) -> Path | Predicate:
        """`(…)`: a path, a predicate, or a predicate with IS UNKNOWN behind it."""
        self.expect("(")
        self.deeper()
        inside = self.either()
        self.depth -= 1
        self.expect(")")
        if isinstance(inside, Predicate) and self.accept("is", "unknown"):
            return tree.IsUnknown(inside)
        return inside

    def either(self) -> Path | Predicate:
        """A path or a predicate: which of them, only its end tells."""
        if self.sees("!") or self.sees("exists", "("):
            return self.predicate()
        if self.sees("("):
            inside = self.enclosed()
            if isinstance(inside, Predicate):
                return self.joined(inside)
            path = self.operations(self.accessors(inside))
        else:
            path = self.expression()
        if self.sees(")"):
            return path
        return self.joined(self.tested(path))

    def exists(self) -> Predicate:
        self.expect("exists", "(")
        self.deeper()
        path = self.expression()
        self.depth -= 1
        self.expect(")")
        return tree.Exists(path)

    def tested(self, left: Path) -> Predicate:
        """What is asked of a path that stands at the beginning of a predicate."""
        if self.accept("like_regex"):
            self.string()
            if self.accept("flag"):
                self.string()
            return tree.LikeRegex(left)
        if self.accept("starts", "with"):
            if self.token.kind == lexer.VARIABLE:
                return tree.StartsWith(left, self.variable())
            text = self.string()
            return tree.StartsWith(left, typed_literal(t.varchar(len(text)), text))
        operator = _COMPARISONS.get(self.token.text)
        if operator is None or self.token.kind != lexer.SYMBOL:
            raise self.mismatch()
        self.take()
        return tree.Comparison(operator, left, self.expression())
