"""What a person's commands call, and what each call is billed as: beside what the services do by themselves."""

from coinlake_tools.operations import Billed

BY_HAND: dict[str, Billed] = {
    # `coinlake provision`, once for a lake; `repair`, `abandon`, `epoch`, `audit --full`: a person's deeds.
    "s3:CreateBucket": Billed.PUT,
    "s3:PutObject": Billed.PUT,
    "s3:ListObjectsV2": Billed.PUT,
    "s3:HeadObject": Billed.GET,
    "s3:GetObject": Billed.GET,
    # `coinlake doctor` and `certify` ask for partitions, `provision` for tables.
    "glue:GetTable": Billed.CATALOG,
    "glue:GetPartitions": Billed.CATALOG,
    "glue:CreateDatabase": Billed.CATALOG,
    "glue:CreateTable": Billed.CATALOG,
    "glue:UpdateTable": Billed.CATALOG,
    "glue:CreateJob": Billed.FREE,
    "glue:UpdateJob": Billed.FREE,
    "glue:CreateCrawler": Billed.FREE,
    "glue:UpdateCrawler": Billed.FREE,
    "athena:CreateWorkGroup": Billed.FREE,
    "athena:StartQueryExecution": Billed.FREE,
    "athena:GetQueryExecution": Billed.FREE,
    "glue:CreateDataQualityRuleset": Billed.FREE,
    "glue:UpdateDataQualityRuleset": Billed.FREE,
    # `coinlake quality`: an evaluation is billed by its DPU-hours, not by the call.
    "glue:StartDataQualityRulesetEvaluationRun": Billed.FREE,
    "glue:GetDataQualityRulesetEvaluationRun": Billed.FREE,
    "glue:ListDataQualityResults": Billed.FREE,
    "glue:GetDataQualityResult": Billed.FREE,
}
