"""Which S3 operation a request is: the most particular one of botocore's model that fits."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from local_cloud.fields import model


@dataclass(frozen=True, slots=True)
class Route:
    """What a request must have to be this operation."""

    operation: str
    parts: int
    fixed: frozenset[tuple[str, str]]
    query: frozenset[str]
    headers: frozenset[str]

    @property
    def weight(self) -> int:
        """How particular it is."""
        return len(self.fixed) * 2 + len(self.query) + len(self.headers)

    def fits(self, query: Mapping[str, str], headers: Mapping[str, str]) -> bool:
        return (
            all(query.get(name) == value for name, value in self.fixed)
            and self.query <= query.keys()
            and self.headers <= headers.keys()
        )


@cache
def routes() -> dict[tuple[str, int], list[Route]]:
    """By method and number of path parts (none, bucket, bucket and key); particular ones first."""
    found: dict[tuple[str, int], list[Route]] = {}
    s3 = model.service("s3")
    for name in s3.operation_names:
        http = s3.operation_model(name).http
        # Access points and S3 Express have hosts of their own; their paths are no buckets' (S3 user
        # guide, "Virtual hosting of general purpose buckets").
        path, _, query = http["requestUri"].partition("?")
        parts = sum(1 for part in path.split("/") if part)
        one = _route(name, parts, query, s3.operation_model(name).input_shape)
        found.setdefault((http["method"], parts), []).append(one)
    for some in found.values():
        some.sort(key=lambda route: (-route.weight, route.operation))
    return found


def _route(name: str, parts: int, query: str, shape: Any) -> Route:
    fixed = frozenset(parse_qsl(query, keep_blank_values=True))
    required: dict[str, set[str]] = {"querystring": set(), "header": set()}
    for member in shape.required_members if shape is not None else ():
        where = shape.members[member].serialization
        if where.get("location") in required:
            required[where["location"]].add(where["name"])
    headers = frozenset(one.lower() for one in required["header"])
    return Route(name, parts, fixed, frozenset(required["querystring"]), headers)


def routed(
    method: str, parts: int, query: Mapping[str, str], headers: Mapping[str, str]
) -> Route | None:
    """The operation of a request; `headers` have lower-case names."""
    for one in routes().get((method, parts), ()):
        if one.fits(query, headers):
            return one
    return None
