"""The catalog in memory: what is there, and Glue's words for what is not."""

from collections.abc import Mapping
from typing import Any

from local_cloud.catalog.entities import ACCOUNT, Database, TableEntity
from local_cloud.errors import AwsError

Request = Mapping[str, Any]


class State:
    """Every database by its name."""

    def __init__(self) -> None:
        self.databases: dict[str, Database] = {}

    def database(self, request: Request, key: str = "DatabaseName") -> Database:
        """The database that the request names."""
        check_catalog(request)
        name = folded(request[key])
        found = self.databases.get(name)
        if found is None:
            raise missing(f"Database {name} not found.")
        return found

    def table(self, request: Request, key: str = "TableName") -> TableEntity:
        """The table that the request names."""
        name = folded(request[key])
        found = self.database(request).tables.get(name)
        if found is None:
            raise missing(f"Table {name} not found.")
        return found


def folded(name: str) -> str:
    """A name as it is kept: "For Hive compatibility, this is folded to lowercase".

    (Glue API, Table: Name.)
    """
    return str(name).lower()


def check_catalog(request: Request) -> None:
    """Refuse another account's catalog; there is one here."""
    asked = request.get("CatalogId", ACCOUNT)
    if asked != ACCOUNT:
        raise missing(f"Catalog {asked} not found: CatalogId {ACCOUNT} is the only one here.")


def missing(what: str) -> AwsError:
    return AwsError("EntityNotFoundException", what)


def exists(what: str) -> AwsError:
    return AwsError("AlreadyExistsException", what)


def invalid(what: str) -> AwsError:
    return AwsError("InvalidInputException", what)


def error_detail(error: AwsError) -> dict[str, str]:
    """The `ErrorDetail` structure of batch operations."""
    return {"ErrorCode": error.code, "ErrorMessage": error.message}
