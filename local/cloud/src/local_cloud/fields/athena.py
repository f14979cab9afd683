"""The fields of Athena's operations."""

from local_cloud.catalog.entities import ACCOUNT
from local_cloud.fields.declaration import Fields, Service, fields

OPERATIONS = frozenset(
    [
        "StartQueryExecution",
        "GetQueryExecution",
        "BatchGetQueryExecution",
        "ListQueryExecutions",
        "StopQueryExecution",
        "GetQueryResults",
        "GetQueryRuntimeStatistics",
        "CreateWorkGroup",
        "GetWorkGroup",
        "UpdateWorkGroup",
        "DeleteWorkGroup",
        "ListWorkGroups",
        "GetDataCatalog",
        "ListDataCatalogs",
        "ListDatabases",
        "GetTableMetadata",
        "ListTableMetadata",
    ]
)
_PAGE = "NextToken MaxResults"
_ENGINES = ("AUTO", "Athena engine version 3")
_SPARK = "Athena for Apache Spark is not there"
_PLAIN = "objects are not encrypted here"
_ONE_ACCOUNT = "every object belongs to the one account that is here"
_IDENTITY = "IAM Identity Center is not there"
_WORKGROUP = {"WorkGroup": "only IAM Identity Center asks for it, says the API reference"}
_CONFIGURATION = {
    "AdditionalConfiguration ExecutionRole EngineConfiguration MonitoringConfiguration": _SPARK,
    "CustomerContentEncryptionConfiguration": _PLAIN,
    "QueryResultsS3AccessGrantsConfiguration": "S3 Access Grants are not there",
}
# Settings that are off here; to turn one on would change nothing.
_OFF: dict[str, tuple[object, ...]] = {
    "PublishCloudWatchMetricsEnabled": (False,),
    "RequesterPaysEnabled": (False,),
    "EnableMinimumEncryptionConfiguration": (False,),
}

_QUERIES: dict[str, Fields] = {
    "StartQueryExecutionInput": fields(
        "QueryString ClientRequestToken QueryExecutionContext ResultConfiguration WorkGroup "
        "ExecutionParameters ResultReuseConfiguration",
        refused={"EngineConfiguration": _SPARK},
    ),
    "QueryExecutionContext": fields("Database Catalog"),
    "ResultConfiguration": fields(
        "OutputLocation",
        values={"ExpectedBucketOwner": (ACCOUNT,)},
        refused={"EncryptionConfiguration": _PLAIN, "AclConfiguration": _ONE_ACCOUNT},
    ),
    "ResultReuseConfiguration": fields("ResultReuseByAgeConfiguration"),
    "ResultReuseByAgeConfiguration": fields(
        values={"Enabled": (False,)},
        neutral={"MaxAgeInMinutes": "read only where reuse is enabled"},
    ),
    "GetQueryExecutionInput": fields("QueryExecutionId"),
    "GetQueryRuntimeStatisticsInput": fields("QueryExecutionId"),
    "BatchGetQueryExecutionInput": fields("QueryExecutionIds"),
    "ListQueryExecutionsInput": fields(f"{_PAGE} WorkGroup"),
    "StopQueryExecutionInput": fields("QueryExecutionId"),
    "GetQueryResultsInput": fields(
        f"QueryExecutionId {_PAGE}", values={"QueryResultType": ("DATA_ROWS",)}
    ),
}

_WORKGROUPS: dict[str, Fields] = {
    "CreateWorkGroupInput": fields(
        "Name Configuration Description", refused={"Tags": "Athena's tags are not there"}
    ),
    "WorkGroupConfiguration": fields(
        "ResultConfiguration ManagedQueryResultsConfiguration EnforceWorkGroupConfiguration "
        "BytesScannedCutoffPerQuery EngineVersion",
        values=_OFF,
        refused={**_CONFIGURATION, "IdentityCenterConfiguration": _IDENTITY},
    ),
    "ManagedQueryResultsConfiguration": fields(
        values={"Enabled": (False,)}, refused={"EncryptionConfiguration": _PLAIN}
    ),
    "EngineVersion": fields(
        values={"SelectedEngineVersion": _ENGINES},
        neutral={"EffectiveEngineVersion": "read only, says the API reference"},
    ),
    "GetWorkGroupInput": fields("WorkGroup"),
    "UpdateWorkGroupInput": fields(
        "WorkGroup Description ConfigurationUpdates",
        values={"State": ("ENABLED", "DISABLED")},
    ),
    "WorkGroupConfigurationUpdates": fields(
        "EnforceWorkGroupConfiguration ResultConfigurationUpdates "
        "ManagedQueryResultsConfigurationUpdates BytesScannedCutoffPerQuery "
        "RemoveBytesScannedCutoffPerQuery EngineVersion",
        values=_OFF,
        neutral={"RemoveCustomerContentEncryptionConfiguration": "there is never one"},
        refused=_CONFIGURATION,
    ),
    "ResultConfigurationUpdates": fields(
        "OutputLocation RemoveOutputLocation RemoveExpectedBucketOwner",
        values={"ExpectedBucketOwner": (ACCOUNT,)},
        neutral={"RemoveEncryptionConfiguration RemoveAclConfiguration": "there is never one"},
        refused={"EncryptionConfiguration": _PLAIN, "AclConfiguration": _ONE_ACCOUNT},
    ),
    "ManagedQueryResultsConfigurationUpdates": fields(
        values={"Enabled": (False,)},
        neutral={"RemoveEncryptionConfiguration": "there is never one"},
        refused={"EncryptionConfiguration": _PLAIN},
    ),
    "DeleteWorkGroupInput": fields("WorkGroup RecursiveDeleteOption"),
    "ListWorkGroupsInput": fields(_PAGE),
}

_CATALOG: dict[str, Fields] = {
    "GetDataCatalogInput": fields("Name", neutral=_WORKGROUP),
    "ListDataCatalogsInput": fields(_PAGE, neutral=_WORKGROUP),
    "ListDatabasesInput": fields(f"CatalogName {_PAGE}", neutral=_WORKGROUP),
    "GetTableMetadataInput": fields("CatalogName DatabaseName TableName", neutral=_WORKGROUP),
    "ListTableMetadataInput": fields(
        f"CatalogName DatabaseName Expression {_PAGE}", neutral=_WORKGROUP
    ),
}

ATHENA = Service(
    "athena", "InvalidRequestException", OPERATIONS, {**_QUERIES, **_WORKGROUPS, **_CATALOG}
)
