"""What a route takes and answers: the router and the OpenAPI document are both made of these."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from query_api.core.keys import READ
from query_api.core.media import JSON, ROW_HEADERS, ROW_MEDIA
from query_api.core.parameters import Parameter


@dataclass(frozen=True, slots=True)
class Answer:
    """One status with what it means, its media types, schema and headers."""

    meaning: str
    schema: Mapping[str, Any]
    media: tuple[str, ...] = (JSON,)
    headers: tuple[str, ...] = ()


ASKS_ATHENA = (406, 409, 410, 412, 422, 429, 502, 503, 504)
"""What an operation may end in that asks a query."""


def rows_answer(meaning: str, schema: Mapping[str, Any]) -> Mapping[int, Answer]:
    """Rows in every form, or nothing where the client has them already."""
    return {
        200: Answer(meaning, schema, ROW_MEDIA, ROW_HEADERS),
        304: Answer("The client has this answer: `If-None-Match`.", {}, (), ("Vary", "ETag")),
    }


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a path.

    `problems` are the statuses of its problem documents, beside those that every operation of its
    scope has. `scope` None: open to all. `example` is a path that a reader may ask for. `group` is the
    noun under which it is listed.
    """

    method: str
    path: str
    group: str
    summary: str
    answers: Mapping[int, Answer]
    parameters: tuple[Parameter[Any], ...] = ()
    problems: tuple[int, ...] = ()
    scope: str | None = READ
    body: Mapping[str, Any] | None = None
    example: str = ""

    def parameter_names(self) -> tuple[str, ...]:
        """Those of the query string."""
        return tuple(one.name for one in self.parameters if one.where == "query")
