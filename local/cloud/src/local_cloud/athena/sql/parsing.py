"""Statements and parts of them as trees; what is no SQL fails as queries do here."""

from collections.abc import Callable
from typing import TypeVar

from local_cloud.athena.sql.failures import not_supported, syntax_error
from trino_sql import query_parser, tree
from trino_sql.failures import SYNTAX_ERROR, SqlError

Parsed = TypeVar("Parsed")


def query(sql: str) -> tree.Query:
    """The one query that `sql` is. QueryError: SYNTAX_ERROR, or NOT_SUPPORTED."""
    return _read(query_parser.parse_query, sql)


def query_with_parameters(sql: str) -> tuple[tree.Query, int]:
    """The query, and how many `?` it has."""
    return _read(query_parser.parse_with_parameters, sql)


def expression(sql: str) -> tree.Expression:
    """The one expression that `sql` is."""
    return _read(query_parser.parse_expression, sql)


def data_type(sql: str) -> tree.DataType:
    """The one type that `sql` names."""
    return _read(query_parser.parse_type, sql)


def _read(parse: Callable[[str], Parsed], sql: str) -> Parsed:
    try:
        return parse(sql)
    except SqlError as error:
        if error.name == SYNTAX_ERROR:
            raise syntax_error(error.message) from error
        raise not_supported(error.message.removesuffix(" is not supported")) from error
