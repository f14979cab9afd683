"""DDL and SHOW: changes of the catalog, answered as lines of text."""

from collections.abc import Callable

from botocore.exceptions import ClientError

from local_cloud.athena.api import definitions, partitions, showing
from local_cloud.athena.api.warehouse import UtilityAnswer, Warehouse
from local_cloud.athena.sql.failures import QueryError, not_supported
from local_cloud.athena.sql.statement_reader import StatementReader
from local_cloud.athena.storage.catalog import CatalogClient
from local_cloud.athena.storage.lake import S3Lake

Action = Callable[[Warehouse, StatementReader, str], UtilityAnswer]


class Definitions:
    """Carries out one DDL or SHOW statement."""

    def __init__(self, catalog: CatalogClient, lake: S3Lake) -> None:
        self._warehouse = Warehouse(catalog, lake)

    def run(self, sql: str, database: str) -> UtilityAnswer:
        reader = StatementReader(sql)
        for words, action in ACTIONS:
            if reader.accept(*words):
                try:
                    return action(self._warehouse, reader, database)
                except ClientError as error:
                    said = error.response["Error"]
                    raise QueryError(
                        "FAILED",
                        f"Execution Error: {said['Code']}: {said['Message']}",
                        error_type=1003,
                    ) from error
        raise not_supported(f"the statement {sql.strip()[:60]!r}")


ACTIONS: tuple[tuple[tuple[str, ...], Action], ...] = (
    (("CREATE", "DATABASE"), definitions.create_database),
    (("CREATE", "SCHEMA"), definitions.create_database),
    (("DROP", "DATABASE"), definitions.drop_database),
    (("DROP", "SCHEMA"), definitions.drop_database),
    (("CREATE", "EXTERNAL", "TABLE"), definitions.create_table),
    (("DROP", "TABLE"), definitions.drop_table),
    (("DROP", "VIEW"), definitions.drop_table),
    (("ALTER", "TABLE"), partitions.alter),
    (("MSCK", "REPAIR", "TABLE"), partitions.repair),
    (("SHOW", "TABLES"), showing.show_tables),
    (("SHOW", "VIEWS"), showing.show_views),
    (("SHOW", "DATABASES"), showing.show_databases),
    (("SHOW", "SCHEMAS"), showing.show_databases),
    (("SHOW", "PARTITIONS"), showing.show_partitions),
    (("SHOW", "COLUMNS"), showing.show_columns),
    (("SHOW", "CREATE", "VIEW"), showing.show_create_view),
    (("SHOW", "CREATE", "TABLE"), showing.show_create_table),
    (("DESCRIBE",), showing.describe),
    (("DESC",), showing.describe),
)
