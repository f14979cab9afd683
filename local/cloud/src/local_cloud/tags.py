"""Tags of whatever can have them, found by its ARN."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from local_cloud.errors import AwsError

Answer = dict[str, Any]
Operation = Callable[[Answer], Answer]

# arn:partition:glue:region:account:kind/name ("Specifying AWS Glue resource ARNs").
_ARN = re.compile(r"arn:[^:]+:glue:[^:]*:\d*:(?P<kind>[A-Za-z]+)/(?P<name>.+)")


class Tagged(Protocol):
    """Things of one kind that keep their tags themselves."""

    def tags_of(self, name: str) -> dict[str, str]:
        """The tags; EntityNotFoundException where there is no such thing."""
        ...

    def retag(self, name: str, tags: dict[str, str]) -> None:
        """Replace the tags."""
        ...


class Tags:
    """GetTags, TagResource and UntagResource of Glue, over the `kinds` that can be tagged.

    Databases are the catalog's: its `catalog` operations take those requests, so that they are
    in its journal.
    """

    def __init__(self, kinds: Mapping[str, Tagged], catalog: Mapping[str, Operation]) -> None:
        self._kinds, self._catalog = kinds, catalog
        self.operations: dict[str, Operation] = {
            "GetTags": lambda request: self._route("GetTags", request),
            "TagResource": lambda request: self._route("TagResource", request),
            "UntagResource": lambda request: self._route("UntagResource", request),
        }

    def _route(self, operation: str, request: Answer) -> Answer:
        arn = str(request["ResourceArn"])
        found = _ARN.fullmatch(arn)
        kind = found["kind"] if found else ""
        if found is None or (kind != "database" and kind not in self._kinds):
            known = ", ".join(sorted(["database", *self._kinds]))
            raise AwsError(
                "InvalidInputException", f"ResourceArn {arn}: here a tag is on one of {known}"
            )
        if kind == "database":
            return self._catalog[operation](request)
        return _answer(self._kinds[kind], operation, found["name"], request)


def _answer(things: Tagged, operation: str, name: str, request: Answer) -> Answer:
    tags = things.tags_of(name)
    if operation == "GetTags":
        return {"Tags": tags}
    if operation == "TagResource":
        things.retag(name, {**tags, **request["TagsToAdd"]})
    else:
        gone = set(request["TagsToRemove"])
        things.retag(name, {key: value for key, value in tags.items() if key not in gone})
    return {}
