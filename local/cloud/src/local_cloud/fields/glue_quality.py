"""The fields of the operations on data quality."""

from local_cloud.catalog.entities import ACCOUNT
from local_cloud.fields.declaration import Fields, fields

OPERATIONS = frozenset(
    [
        "CreateDataQualityRuleset",
        "UpdateDataQualityRuleset",
        "GetDataQualityRuleset",
        "DeleteDataQualityRuleset",
        "StartDataQualityRulesetEvaluationRun",
        "GetDataQualityRulesetEvaluationRun",
        "ListDataQualityResults",
        "GetDataQualityResult",
    ]
)
_CATALOG = {"CatalogId": (ACCOUNT,)}

SHAPES: dict[str, Fields] = {
    "CreateDataQualityRulesetRequest": fields(
        "Name Description Ruleset TargetTable",
        values={"Tags": ()},
        refused={
            "DataQualitySecurityConfiguration": "nothing here is encrypted",
            "ClientToken": "a ruleset of the same name is refused, whoever asks",
        },
    ),
    "DataQualityTargetTable": fields("TableName DatabaseName", values=_CATALOG),
    "UpdateDataQualityRulesetRequest": fields("Name Description Ruleset"),
    "GetDataQualityRulesetRequest": fields("Name"),
    "DeleteDataQualityRulesetRequest": fields("Name"),
    "StartDataQualityRulesetEvaluationRunRequest": fields(
        "DataSource NumberOfWorkers RulesetNames AdditionalRunOptions",
        neutral={
            "Role": "no policy is enforced",
            "Timeout": "a run here reads what it can at once, and is never stopped",
        },
        refused={
            "ClientToken": "each call starts a run",
            "AdditionalDataSources": "no rule that is evaluated here has a second source",
        },
    ),
    "DataSource": fields(
        "GlueTable", refused={"DataQualityGlueTable": "queries before the rules are not there"}
    ),
    "GlueTable": fields(
        "DatabaseName TableName AdditionalOptions",
        values=_CATALOG,
        refused={"ConnectionName": "connections are not there"},
    ),
    "DataQualityEvaluationRunAdditionalRunOptions": fields(
        values={
            "CompositeRuleEvaluationMethod": ("ROW", "COLUMN"),
            "CloudWatchMetricsEnabled": (False,),
            "ObservationScope": ("NONE",),
        },
        refused={
            "ResultsS3Prefix": "results are told by GetDataQualityResult alone",
            "CustomLogGroupPrefix": "there are no log groups",
            "RowLevelResults": "rows are not written",
            "ProfilingResults": "there are no profiles",
            "ObservationMode": "there are no observations",
            "DataQualityRuleResults": "results are told by GetDataQualityResult alone",
            "ObservationResults": "there are no observations",
        },
    ),
    "GetDataQualityRulesetEvaluationRunRequest": fields("RunId"),
    "ListDataQualityResultsRequest": fields("Filter NextToken MaxResults"),
    "DataQualityResultFilterCriteria": fields(
        "DataSource StartedAfter",
        refused={
            "JobName": "no job evaluates rules here",
            "JobRunId": "no job evaluates rules here",
            "StartedBefore": "results are told up to now",
        },
    ),
    "GetDataQualityResultRequest": fields("ResultId"),
}
