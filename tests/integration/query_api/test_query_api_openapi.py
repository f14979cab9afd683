"""The OpenAPI document against the running service: same paths, and answers of its shapes."""

from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator

from tests.integration.query_api.conftest import Answer, Api

RANGE = "from=2026-11-22T09:00:00Z&to=2026-11-22T11:00:00Z"
ASKED = {
    "/v1/assets": "/v1/assets?limit=2",
    "/v1/assets/{id}": "/v1/assets/bitcoin",
    "/v1/assets/{id}/quotes": f"/v1/assets/bitcoin/quotes?{RANGE}",
    "/v1/assets/{id}/candles": f"/v1/assets/bitcoin/candles?interval=5m&{RANGE}",
    "/v1/coverage": "/v1/coverage",
    "/v1/sql/functions": "/v1/sql/functions",
    "/openapi.json": "/openapi.json",
    "/status": "/status",
    "/healthz": "/healthz",
    "/readyz": "/readyz",
    "/metrics": "/metrics",
}
IN_EACH_FORM = {
    "/v1/assets",
    "/v1/assets/{id}/quotes",
    "/v1/assets/{id}/candles",
    "/v1/coverage",
}


@pytest.fixture
def document(api: Api) -> dict[str, Any]:
    found: dict[str, Any] = api.ask("/openapi.json", None).json()
    return found


def check(document: dict[str, Any], path: str, method: str, answer: Answer) -> None:
    """Whether an answer has the status, media type and shape that the document says."""
    responses = document["paths"][path][method]["responses"]
    said = responses.get(str(answer.status_code), responses["default"])
    if "$ref" in said:
        said = document["components"]["responses"]["Problem"]
    media, content = next(iter(said["content"].items()))
    assert (answer.headers["Content-Type"] or "").startswith(media)
    if media != "text/plain":
        schema = {**content["schema"], "components": document["components"]}
        OAS31Validator(schema).validate(answer.json())


@pytest.mark.parametrize("path", ASKED)
def test_each_documented_path_answers_in_its_shape(
    api: Api, document: dict[str, Any], path: str
) -> None:
    answer = api.ask(ASKED[path], api.sql_key)

    assert answer.status_code == 200
    check(document, path, "get", answer)


def test_the_document_names_each_path_and_no_other(api: Api, document: dict[str, Any]) -> None:
    documented = {
        (path, method.upper()) for path, item in document["paths"].items() for method in item
    }

    assert documented == {
        *((path, "GET") for path in ASKED),
        *((path + ".{format}", "GET") for path in ASKED if path in IN_EACH_FORM),
        ("/v1/queries/{id}.{format}", "GET"),
        ("/v1/queries", "POST"),
        ("/v1/queries/{id}", "GET"),
        ("/v1/queries/{id}", "DELETE"),
    }
    for path, method in documented:
        filled = path.replace("{id}", "x").replace("{format}", "csv")
        status = api.ask(filled, api.sql_key, method).status_code
        assert status != 405, f"{method} {path}"


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
