"""Tags of databases, the only things of the catalog that Glue lets be tagged.

(Glue developer guide, "AWS tags in AWS Glue".)
"""

from typing import Any

from local_cloud.catalog.entities import Answer, Database
from local_cloud.catalog.state import State, missing


def _database(state: State, request: Answer) -> Database:
    name = str(request["ResourceArn"]).rpartition(":database/")[2].lower()
    found = state.databases.get(name)
    if found is None:
        raise missing(f"Resource {request['ResourceArn']} not found.")
    return found


def get(state: State, request: Answer) -> Answer:
    return {"Tags": dict(_database(state, request).tags)}


def add(state: State, request: Answer, at: float) -> Answer:
    database = _database(state, request)
    database.tags = {**database.tags, **request["TagsToAdd"]}
    return {}


def remove(state: State, request: Answer, at: float) -> Answer:
    database, gone = _database(state, request), set(request["TagsToRemove"])
    database.tags = {key: value for key, value in database.tags.items() if key not in gone}
    return {}


READS: dict[str, Any] = {"GetTags": get}
WRITES: dict[str, Any] = {"TagResource": add, "UntagResource": remove}
