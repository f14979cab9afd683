"""Operations on databases."""

from typing import Any

from local_cloud.catalog.entities import Answer, Database, only
from local_cloud.catalog.state import State, check_catalog, exists, folded, invalid
from local_cloud.pages import keyed_page

# AttributesToGet's values and the members that they mean.
_ATTRIBUTES = {"NAME": "Name", "TARGET_DATABASE": "TargetDatabase"}


def create(state: State, request: Answer, at: float) -> Answer:
    check_catalog(request)
    given = request["DatabaseInput"]
    name = folded(given["Name"])
    if name in state.databases:
        raise exists("Database already exists.")
    state.databases[name] = Database(name, given, at, dict(request.get("Tags") or {}))
    return {}


def get(state: State, request: Answer) -> Answer:
    return {"Database": state.database(request, "Name").to_api()}


def get_all(state: State, request: Answer) -> Answer:
    check_catalog(request)
    # Nothing is shared with this account and nothing is federated (Glue API, GetDatabases:
    # ResourceShareType).
    ours = request.get("ResourceShareType", "ALL") == "ALL"
    names = sorted(state.databases) if ours else []
    some, rest = keyed_page(names, request, 100)
    told = [state.databases[name].to_api() for name in some]
    if wanted := request.get("AttributesToGet"):
        told = [only(one, (_ATTRIBUTES[name] for name in wanted)) for one in told]
    return {"DatabaseList": told, **rest}


def update(state: State, request: Answer, at: float) -> Answer:
    database, given = state.database(request, "Name"), request["DatabaseInput"]
    if folded(given["Name"]) != database.name:
        raise invalid(f"DatabaseInput.Name: database {database.name} cannot be renamed")
    database.input = given
    return {}


def delete(state: State, request: Answer, at: float) -> Answer:
    del state.databases[state.database(request, "Name").name]
    return {}


READS: dict[str, Any] = {"GetDatabase": get, "GetDatabases": get_all}
WRITES: dict[str, Any] = {
    "CreateDatabase": create,
    "UpdateDatabase": update,
    "DeleteDatabase": delete,
}
