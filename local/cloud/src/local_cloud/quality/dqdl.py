"""DQDL, Glue's language of data quality: the part of it that is evaluated here (developer guide, "DQDL").

A rule type, an operator or a clause that is not named here is refused, never passed over.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn

OF_COLUMN = frozenset({"IsComplete", "ColumnLength", "ColumnValues"})
OF_KEY = frozenset({"IsPrimaryKey"})
_COMPARISONS = frozenset({"<", "<=", ">", ">=", "="})
_TOKEN = re.compile(
    r"\s*(?:(?P<string>\"[^\"]*\")|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>[A-Za-z]\w*)"
    r"|(?P<sign><=|>=|!=|[<>=\[\](),]))"
)


class DqdlError(ValueError):
    """What is no DQDL, or is not evaluated here; the message says which word."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What a value is compared with: a number, a regular expression, or NULL (`operand` None)."""

    operator: str
    operand: Decimal | str | None


@dataclass(frozen=True, slots=True)
class SimpleRule:
    """One rule type over its columns."""

    kind: str
    columns: tuple[str, ...]
    condition: Condition | None
    text: str


@dataclass(frozen=True, slots=True)
class CompositeRule:
    """Rules that are connected by one word, `and` or `or`."""

    word: str
    rules: tuple["Rule", ...]
    text: str


Rule = SimpleRule | CompositeRule


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


def parse(ruleset: str) -> tuple[Rule, ...]:
    """The rules of a ruleset, in its order. Raises DqdlError."""
    parser = _Parser(ruleset, list(_tokens(ruleset)))
    for word in ("Rules", "=", "["):
        parser.take(word)
    rules = [parser.rule()]
    while parser.next_is(","):
        parser.take(",")
        rules.append(parser.rule())
    parser.take("]")
    parser.end()
    return tuple(rules)


def _tokens(text: str) -> Iterator[_Token]:
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None:
            raise DqdlError(f"not understood: {text[at : at + 40].strip()!r}")
        assert found.lastgroup is not None
        yield _Token(
            found.lastgroup, found[found.lastgroup], found.start(found.lastgroup), found.end()
        )
        at = found.end()


class _Parser:
    def __init__(self, text: str, tokens: Sequence[_Token]) -> None:
        self._text, self._tokens, self._at = text, tokens, 0

    def next_is(self, text: str) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at].text == text

    def take(self, text: str | None = None, kind: str | None = None) -> _Token:
        if self._at == len(self._tokens):
            raise DqdlError(f"the ruleset ends where {text or kind} was expected")
        token = self._tokens[self._at]
        if (text is not None and token.text != text) or (
            kind is not None and token.kind != kind
        ):
            self._refuse(token)
        self._at += 1
        return token

    def end(self) -> None:
        if self._at != len(self._tokens):
            self._refuse(self._tokens[self._at])

    def rule(self) -> Rule:
        return self._composite() if self.next_is("(") else self._simple()

    def _composite(self) -> Rule:
        start = self._tokens[self._at].start
        rules, words = [self._enclosed()], set[str]()
        while self.next_is("and") or self.next_is("or"):
            words.add(self.take().text)
            rules.append(self._enclosed())
        if len(words) > 1:
            raise DqdlError("and beside or: say in brackets which comes first")
        if not words:
            return rules[0]
        return CompositeRule(words.pop(), tuple(rules), self._said(start))

    def _enclosed(self) -> Rule:
        self.take("(")
        found = self.rule()
        self.take(")")
        return found

    def _simple(self) -> SimpleRule:
        kind = self.take(kind="word")
        if kind.text not in OF_COLUMN | OF_KEY:
            raise DqdlError(f"{kind.text} is not evaluated here")
        columns = [self._string()]
        while kind.text in OF_KEY and self._is_string():
            columns.append(self._string())
        needs = kind.text in ("ColumnLength", "ColumnValues")
        condition = self._condition() if needs else None
        if kind.text == "ColumnLength" and not isinstance(
            condition and condition.operand, Decimal
        ):
            raise DqdlError("ColumnLength is compared with a number here")
        return SimpleRule(kind.text, tuple(columns), condition, self._said(kind.start))

    def _condition(self) -> Condition:
        sign = self.take()
        if sign.text == "matches":
            return Condition("matches", self._string())
        if sign.text not in _COMPARISONS:
            self._refuse(sign)
        operand = self.take()
        if operand.text == "NULL" and sign.text == "=":
            return Condition("=", None)
        if operand.kind != "number":
            self._refuse(operand)
        return Condition(sign.text, Decimal(operand.text))

    def _is_string(self) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at].kind == "string"

    def _string(self) -> str:
        return self.take(kind="string").text[1:-1]

    def _said(self, start: int) -> str:
        return self._text[start : self._tokens[self._at - 1].end]

    def _refuse(self, token: _Token) -> NoReturn:
        around = self._text[max(0, token.start - 20) : token.end + 20].strip()
        raise DqdlError(f"{token.text} is not understood here: … {around} …")
