"""GetPartitions' Expression: a small WHERE over the partition keys.

The operators are those that the Glue API reference lists: comparisons, IN, BETWEEN, LIKE, IS NULL,
NOT, AND and OR. Everything else is refused; a filter that is half understood would hide partitions.
"""

import re
from collections.abc import Callable, Iterable, Sequence

from local_cloud.catalog.entities import Values
from local_cloud.catalog.partition_values import PartitionKey, Scalar, comparable
from local_cloud.catalog.state import invalid
from local_cloud.errors import AwsError

Test = Callable[[Values], bool | None]
"""Whether a partition passes; None is SQL's unknown."""

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>[+-]?\d+(?:\.\d+)?)(?![\w.])"""
    r"""|(?P<name>[A-Za-z_][\w.]*|`[^`]+`|"[^"]+")|(?P<mark><=|>=|<>|!=|[=<>(),]))"""
)
_KEYWORDS = {"AND", "OR", "NOT", "IN", "BETWEEN", "LIKE", "IS", "NULL", "DATE", "TIMESTAMP"}
_COMPARE: dict[str, Callable[[Scalar, Scalar], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,  # type: ignore[operator]
    "<=": lambda a, b: a <= b,  # type: ignore[operator]
    ">": lambda a, b: a > b,  # type: ignore[operator]
    ">=": lambda a, b: a >= b,  # type: ignore[operator]
}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def parsed(text: str, keys: Sequence[tuple[str, str]]) -> Callable[[Values], bool]:
    """The filter that `text` is, over keys given as (name, type); no text lets all pass."""
    if not text.strip():
        return lambda values: True
    try:
        test = _Parser(text, keys).whole()
    except RecursionError as error:
        raise invalid("the expression is nested too deeply") from error
    return lambda values: test(values) is True


class _Parser:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, text: str, keys: Sequence[tuple[str, str]]) -> None:
        self._text = text
        self._keys = {
            name.lower(): PartitionKey(index, kind) for index, (name, kind) in enumerate(keys)
        }
        self._tokens = self._scan(text.rstrip())
        self._at = 0

    def _scan(self, text: str) -> list[tuple[str, str]]:
        found, at = [], 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None or match.lastgroup is None:
                raise self._wrong(text[at:].strip()[:20])
            found.append((match.lastgroup, match[match.lastgroup]))
            at = match.end()
        return found

    def _wrong(self, near: str) -> Exception:
        return invalid(f"Unsupported expression {self._text!r}, near {near!r}")

    def whole(self) -> Test:
        test = self._or()
        if self._at < len(self._tokens):
            raise self._wrong(self._tokens[self._at][1])
        return test

    def _word(self) -> str:
        """The keyword or mark that comes next, '' if it is something else."""
        if self._at == len(self._tokens):
            return ""
        kind, text = self._tokens[self._at]
        upper = text.upper()
        return upper if kind == "mark" or (kind == "name" and upper in _KEYWORDS) else ""

    def _accept(self, *words: str) -> bool:
        if self._word() in words:
            self._at += 1
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._accept(word):
            near = self._tokens[self._at][1] if self._at < len(self._tokens) else "the end"
            raise self._wrong(near)

    def _take(self) -> tuple[str, str]:
        if self._at == len(self._tokens):
            raise self._wrong("the end")
        self._at += 1
        return self._tokens[self._at - 1]

    def _or(self) -> Test:
        tests = [self._and()]
        while self._accept("OR"):
            tests.append(self._and())
        return tests[0] if len(tests) == 1 else lambda values: _any(t(values) for t in tests)

    def _and(self) -> Test:
        tests = [self._not()]
        while self._accept("AND"):
            tests.append(self._not())
        return (
            tests[0]
            if len(tests) == 1
            else lambda values: _not(_any(_not(t(values)) for t in tests))
        )

    def _not(self) -> Test:
        if self._accept("NOT"):
            test = self._not()
            return lambda values: _not(test(values))
        begun = self._at
        if self._accept("("):
            # `(a = 1)` or `(a) = 1`: only the end tells which of them it was.
            try:
                test = self._or()
                self._expect(")")
            except AwsError:
                self._at = begun
            else:
                return test
        return self._condition()

    def _condition(self) -> Test:
        left = self._operand()
        operator = self._word()
        if operator in _COMPARE:
            self._at += 1
            right = self._operand()
            if isinstance(left, PartitionKey) and isinstance(right, str):
                return _comparison(left, operator, right)
            if isinstance(left, str) and isinstance(right, PartitionKey):
                return _comparison(right, _MIRRORED.get(operator, operator), left)
            raise self._wrong(operator)
        if isinstance(left, str):
            raise self._wrong(left)
        negated = self._accept("NOT")
        test = self._tail(left)
        return (lambda values: _not(test(values))) if negated else test

    def _tail(self, key: PartitionKey) -> Test:
        """What may follow a key: IN, BETWEEN, LIKE, IS [NOT] NULL."""
        if self._accept("IN"):
            self._expect("(")
            texts = [self._literal()]
            while self._accept(","):
                texts.append(self._literal())
            self._expect(")")
            wanted = [comparable(text, key.type) for text in texts]
            return lambda values: _known(key.value(values), lambda have: have in wanted)
        if self._accept("BETWEEN"):
            low = self._literal()
            self._expect("AND")
            tests = (_comparison(key, ">=", low), _comparison(key, "<=", self._literal()))
            return lambda values: _not(_any(_not(t(values)) for t in tests))
        if self._accept("LIKE"):
            pattern = _like(self._literal(), key.type)
            return lambda values: _known(
                key.value(values), lambda have: pattern.fullmatch(str(have)) is not None
            )
        self._expect("IS")
        present = self._accept("NOT")
        self._expect("NULL")
        return lambda values: (key.value(values) is None) is not present

    def _operand(self) -> PartitionKey | str:
        if self._accept("("):
            inner = self._operand()
            self._expect(")")
            return inner
        kind, text = self._tokens[self._at] if self._at < len(self._tokens) else ("", "")
        if kind == "name" and text.upper() not in _KEYWORDS:
            self._at += 1
            key = self._keys.get(text.strip('`"').lower())
            if key is None:
                raise invalid(f"Unsupported expression {self._text!r}: {text} is no key")
            return key
        return self._literal()

    def _literal(self) -> str:
        """The text of a literal; its type is that of the key it is compared with."""
        if self._accept("("):
            inner = self._literal()
            self._expect(")")
            return inner
        prefixed = self._accept("DATE", "TIMESTAMP")
        kind, text = self._take()
        if kind == "text":
            return text[1:-1].replace("''", "'")
        if kind == "number" and not prefixed:
            return text
        raise self._wrong(text)


def _comparison(key: PartitionKey, operator: str, text: str) -> Test:
    literal, compare = comparable(text, key.type), _COMPARE[operator]
    return lambda values: _known(key.value(values), lambda have: compare(have, literal))


def _known(have: Scalar | None, test: Callable[[Scalar], bool]) -> bool | None:
    return None if have is None else test(have)


def _like(text: str, kind: str) -> re.Pattern[str]:
    if kind not in ("string", "varchar", "char"):
        raise invalid(f"LIKE is for text, not for {kind}")
    if "\\" in text:
        raise invalid("a backslash in a LIKE pattern is not there in this local cloud")
    words = {"%": ".*", "_": "."}
    return re.compile("".join(words.get(c) or re.escape(c) for c in text), re.DOTALL)


def _not(one: bool | None) -> bool | None:
    return None if one is None else not one


def _any(tests: Iterable[bool | None]) -> bool | None:
    unknown = False
    for one in tests:
        if one:
            return True
        unknown = unknown or one is None
    return None if unknown else False
