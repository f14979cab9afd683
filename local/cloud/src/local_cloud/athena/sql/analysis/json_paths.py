"""Which SQL type a JSON path gives, where that is known (JsonPathAnalyzer of trino-main 476)."""

from collections.abc import Callable, Mapping
from typing import Any

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.type_names import can_cast, fine
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.signatures.binding import Bound
from local_cloud.athena.sql.signatures.declared import OPERATORS, catalogue
from local_cloud.athena.sql.signatures.resolution import resolve
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values import json_path_tree as tree
from local_cloud.athena.sql.values.json_path_methods import TYPE_METHOD_RESULT

Found = Type | None


def bound_operator(name: str, *kinds: Type) -> Bound | None:
    """The declared operator that takes these types, or None."""
    full = f"$operator${name}"
    try:
        return resolve(full, catalogue()[full], kinds, can_cast)
    except QueryError as error:
        if error.name == "FUNCTION_NOT_FOUND":
            return None
        raise


class PathTypes:
    """Checks one path. `variables` are the types of what PASSING names, None for JSON."""

    def __init__(self, variables: Mapping[str, Found], error: Callable[[str, str], QueryError]):
        self._variables, self._error = variables, error

    def of(self, path: tree.Path) -> Found:
        """The type of every item of the path; None where only the evaluation tells."""
        rule = _RULES.get(type(path))
        return rule(self, path) if rule is not None else None

    def invalid(self, message: str) -> QueryError:
        return self._error("INVALID_PATH", message)

    def variable(self, name: str) -> None:
        if name in self._variables:
            return
        hint = ""
        if any(one.lower() == name.lower() for one in self._variables):
            hint = f'. Try quoting "{name}" in the PASSING clause to match case'
        raise self.invalid(f"no value passed for parameter {name}{hint}")

    # ---- paths ------------------------------------------------------------------------------

    def arithmetic(self, path: tree.Arithmetic) -> Found:
        left, right = self.of(path.left), self.of(path.right)
        if left is None or right is None:
            return None
        bound = bound_operator(OPERATORS[path.operator], left, right)
        if bound is None:
            raise self.invalid(
                f"invalid operand types ({left} and {right}) in JSON path arithmetic binary "
                "expression"
            )
        return fine(bound.result)

    def signed(self, path: tree.Signed) -> Found:
        source = self.of(path.base)
        if source is None:
            return None
        if path.negative:
            bound = bound_operator("negation", source)
            if bound is not None:
                return bound.result
        elif t.is_numeric(source):
            return source
        raise self.invalid(
            f"Invalid operand type ({source}) in JSON path arithmetic unary expression"
        )

    def elements(self, path: tree.Elements) -> Found:
        self.of(path.base)
        for one in path.subscripts:
            self.of(one.start)
            if one.end is not None:
                self.of(one.end)
        return None

    def filter(self, path: tree.Filter) -> Found:
        source = self.of(path.base)
        self.predicate(path.predicate)
        return source

    def date_time(self, path: tree.DateTime) -> Found:
        source = self.of(path.base)
        if source is not None and source.name not in ("varchar", "char"):
            raise self.invalid(
                "JSON path datetime() method requires character string argument "
                f"(found {source})"
            )
        raise self._error("NOT_SUPPORTED", "datetime method in JSON path is not yet supported")

    def method(self, path: tree.Method) -> Found:
        source = self.of(path.base)
        fixed = _METHOD_TYPES.get(path.name)
        if path.name == "double" and source is not None and not _has_double(source):
            raise self.invalid(
                f"cannot perform JSON path double() method with {source} argument"
            )
        if fixed is not None or path.name == "keyvalue" or source is None:
            return fixed
        try:
            return resolve(path.name, catalogue()[path.name], [source], can_cast).result
        except QueryError as error:
            raise self.invalid(
                f"cannot perform JSON path {path.name}() method with {source} argument: "
                f"{error.message}"
            ) from error

    # ---- predicates -------------------------------------------------------------------------

    def predicate(self, of: tree.Predicate) -> None:
        if isinstance(of, (tree.Both, tree.Either)):
            self.predicate(of.left)
            self.predicate(of.right)
        elif isinstance(of, (tree.Negation, tree.IsUnknown)):
            self.predicate(of.value)
        elif isinstance(of, tree.Comparison):
            self.of(of.left)
            self.of(of.right)
        elif isinstance(of, tree.Exists):
            self.of(of.path)
        elif isinstance(of, tree.StartsWith):
            self.of(of.whole)
            self.of(of.initial)
        else:
            raise self._error(
                "NOT_SUPPORTED", "like_regex predicate in JSON path is not yet supported"
            )


_METHOD_TYPES = {"double": t.DOUBLE, "size": t.INTEGER, "type": TYPE_METHOD_RESULT}
_RULES: dict[type[tree.Path], Callable[[PathTypes, Any], Found]] = {
    tree.Literal: lambda _, path: path.value.type,
    tree.LastIndex: lambda _, path: t.INTEGER,
    tree.Variable: lambda types, path: types.variable(path.name),
    tree.Member: lambda types, path: _unknown(types, path.base),
    tree.Descendants: lambda types, path: _unknown(types, path.base),
    tree.Elements: PathTypes.elements,
    tree.Filter: PathTypes.filter,
    tree.Method: PathTypes.method,
    tree.DateTime: PathTypes.date_time,
    tree.Signed: PathTypes.signed,
    tree.Arithmetic: PathTypes.arithmetic,
}


def _has_double(of: Type) -> bool:
    return t.is_numeric(of) or of.name == "varchar"


def _unknown(types: PathTypes, base: tree.Path) -> None:
    types.of(base)
