"""Literals of SQL/JSON paths as typed values."""

from decimal import Decimal

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.values import json_path_tokens as lexer
from local_cloud.athena.sql.values import json_path_tree as tree
from local_cloud.athena.sql.values.json_items import TypedValue
from local_cloud.athena.sql.values.json_path_tokens import PathToken
from local_cloud.athena.sql.values.json_path_tree import Path


def unquoted(token: PathToken) -> str:
    return token.text[1:-1].replace('""', '"')


def typed_literal(kind: t.Type, value: object) -> Path:
    return tree.Literal(TypedValue(kind, value))


def number_literal(kind: str, text: str) -> Path:
    """A number literal, typed as the same literal of a statement is."""
    if kind == lexer.DOUBLE:
        return typed_literal(t.DOUBLE, float(text))
    if kind == lexer.INTEGER:
        value = int(text)
        if not -(2**63) <= value < 2**63:
            raise QueryError(
                "SYNTAX_ERROR", f"Invalid numeric literal: {text}", error_type=1006
            )
        return typed_literal(t.INTEGER if -(2**31) <= value < 2**31 else t.BIGINT, value)
    whole, _, fraction = text.removeprefix("-").partition(".")
    precision = max(1, len(whole.lstrip("0")) + len(fraction))
    if precision > t.MAX_DECIMAL:
        raise QueryError(
            "INVALID_LITERAL", f"'{text}' is not a valid DECIMAL literal", error_type=1006
        )
    exact = Decimal(text)
    # A decimal zero has no sign.
    return typed_literal(
        t.decimal(precision, len(fraction)), exact if exact else exact.copy_abs()
    )
