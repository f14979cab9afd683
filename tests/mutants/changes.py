"""Every small change that could be made to one module: found in its syntax tree, with positions."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

COMPARISONS: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Lt: (r"<", "<="),
    ast.LtE: (r"<=", "<"),
    ast.Gt: (r">", ">="),
    ast.GtE: (r">=", ">"),
    ast.Eq: (r"==", "!="),
    ast.NotEq: (r"!=", "=="),
    ast.Is: (r"\bis\b", "is not"),
    ast.IsNot: (r"\bis\s+not\b", "is"),
    ast.In: (r"\bin\b", "not in"),
    ast.NotIn: (r"\bnot\s+in\b", "in"),
}
ARITHMETIC: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: (r"\+", "-"),
    ast.Sub: (r"-", "+"),
    ast.Mult: (r"\*", "//"),
    ast.Div: (r"/", "*"),
    ast.FloorDiv: (r"//", "*"),
    ast.Mod: (r"%", "*"),
    ast.LShift: (r"<<", ">>"),
    ast.RShift: (r">>", "<<"),
    ast.BitAnd: (r"&", "|"),
    ast.BitOr: (r"\|", "&"),
}
LOGGERS = {"log", "_log", "logger"}
Found = tuple[int, int, str, str]


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One place of a module, in bytes of its UTF-8 text, and what is put there instead."""

    file: str
    start: int
    end: int
    kind: str
    becomes: str
    was: str
    first_line: int  # of the statement that holds it: what a tracer sees as run
    last_line: int
    line: int

    def applied(self, source: bytes) -> bytes:
        """The module's text with this change made."""
        return source[: self.start] + self.becomes.encode() + source[self.end :]


def changes(file: str, source: bytes) -> list[Change]:
    """All changes of one module; those few that change nothing are told by `is_real`."""
    return sorted(_Finder(file, source).of(ast.parse(source)))


def is_real(change: Change, source: bytes) -> bool:
    """Whether it leaves valid Python and another program; slow, so asked of a sample only."""
    try:
        return ast.dump(ast.parse(change.applied(source))) != ast.dump(ast.parse(source))
    except SyntaxError:  # as where a comment between two operands holds an operator
        return False


class _Finder:
    """Walks one module; knows where its lines start."""

    def __init__(self, file: str, source: bytes) -> None:
        self._file, self._source = file, source
        self._lines = [0]
        for line in source.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))

    def of(self, tree: ast.Module) -> Iterator[Change]:
        for statement, node in _deciding(tree):
            first, last = _lines(statement)
            for start, end, kind, becomes in self._changes(node):
                line = self._source.count(b"\n", 0, start) + 1
                was = self._source[start:end].decode()
                yield Change(self._file, start, end, kind, becomes, was, first, last, line)

    def _changes(self, node: ast.AST) -> Iterator[Found]:
        yield from self._operators(node)
        yield from self._constants(node)
        yield from self._branches(node)
        yield from self._statements(node)

    def _operators(self, node: ast.AST) -> Iterator[Found]:
        match node:
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                for before, operator, after in zip(
                    [left, *comparators], ops, comparators, strict=False
                ):
                    yield from self._between(before, after, *COMPARISONS[type(operator)])
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in ARITHMETIC:
                yield from self._between(left, right, *ARITHMETIC[type(operator)])
            case ast.AugAssign(target=target, op=operator, value=value) if (
                type(operator) in ARITHMETIC
            ):
                yield from self._between(target, value, *ARITHMETIC[type(operator)])
            case ast.BoolOp(op=operator, values=values):
                was, becomes = ("and", "or") if isinstance(operator, ast.And) else ("or", "and")
                for before, after in pairwise(values):
                    yield from self._between(before, after, rf"\b{was}\b", becomes)
            case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
                start, end = self._span(node)
                yield start, end, "operator", f"({self._text(operand)})"

    def _between(
        self, left: ast.expr, right: ast.expr, was: str, becomes: str
    ) -> Iterator[Found]:
        start, end = self._span(left)[1], self._span(right)[0]
        found = re.search(was.encode(), self._source[start:end])
        if found:
            yield start + found.start(), start + found.end(), "operator", becomes

    def _constants(self, node: ast.AST) -> Iterator[Found]:
        match node:
            case ast.Constant(value=bool() as value):
                yield *self._span(node), "constant", str(not value)
            case ast.Constant(value=int() | float() as value):
                yield *self._span(node), "constant", f"({value!r} + 1)"
            case ast.Constant(value=str() | bytes() as value):
                other = b"other" if isinstance(value, bytes) else "other"
                yield *self._span(node), "constant", f"({value + other!r})"  # type: ignore[operator]

    def _branches(self, node: ast.AST) -> Iterator[Found]:
        match node:
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
                yield *self._span(test), "branch", f"(not ({self._text(test)}))"
            case ast.comprehension(ifs=ifs):
                for test in ifs:
                    yield *self._span(test), "branch", f"(not ({self._text(test)}))"

    def _statements(self, node: ast.AST) -> Iterator[Found]:
        match node:
            case ast.Raise():
                yield *self._span(node), "raise", "pass"
            case ast.Return(value=ast.expr() as value) if not _is_none(value):
                yield *self._span(node), "statement", "return None"
            case ast.Break():
                yield *self._span(node), "statement", "continue"
            case ast.Continue():
                yield *self._span(node), "statement", "pass"
            case ast.Expr() | ast.AugAssign() | ast.Delete():
                yield *self._span(node), "statement", "pass"
            case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
                yield *self._span(node), "statement", "pass"

    def _span(self, node: ast.AST) -> tuple[int, int]:
        assert isinstance(node, ast.expr | ast.stmt)
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = self._lines[node.lineno - 1] + node.col_offset
        return start, self._lines[node.end_lineno - 1] + node.end_col_offset

    def _text(self, node: ast.AST) -> str:
        start, end = self._span(node)
        return self._source[start:end].decode()


def _deciding(tree: ast.Module) -> Iterator[tuple[ast.stmt, ast.AST]]:
    """Each node that decides something, with its statement; not what people or mypy read."""
    waiting: list[tuple[ast.stmt, ast.AST]] = [(one, one) for one in _told(tree.body)]
    while waiting:
        statement, node = waiting.pop()
        yield statement, node
        waiting += [
            (child if isinstance(child, ast.stmt) else statement, child)
            for child in _children(node)
        ]


def _children(node: ast.AST) -> Iterator[ast.AST]:
    skipped = {"annotation", "returns", "decorator_list", "bases", "type_comment"}
    for name, value in ast.iter_fields(node):
        if name in skipped or (isinstance(node, ast.Raise) and name in {"exc", "cause"}):
            continue
        children = value if isinstance(value, list) else [value]
        if name == "body" and children and isinstance(children[0], ast.stmt):
            children = _told(children)
        for child in children:
            if isinstance(child, ast.AST) and not _is_told(child):
                yield child


def _told(body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements without docstrings, imports, log lines and type aliases."""
    return [one for one in body if not _is_told(one)]


def _is_told(node: ast.AST) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom() | ast.JoinedStr():
            return True
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name)))):
            return name in LOGGERS
        case ast.Subscript(value=ast.Name(id="Literal")):
            return True
        case ast.Call(func=ast.Name(id="TypeVar" | "ParamSpec" | "NewType" | "cast")):
            return True
    return False


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _lines(statement: ast.stmt) -> tuple[int, int]:
    """The lines of a simple statement, or of a compound one's head."""
    body = getattr(statement, "body", None)
    if isinstance(body, list) and body:
        return statement.lineno, max(statement.lineno, body[0].lineno - 1)
    if isinstance(statement, ast.Match):
        return statement.lineno, statement.lineno
    return statement.lineno, statement.end_lineno or statement.lineno
