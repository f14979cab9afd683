"""The OpenAPI document against the running service: answers of the shapes that it says.

Whether each route is documented is asked in tests/unit/query_api/test_query_openapi.py.
"""

from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator

from tests.integration.query_api.conftest import Answer, Api


@pytest.fixture
def document(api: Api) -> dict[str, Any]:
    found: dict[str, Any] = api.ask("/openapi.json", None).json()
    return found


def check(document: dict[str, Any], path: str, method: str, answer: Answer) -> None:
    """Whether an answer has the status, media type and shape that the document says."""
    responses = document["paths"][path][method]["responses"]
    said = responses[str(answer.status_code)]
    if "$ref" in said:
        said = document["components"]["responses"][said["$ref"].split("/")[-1]]
    media = (answer.headers["Content-Type"] or "").split(";")[0]
    assert media in said["content"]
    if media.endswith("json"):
        schema = {**said["content"][media]["schema"], "components": document["components"]}
        OAS31Validator(schema).validate(answer.json())


def test_each_example_answers_in_the_shape_that_is_documented(
    typed_api: Api, document: dict[str, Any]
) -> None:
    asked = {
        path: item["get"]["x-example"]
        for path, item in document["paths"].items()
        if "x-example" in item.get("get", {})
    }

    for path, example in asked.items():
        answer = typed_api.ask(example, typed_api.sql_key)
        assert answer.status_code == 200, f"{example}: {answer.text}"
        check(document, path, "get", answer)
    # All but the queries, whose ids nobody knows before, and the page's files, whose version nobody does.
    assert set(document["paths"]) - set(asked) == {
        "/v1/queries",
        "/v1/queries/{id}",
        "/v1/queries/{id}.{format}",
        "/page/{version}/{name}",
        "/page/{version}/{folder}/{name}",
    }


def test_what_sql_may_hold_is_told_in_json_and_to_keys_of_sql(api: Api) -> None:
    csv = api.ask("/v1/sql/functions", api.sql_key, headers={"Accept": "text/csv"})
    reader = api.ask("/v1/sql/functions", api.read_key)
    shown = api.ask("/v1/sql/functions", api.other_key).json()

    assert (csv.status_code, reader.status_code) == (406, 403)
    assert {"name": "array_agg", "allowed": True, "about": "aggregates"} in shown["functions"]


def test_sql_answers_in_its_shape_at_each_step(api: Api, document: dict[str, Any]) -> None:
    done = api.sql("select asset_id, price_usd from quotes")
    begun = api.sql("select 1 as one", wait=0)
    where = begun.headers["Location"] or f"/v1/queries/{begun.json()['id']}"
    fetched = api.ask(f"{where}?wait=20", api.sql_key)
    deleted = api.ask(where, api.sql_key, "DELETE")
    failed = api.sql("select nothing_like_it from quotes")

    for path, method, answer in (
        ("/v1/queries", "post", done),
        ("/v1/queries", "post", begun),
        ("/v1/queries/{id}", "get", fetched),
        ("/v1/queries/{id}", "delete", deleted),
        ("/v1/queries", "post", failed),
    ):
        check(document, path, method, answer)
    assert deleted.json()["state"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("path", "asked", "status"),
    [
        ("/v1/assets", "/v1/assets?limit=0", 400),
        ("/v1/assets/{id}", "/v1/assets/none", 404),
        ("/v1/coverage", "/v1/coverage?x=1", 400),
    ],
)
def test_problems_are_in_their_shape(
    api: Api, document: dict[str, Any], path: str, asked: str, status: int
) -> None:
    answer = api.ask(asked)

    assert answer.status_code == status
    check(document, path, "get", answer)
