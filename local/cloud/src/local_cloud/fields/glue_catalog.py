"""The fields of the catalog's operations."""

from local_cloud.fields.declaration import Fields, fields

OPERATIONS = frozenset(
    [
        "CreateDatabase",
        "GetDatabase",
        "GetDatabases",
        "UpdateDatabase",
        "DeleteDatabase",
        "CreateTable",
        "GetTable",
        "GetTables",
        "UpdateTable",
        "DeleteTable",
        "BatchDeleteTable",
        "GetTableVersion",
        "GetTableVersions",
        "DeleteTableVersion",
        "BatchDeleteTableVersion",
        "CreatePartition",
        "GetPartition",
        "GetPartitions",
        "UpdatePartition",
        "DeletePartition",
        "BatchCreatePartition",
        "BatchGetPartition",
        "BatchUpdatePartition",
        "BatchDeletePartition",
        "CreatePartitionIndex",
        "GetPartitionIndexes",
        "DeletePartitionIndex",
        "GetTags",
        "TagResource",
        "UntagResource",
    ]
)
# The catalog of one account is here; `catalog/state.py` refuses every other CatalogId.
_TABLE = "CatalogId DatabaseName TableName"
_PAGE = "NextToken MaxResults"
_LAKE_FORMATION = "Lake Formation is not there"
_GOVERNED = "governed tables and their history are not there"
_ICEBERG = "Glue's own Iceberg metadata is not there; writers keep it themselves"
_FEDERATED = "nothing is federated with or shared by another catalog here"
_VIEWS = "views of several dialects are not there"

_DATABASES: dict[str, Fields] = {
    "CreateDatabaseRequest": fields("CatalogId DatabaseInput Tags"),
    "GetDatabaseRequest": fields("CatalogId Name"),
    "GetDatabasesRequest": fields(
        f"CatalogId {_PAGE}",
        values={
            "ResourceShareType": ("ALL", "FOREIGN", "FEDERATED"),
            "AttributesToGet": ("NAME", "TARGET_DATABASE"),
        },
    ),
    "UpdateDatabaseRequest": fields("CatalogId Name DatabaseInput"),
    "DeleteDatabaseRequest": fields("CatalogId Name"),
    "DatabaseInput": fields(
        "Name Description LocationUri Parameters CreateTableDefaultPermissions",
        refused={"TargetDatabase FederatedDatabase": _FEDERATED},
    ),
    # Everybody may do everything: what a catalog without Lake Formation has in each database (Lake
    # Formation's guide, "Changing the default settings for your data lake").
    "PrincipalPermissions": fields("Principal", values={"Permissions": ("ALL",)}),
    "DataLakePrincipal": fields(
        values={"DataLakePrincipalIdentifier": ("IAM_ALLOWED_PRINCIPALS",)}
    ),
}

_TABLES: dict[str, Fields] = {
    "CreateTableRequest": fields(
        "CatalogId DatabaseName TableInput PartitionIndexes",
        refused={"Name OpenTableFormatInput": _ICEBERG, "TransactionId": _GOVERNED},
    ),
    "GetTableRequest": fields(
        "CatalogId DatabaseName Name",
        values={"IncludeStatusDetails": (False,), "AttributesToGet": ("DEFAULT",)},
        refused={"TransactionId QueryAsOfTime": _GOVERNED, "AuditContext": _LAKE_FORMATION},
    ),
    "GetTablesRequest": fields(
        f"CatalogId DatabaseName Expression {_PAGE}",
        values={
            "ResourceShareType": ("ALL", "FEDERATED"),
            "IncludeStatusDetails": (False,),
            "AttributesToGet": ("NAME", "TABLE_TYPE"),
        },
        refused={"TransactionId QueryAsOfTime": _GOVERNED, "AuditContext": _LAKE_FORMATION},
    ),
    "UpdateTableRequest": fields(
        "CatalogId DatabaseName TableInput SkipArchive VersionId",
        values={"Force": (False,)},
        refused={
            "Name UpdateOpenTableFormatInput": _ICEBERG,
            "TransactionId": _GOVERNED,
            "ViewUpdateAction": _VIEWS,
        },
    ),
    "DeleteTableRequest": fields(
        "CatalogId DatabaseName Name", refused={"TransactionId": _GOVERNED}
    ),
    "BatchDeleteTableRequest": fields(
        "CatalogId DatabaseName TablesToDelete", refused={"TransactionId": _GOVERNED}
    ),
    "GetTableVersionRequest": fields(
        f"{_TABLE} VersionId", refused={"AuditContext": _LAKE_FORMATION}
    ),
    "GetTableVersionsRequest": fields(
        f"{_TABLE} {_PAGE}", refused={"AuditContext": _LAKE_FORMATION}
    ),
    "DeleteTableVersionRequest": fields(f"{_TABLE} VersionId"),
    "BatchDeleteTableVersionRequest": fields(f"{_TABLE} VersionIds"),
    # What a table says about itself is kept and given back; the crawler, Athena and Spark read
    # their parts of it.
    "TableInput": fields(
        "Name Description Owner LastAccessTime LastAnalyzedTime Retention StorageDescriptor "
        "PartitionKeys ViewOriginalText ViewExpandedText TableType Parameters",
        refused={"TargetTable FederatedTable": _FEDERATED, "ViewDefinition": _VIEWS},
    ),
    "StorageDescriptor": fields(
        "Columns Location AdditionalLocations InputFormat OutputFormat Compressed "
        "NumberOfBuckets SerdeInfo BucketColumns SortColumns Parameters SkewedInfo "
        "StoredAsSubDirectories",
        refused={"SchemaReference": "the schema registry is not there"},
    ),
    "Column": fields("Name Type Comment Parameters"),
    "SerDeInfo": fields("Name SerializationLibrary Parameters"),
    "Order": fields("Column SortOrder"),
    "SkewedInfo": fields("SkewedColumnNames SkewedColumnValues SkewedColumnValueLocationMaps"),
}

_PARTITIONS: dict[str, Fields] = {
    "CreatePartitionRequest": fields(f"{_TABLE} PartitionInput"),
    "GetPartitionRequest": fields(
        f"{_TABLE} PartitionValues", refused={"AuditContext": _LAKE_FORMATION}
    ),
    "GetPartitionsRequest": fields(
        f"{_TABLE} Expression Segment ExcludeColumnSchema {_PAGE}",
        refused={"TransactionId QueryAsOfTime": _GOVERNED, "AuditContext": _LAKE_FORMATION},
    ),
    "Segment": fields("SegmentNumber TotalSegments"),
    "UpdatePartitionRequest": fields(f"{_TABLE} PartitionValueList PartitionInput"),
    "DeletePartitionRequest": fields(f"{_TABLE} PartitionValues"),
    "BatchCreatePartitionRequest": fields(f"{_TABLE} PartitionInputList"),
    "BatchGetPartitionRequest": fields(
        f"{_TABLE} PartitionsToGet",
        refused={"AuditContext QuerySessionContext": _LAKE_FORMATION},
    ),
    "BatchUpdatePartitionRequest": fields(f"{_TABLE} Entries"),
    "BatchUpdatePartitionRequestEntry": fields("PartitionValueList PartitionInput"),
    "BatchDeletePartitionRequest": fields(f"{_TABLE} PartitionsToDelete"),
    "PartitionInput": fields(
        "Values LastAccessTime StorageDescriptor Parameters LastAnalyzedTime"
    ),
    "PartitionValueList": fields("Values"),
    "PartitionIndex": fields("Keys IndexName"),
    "CreatePartitionIndexRequest": fields(f"{_TABLE} PartitionIndex"),
    "GetPartitionIndexesRequest": fields(f"{_TABLE} NextToken"),
    "DeletePartitionIndexRequest": fields(f"{_TABLE} IndexName"),
}

_TAGS: dict[str, Fields] = {
    "GetTagsRequest": fields("ResourceArn"),
    "TagResourceRequest": fields("ResourceArn TagsToAdd"),
    "UntagResourceRequest": fields("ResourceArn TagsToRemove"),
}

SHAPES: dict[str, Fields] = {**_DATABASES, **_TABLES, **_PARTITIONS, **_TAGS}
