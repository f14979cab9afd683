"""Nobody pays twice: one process, two replicas, versions that come and go; over a real Athena."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.integration.query_api.conftest import Answer, Api, Cloud, StartApi, published_lake
from tests.integration.query_api.queries import executions

SALT = {"QUERY_API_ATHENA__TOKEN_SALT": "a salt that both replicas have"}
CLOSED = "from=2026-11-22T09:00:00Z&to=2026-11-22T10:00:00Z"


def together(apis: list[Api], path: str, count: int, body: Any = None) -> list[Answer]:
    """The same request so many times at once, in turn to each replica."""

    def ask(number: int) -> Answer:
        api = apis[number % len(apis)]
        if body is None:
            return api.ask(path)
        return api.ask(path, api.sql_key, "POST", body=body)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(ask, range(count)))


@pytest.fixture(scope="module")
def replicas(start_api: StartApi) -> list[Api]:
    return [start_api(**SALT), start_api(**SALT)]


SQL = {
    "of some days": "select count(*) as n from quotes where dt = '2026-11-22' and {} = {}",
    "of all": "select asset_id, max(price_usd) from quotes group by 1 having {} = {}",
}


@pytest.mark.parametrize("many", [1, 2], ids=["one replica", "two replicas"])
@pytest.mark.parametrize(
    "path",
    [
        "/v1/assets?limit={}",
        "/v1/assets/bitcoin/quotes?" + CLOSED + "&limit={}",
        "/v1/assets/bitcoin/candles?interval=1m&from=2026-11-22T09:0{}:00Z&to=2026-11-22T11:00:00Z",
    ],
    ids=["live", "closed", "candles"],
)
def test_a_hundred_identical_requests_are_one_query(
    replicas: list[Api], cloud: Cloud, path: str, many: int
) -> None:
    asked = path.format(many)
    before = set(executions(cloud))

    answers = together(replicas[:many], asked, 100)

    assert {answer.status_code for answer in answers} == {200}
    assert len({str(answer.json()["data"]) for answer in answers}) == 1
    assert len(set(executions(cloud)) - before) == 1


@pytest.mark.parametrize("many", [1, 2], ids=["one replica", "two replicas"])
@pytest.mark.parametrize("kind", SQL)
def test_a_hundred_identical_statements_are_one_query(
    replicas: list[Api], cloud: Cloud, kind: str, many: int
) -> None:
    sql = SQL[kind].format(many, many)
    before = set(executions(cloud))

    answers = together(replicas[:many], "/v1/queries", 100, {"sql": sql, "wait": 30})

    assert {answer.status_code for answer in answers} == {200}
    assert len({str(answer.json()["rows"]) for answer in answers}) == 1
    assert len({answer.json()["id"] for answer in answers}) == 100
    assert len(set(executions(cloud)) - before) == 1


def test_without_a_salt_of_theirs_two_processes_share_nothing(
    start_api: StartApi, cloud: Cloud
) -> None:
    apis = [start_api(), start_api()]
    before = set(executions(cloud))

    together(apis, f"/v1/assets/ether/quotes?{CLOSED}", 2)

    assert len(set(executions(cloud)) - before) == 2


def test_statements_of_the_clock_are_asked_each_time(api: Api, cloud: Cloud) -> None:
    before = set(executions(cloud))

    rows = [api.sql("select now(), count(*) from rates").json()["rows"][0] for _ in range(2)]

    assert rows[0][0] < rows[1][0]
    assert len(set(executions(cloud)) - before) == 2


def test_a_tag_saves_the_query_and_a_star_too(api: Api, cloud: Cloud) -> None:
    path = f"/v1/assets/bitcoin/candles?interval=5m&{CLOSED}"
    first = api.ask(path)
    tag = str(first.headers["ETag"])
    before = set(executions(cloud))

    same = api.ask(path, headers={"If-None-Match": f'"other", {tag.removeprefix("W/")}'})
    star = api.ask(path, headers={"If-None-Match": "*"})
    other = api.ask(path, headers={"If-None-Match": '"other"'})
    wider = api.ask(path.replace("T09:00", "T08:00"), headers={"If-None-Match": tag})

    assert tag.startswith('W/"')
    assert (same.status_code, same.text, same.headers["ETag"]) == (304, "", tag)
    assert star.status_code == 304
    assert other.status_code == wider.status_code == 200
    assert (
        first.headers["Cache-Control"] == same.headers["Cache-Control"] == "private, no-cache"
    )
    assert len(set(executions(cloud)) - before) == 1


@pytest.mark.parametrize("path", ["/v1/assets", "/v1/coverage", "/openapi.json"])
def test_a_star_means_any_answer_that_is_there(api: Api, path: str) -> None:
    assert api.ask(path, headers={"If-None-Match": "*"}).status_code == 304


def test_a_star_means_nothing_where_nothing_is(api: Api) -> None:
    answer = api.ask("/v1/assets/no-such-coin", headers={"If-None-Match": "*"})

    assert answer.status_code == 404


@pytest.fixture
def republish(cloud: Cloud) -> Iterator[Any]:
    """Publishes an hour of the lake with one price changed; the old one comes back at the end."""
    lake, s3 = published_lake(), cloud.client("s3")
    listed = s3.list_objects_v2(Bucket="coinlake", Prefix="ledger/feed=assets/")["Contents"]
    newest = max(int(one["Key"].rsplit("/", 1)[1][:-5]) for one in listed)
    versions = iter(range(newest + 1, newest + 100))

    def publish(price: str) -> None:
        rows = [dict(one) for one in lake.QUOTE_ROWS[lake.NINE]]
        rows[0] |= {"price_usd": lake.Decimal(price)}
        lake._put(s3, lake.QUOTES, lake.NINE, rows)
        lake.commit(s3, "assets", lake.NINE, version=next(versions), complete=True)

    yield publish
    publish("100.000000000000000001")


def prices(answer: Answer) -> list[str]:
    return [row["price_usd"][:3] for row in answer.json()["data"]]


def test_after_an_hour_is_published_the_next_call_sees_it(
    start_api: StartApi, republish: Any
) -> None:
    # As it is delivered: views of the ledger are kept for a while.
    api = start_api(QUERY_API_LEDGER_TTL_S="60", QUERY_API_LEDGER_FULL_S="600")
    path = f"/v1/assets/bitcoin/quotes?{CLOSED}"
    sql = "select max(price_usd) from quotes where dt = '2026-11-22' and hour = '09'"
    first, first_sql = api.ask(path), api.sql(sql)

    republish("170")
    second, second_sql = api.ask(path), api.sql(sql)
    with_tag = api.ask(path, headers={"If-None-Match": str(first.headers["ETag"])})
    third = api.ask(path)

    assert "170" not in prices(first)
    assert "170" in prices(second)
    assert "170" in prices(with_tag)
    assert third.json()["meta"]["kept"] is True
    assert second.headers["ETag"] == third.headers["ETag"] != first.headers["ETag"]
    assert first_sql.json()["rows"] != second_sql.json()["rows"] == [["170.000000000000000000"]]
    before, after = (one.json()["meta"]["dataset_version"] for one in (first, second))
    assert before != after == second.json()["meta"]["dataset_version_after"]


def test_a_version_is_told_as_it_was_or_is_gone(start_api: StartApi, republish: Any) -> None:
    api = start_api()
    path = f"/v1/assets/bitcoin/quotes?{CLOSED}"
    sql = "select max(price_usd) from quotes where dt = '2026-11-22' and hour <= '09'"
    first, first_sql = api.ask(path), api.sql(sql)
    version = first.json()["meta"]["dataset_version"]
    sql_version = first_sql.json()["meta"]["dataset_version"]

    republish("180")
    moved = api.ask(path), api.sql(sql)
    old, old_sql = api.ask(f"{path}&as_of={version}"), api.sql(sql, as_of=sql_version)
    other = api.ask(f"{path}&limit=1&as_of={version}")
    restarted = start_api().ask(f"{path}&as_of={version}")
    no_version = api.ask(f"{path}&as_of=yesterday")

    assert "180" in prices(moved[0])
    assert moved[1].json()["rows"] == [["180.000000000000000000"]]
    assert old.json()["data"] == first.json()["data"]
    assert old.json()["meta"]["dataset_version"] == version
    assert old_sql.json()["rows"] == first_sql.json()["rows"]
    assert (other.status_code, restarted.status_code) == (410, 410)
    assert other.json()["type"] == "urn:coinlake:problem:version_gone"
    assert no_version.status_code == 400


def test_data_that_are_too_old_are_refused_with_their_age(api: Api) -> None:
    path = f"/v1/assets/bitcoin/quotes?{CLOSED}"

    typed = api.ask(f"{path}&max_age=60")
    sql = api.sql("select count(*) from quotes", max_age=60)
    fine = api.ask(f"{path}&max_age=999999999")
    # A reload in a browser sends this: it is about answers that are given again, not about data.
    reload = api.ask(path, headers={"Cache-Control": "max-age=0"})

    for refused in (typed, sql):
        assert refused.status_code == 412
        assert refused.json()["type"] == "urn:coinlake:problem:too_old"
        assert "2026-11-22T10:07:01.000Z" in refused.json()["detail"]
    assert fine.status_code == reload.status_code == 200
    assert reload.json()["meta"]["kept"] is False
    assert api.ask(f"{path}&max_age=soon").status_code == 400
