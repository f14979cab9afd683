"""How deep a statement is nested, told from its tokens alone, before anything parses it.

One pass, no recursion. What is counted is everything over which the tree, and with it each parser
and planner behind this one, grows by a level: brackets, CASE, dots, subscripts, signs and NOT,
operators, lambdas, joins and set operations. Commas, AND and OR stand side by side and make
nothing deeper; how many there are is bounded by the number of tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from query_api.core.problems import RefusedSqlError
from trino_sql.lexer import QUOTED, WORD, Token

# Far more than people write; the parser goes a dozen frames deep per bracket.
MAX_BRACKETS = 24
MAX_CASES = 12
MAX_DOTS = 12
MAX_SIGNS = 12
MAX_OPERATORS = 100
MAX_RELATIONS = 40
MAX_TOKENS = 6000

_OPEN, _CLOSE = ("(", "["), (")", "]")
_SIGNS = ("+", "-", "NOT")
_OPERATORS = ("*", "/", "%", "||", "->", "AT", "ARRAY", "ESCAPE")
_RELATIONS = ("JOIN", "UNION", "EXCEPT", "INTERSECT")
# Behind these an expression begins anew.
_RESTARTS = frozenset(
    [",", "AND", "OR", "SELECT", "FROM", "WHERE", "BY", "HAVING", "ON", "WHEN", "THEN", "ELSE"]
)


@dataclass(slots=True)
class _Level:
    """What is open inside of one bracket or CASE, or in the whole statement."""

    operators: int = 0
    relations: int = 0


class _Depths:
    """The counts of one pass."""

    def __init__(self) -> None:
        self._levels = [_Level()]
        self._cases = self._dots = self._signs = 0

    def read(self, token: Token, before: Token | None) -> None:
        word = token.word if token.kind != QUOTED else ""
        self._run_on(word, before)
        if word in _OPEN:
            if word == "[" and before is not None and _ends_a_value(before):
                self._operator()
            self._open()
        elif word in _CLOSE:
            self._close()
        elif word in ("CASE", "END"):
            self._case(word)
        elif word in _RELATIONS:
            self._relation()
        elif word in _SIGNS or word in _OPERATORS:
            self._operator()
        elif word in _RESTARTS:
            self._levels[-1].operators = 0

    def _run_on(self, word: str, before: Token | None) -> None:
        """Runs that other tokens end: of dots between names, of signs in front of a value."""
        if word == ".":
            self._dots += 1
            _at_most(self._dots, MAX_DOTS, "dots behind one another")
        elif before is None or before.text != ".":
            self._dots = 0
        self._signs = self._signs + 1 if word in _SIGNS else 0
        _at_most(self._signs, MAX_SIGNS, "signs or NOT in front of one value")

    def _open(self) -> None:
        self._levels.append(_Level())
        _at_most(len(self._levels) - 1 - self._cases, MAX_BRACKETS, "brackets in one another")

    def _close(self) -> None:
        if len(self._levels) > 1:
            self._levels.pop()

    def _case(self, word: str) -> None:
        if word == "CASE":
            self._cases += 1
            _at_most(self._cases, MAX_CASES, "CASE in one another")
            self._levels.append(_Level())
        elif self._cases:
            self._cases -= 1
            self._close()

    def _operator(self) -> None:
        self._levels[-1].operators += 1
        _at_most(self._levels[-1].operators, MAX_OPERATORS, "operators in one expression")

    def _relation(self) -> None:
        self._levels[-1].relations += 1
        _at_most(self._levels[-1].relations, MAX_RELATIONS, "joins and set operations")


def check_nesting(read: Sequence[Token]) -> None:
    """Refuse what is too long or nested too deeply (`sql_too_complex`)."""
    if len(read) > MAX_TOKENS:
        raise RefusedSqlError(
            "too_complex",
            f"a statement may have at most {MAX_TOKENS} words, values and signs",
        )
    depths, before = _Depths(), None
    for token in read:
        depths.read(token, before)
        before = token


def _ends_a_value(token: Token) -> bool:
    """Whether a bracket behind this is a subscript, or that of ARRAY[…]."""
    return token.kind in (WORD, QUOTED) or token.word in _CLOSE


def _at_most(count: int, most: int, what: str) -> None:
    if count > most:
        raise RefusedSqlError(
            "too_complex", f"the statement is nested too deeply: at most {most} {what}"
        )
