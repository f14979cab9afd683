"""What Glue Data Quality is asked, and what is kept of its answers."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from coinlake.contracts.glue_quality import RULED_BY_GLUE
from coinlake.contracts.quality import ROW_RULES
from coinlake.errors import TransientError
from coinlake_tools import quality_glue, resources
from coinlake_tools.quality_glue import EvaluationRequest, GlueOutcome, outcomes, result_key
from coinlake_tools.resources import Lake
from tests.labs.bucket import store_in_memory

AT = datetime(2026, 11, 21, 3, tzinfo=UTC)
SOURCE = {
    "GlueTable": {
        "DatabaseName": "coinlake",
        "TableName": "rates",
        "AdditionalOptions": {"catalogPartitionPredicate": "dt = '2026-11-20'"},
    }
}


def result(result_id: str = "r1", **more: Any) -> dict[str, Any]:
    rules = [
        {"Name": "Rule_1", "Description": 'IsComplete   "source_ts"', "Result": "PASS"},
        {"Name": "Rule_2", "EvaluatedRule": "RowCount > 0", "Result": "ERROR"},
    ]
    told = {
        "ResultId": result_id,
        "DataSource": SOURCE,
        "RulesetName": "coinlake-rates",
        "StartedOn": AT,
        "CompletedOn": AT,
        "RuleResults": rules,
    }
    return {**told, **more}


class Glue:
    """Answers of Glue, in order by operation."""

    def __init__(self, **answers: list[dict[str, Any]]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, operation: str) -> Any:
        async def answer(**request: Any) -> dict[str, Any]:
            self.asked.append((operation, request))
            return self.answers[operation].pop(0)

        return answer


def test_a_day_of_a_table_is_asked_for_row_by_row_with_the_fewest_workers() -> None:
    request = EvaluationRequest("lake", "2026-11-20", "role").of("rates")

    assert request["DataSource"]["GlueTable"] == {
        "DatabaseName": "lake",
        "TableName": "rates",
        "AdditionalOptions": {"catalogPartitionPredicate": "dt = '2026-11-20'"},
    }
    assert request["RulesetNames"] == ["coinlake-rates"]
    assert request["AdditionalRunOptions"] == {"CompositeRuleEvaluationMethod": "ROW"}
    assert request["NumberOfWorkers"] == 2


def test_a_line_says_our_name_of_the_rule_and_what_was_judged() -> None:
    first, second = outcomes(result(AggregatedMetrics={"TotalRowsProcessed": 40.0}))

    ms = int(AT.timestamp() * 1000)
    predicate = "dt = '2026-11-20'"
    assert first == GlueOutcome(
        *("r1", "coinlake-rates", "rates", predicate, ms, ms, "source_time_near"),
        *('IsComplete   "source_ts"', "PASS", None, 40),
    )
    # What no rule of now says is kept, without a name; how many rows may be unknown.
    assert (second.rule, second.dqdl, second.result) == (None, "RowCount > 0", "ERROR")
    assert [line.rows for line in outcomes(result())] == [None, None]


async def test_results_are_kept_once_and_those_of_others_are_left_alone() -> None:
    other = {"GlueTable": {"DatabaseName": "theirs", "TableName": "rates"}}
    pages: list[dict[str, Any]] = [
        {"Results": [result("r1"), result("r2", DataSource=other)], "NextToken": "n"},
        {"Results": [result("r3"), {"ResultId": "of a job", "StartedOn": AT}]},
    ]
    store = store_in_memory()
    await store.put(result_key("r1"), b"kept before")
    glue = Glue(list_data_quality_results=pages, get_data_quality_result=[result("r3")])

    made = await quality_glue.collected(glue, store, "coinlake", "2026-11-20")

    assert (made.new, made.known) == (1, 1)
    assert store.bucket.objects[result_key("r1")].body == b"kept before"
    lines = store.bucket.objects[result_key("r3")].body.splitlines()
    assert [json.loads(line)["rule"] for line in lines] == ["source_time_near", None]
    (_, asked), (_, paged), _ = glue.asked
    assert asked["Filter"]["StartedAfter"] == datetime(2026, 11, 20, tzinfo=UTC)
    assert paged == {**asked, "NextToken": "n"}


async def test_a_run_is_waited_for_and_one_that_fails_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(quality_glue, "_POLL_S", 0)
    working = {"Status": "STARTING"}, {"Status": "RUNNING"}
    good = Glue(
        get_data_quality_ruleset_evaluation_run=[
            *working,
            {"Status": "SUCCEEDED", "ResultIds": ["r1"]},
        ]
    )
    bad = Glue(
        get_data_quality_ruleset_evaluation_run=[
            {"Status": "FAILED", "ErrorString": "no such column"}
        ]
    )

    assert await quality_glue.ended(good, "run") == ["r1"]
    with pytest.raises(TransientError, match="run FAILED: no such column"):
        await quality_glue.ended(bad, "run")


def test_each_table_whose_rules_can_be_said_has_a_ruleset() -> None:
    made = resources.rulesets(Lake("b", "lake", "role"))

    assert [one["Name"] for one in made] == [f"coinlake-{table}" for table in RULED_BY_GLUE]
    assert {one["TargetTable"]["TableName"] for one in made} == set(ROW_RULES)


def test_the_table_of_results_has_a_column_for_each_field_of_a_line() -> None:
    table = resources.glue_quality_table(Lake("b", "lake", "role"))

    names = [column["Name"] for column in table["StorageDescriptor"]["Columns"]]
    assert names == list(GlueOutcome.__dataclass_fields__)
    assert table["StorageDescriptor"]["Location"] == "s3://b/quality/"
