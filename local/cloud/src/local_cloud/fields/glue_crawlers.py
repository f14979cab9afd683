"""The fields of the operations on crawlers."""

from local_cloud.catalog.entities import ACCOUNT
from local_cloud.crawler import policy
from local_cloud.fields.declaration import Fields, fields

OPERATIONS = frozenset(
    [
        "CreateCrawler",
        "UpdateCrawler",
        "DeleteCrawler",
        "GetCrawler",
        "GetCrawlers",
        "ListCrawlers",
        "BatchGetCrawlers",
        "StartCrawler",
        "StopCrawler",
        "ListCrawls",
        "GetCrawlerMetrics",
    ]
)
_PAGE = "NextToken MaxResults"
_KEPT = (
    "Name DatabaseName Description Targets TablePrefix SchemaChangePolicy RecrawlPolicy "
    "LineageConfiguration LakeFormationConfiguration Configuration"
)
# What SDKs and Terraform send for "none"; everything else of these would change a crawl.
_VALUES = {
    "Schedule": ("",),
    "Classifiers": (),
    "CrawlerSecurityConfiguration": ("",),
    "CatalogId": (ACCOUNT,),
}
_NEUTRAL = {"Role": "no policy is enforced"}

SHAPES: dict[str, Fields] = {
    "CreateCrawlerRequest": fields(f"{_KEPT} Tags", values=_VALUES, neutral=_NEUTRAL),
    "UpdateCrawlerRequest": fields(_KEPT, values=_VALUES, neutral=_NEUTRAL),
    "CrawlerTargets": fields(
        "S3Targets",
        values={
            "JdbcTargets MongoDBTargets DynamoDBTargets CatalogTargets DeltaTargets "
            "IcebergTargets HudiTargets": ()
        },
    ),
    "S3Target": fields(
        "Path Exclusions SampleSize",
        values={"ConnectionName EventQueueArn DlqEventQueueArn": ("",)},
    ),
    "SchemaChangePolicy": fields(
        values={
            "UpdateBehavior": (policy.LOG, policy.UPDATE),
            "DeleteBehavior": (policy.LOG, policy.DELETE, policy.DEPRECATE),
        }
    ),
    "RecrawlPolicy": fields(
        values={"RecrawlBehavior": (policy.EVERYTHING, policy.NEW_FOLDERS)}
    ),
    "LineageConfiguration": fields(values={"CrawlerLineageSettings": ("DISABLE",)}),
    "LakeFormationConfiguration": fields(
        values={"UseLakeFormationCredentials": (False,), "AccountId": ("",)}
    ),
    "DeleteCrawlerRequest": fields("Name"),
    "GetCrawlerRequest": fields("Name"),
    "GetCrawlersRequest": fields(_PAGE),
    "ListCrawlersRequest": fields(f"{_PAGE} Tags"),
    "BatchGetCrawlersRequest": fields("CrawlerNames"),
    "StartCrawlerRequest": fields("Name"),
    "StopCrawlerRequest": fields("Name"),
    "ListCrawlsRequest": fields(
        f"CrawlerName {_PAGE}",
        refused={"Filters": "crawls are listed newest first, all of them"},
    ),
    "GetCrawlerMetricsRequest": fields(f"CrawlerNameList {_PAGE}"),
}
