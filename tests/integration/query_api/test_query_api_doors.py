"""Keys, anonymous reads, wrong parameters and slow connections at the real listener."""

import http.client
import select
import socket
import time

import pytest

from tests.integration.query_api.conftest import Api, StartApi, until
from tests.integration.query_api.queries import endless, post


@pytest.mark.parametrize(("key", "status"), [(None, 401), ("wrong", 401), ("read-key", 200)])
def test_reads_need_a_key(api: Api, key: str | None, status: int) -> None:
    answer = api.ask("/v1/coverage", key)

    assert answer.status_code == status


def test_the_other_header_works_too(api: Api) -> None:
    answer = api.ask("/v1/coverage", None, headers={"X-API-Key": api.read_key})

    assert answer.status_code == 200


def test_anonymous_reads_read_but_never_run_sql(start_api: StartApi) -> None:
    api = start_api(QUERY_API_ANONYMOUS_READ="true")

    read, wrong_key = api.ask("/v1/coverage", None), api.ask("/v1/coverage", "wrong")
    sql = api.ask("/v1/queries", None, "POST", body={"sql": "select 1"})

    assert read.status_code == 200
    assert wrong_key.status_code == sql.status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/v1/assets?limit=0",
        "/v1/assets?limit=x",
        "/v1/assets?nonsense=1",
        "/v1/assets/bit%00coin",
        "/v1/assets/bit%ffcoin",
        "/v1/assets?symbol=%ff",
        "/v1/assets?ids=",
        "/v1/quotes",
        "/v1/candles?interval=1h",
        "/v1/movers?window=2h",
        "/v1/movers?min_volume_usd=-1",
        "/v1/tables?x=1",
        "/v1/assets/bitcoin/quotes?from=yesterday",
        "/v1/assets/bitcoin/quotes?from=2026-11-22&to=2026-11-21",
        "/v1/assets/bitcoin/quotes?from=2020-01-01&to=2026-11-21",
        "/v1/assets/bitcoin/quotes?order=up",
        "/v1/assets/bitcoin/quotes?limit=1&limit=2",
        "/v1/assets/bitcoin/candles?interval=2h",
        "/v1/assets/bitcoin/candles?interval=1m&from=2020-01-01",
    ],
)
def test_a_wrong_parameter_is_400(api: Api, path: str) -> None:
    answer = api.ask(path)

    assert answer.status_code == 400
    assert answer.json()["status"] == 400


def test_unknown_paths_and_methods_are_problems(api: Api) -> None:
    unknown, method = api.ask("/v1/nothing"), api.ask("/v1/assets", method="POST")

    assert (unknown.status_code, method.status_code) == (404, 405)
    assert unknown.headers["Content-Type"] == "application/problem+json"
    assert "GET" in method.headers["Allow"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/assets/", 404),
        ("/v1//assets", 404),
        ("/v1/assets/bitcoin/", 404),
        ("/v1/assets/..%2f..%2fetc", 404),
        ("/v1/assets/%2e%2e", 404),
        ("/v1/assets/%zz", 404),
        ("/v1/assets/%00", 400),
        ("/v1/assets/%0a", 400),
        ("/v1/assets/%c3%28", 400),
        ("/v1/assets/%20", 400),
        ("/v1/assets?symbol=%00", 400),
        ("/v1/assets?%ff=1", 400),
        ("/v1/tables/quotes%2f", 404),
        ("/V1/assets", 404),
    ],
)
def test_an_odd_path_is_a_problem_and_never_ours(api: Api, path: str, status: int) -> None:
    answer = api.ask(path)

    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path", ["/v1/tables", "/v1/assets/bitcoin", "/v1/coverage", "/openapi.json", "/healthz"]
)
def test_head_tells_the_headers_of_get_and_no_body(api: Api, path: str) -> None:
    whole, head = api.ask(path), api.ask(path, method="HEAD")

    assert (head.status_code, head.text) == (200, "")
    assert head.headers["Content-Type"] == whole.headers["Content-Type"]
    assert int(head.headers["Content-Length"]) > 0


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [
        ("/v1/assets", "POST", {"GET", "HEAD"}),
        ("/v1/tables/quotes", "DELETE", {"GET", "HEAD"}),
        ("/v1/queries", "GET", {"POST"}),
        ("/v1/queries/x", "PATCH", {"GET", "HEAD", "DELETE"}),
        ("/openapi.json", "OPTIONS", {"GET", "HEAD"}),
    ],
)
def test_another_method_is_told_which_work(
    api: Api, path: str, method: str, allowed: set[str]
) -> None:
    answer = api.ask(path, api.sql_key, method)

    assert answer.status_code == 405
    assert answer.json()["type"] == "urn:coinlake:problem:method_not_allowed"
    assert set(answer.headers["Allow"].split(",")) == allowed


def test_a_connection_that_sends_no_request_is_closed(start_api: StartApi) -> None:
    api = start_api(QUERY_API_LIMITS__HEADER_DEADLINE_S="0.3")

    with socket.create_connection(("127.0.0.1", api.port), timeout=20) as client:
        client.sendall(b"GET /v1/assets HTTP/1.1\r\nX-Slow: ")
        try:
            ended = client.recv(1)
        except ConnectionResetError:
            ended = b""

    assert ended == b""


def _closed_within(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


BODY = (
    b"POST /v1/queries HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sql-key\r\n"
    b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
)


@pytest.mark.parametrize(
    "begun",
    [
        pytest.param(BODY, id="its body"),
        pytest.param(BODY.replace(b"sql-key", b"wrong-key"), id="the body behind a wrong key"),
        pytest.param(
            BODY.replace(b"POST /v1/queries", b"GET /healthz"), id="a body nobody reads"
        ),
        pytest.param(
            BODY.replace(b"Content-Length: 1000", b"Transfer-Encoding: chunked"), id="a chunk"
        ),
    ],
)
def test_a_client_that_sends_its_body_slowly_is_closed(
    start_api: StartApi, begun: bytes
) -> None:
    api = start_api(QUERY_API_LIMITS__HEADER_DEADLINE_S="1")

    with socket.create_connection(("127.0.0.1", api.port), timeout=8) as client:
        client.sendall(begun)
        deadline = time.monotonic() + 8
        while time.monotonic() < deadline:
            # A byte now and then must not begin the time anew.
            try:
                client.sendall(b" ")
            except (ConnectionResetError, BrokenPipeError):
                break
            time.sleep(0.2)
        else:
            pytest.fail("the connection is still open")
    assert api.ask("/healthz", None).status_code == 200


def test_a_second_request_that_is_sent_slowly_is_closed(start_api: StartApi) -> None:
    api = start_api(QUERY_API_LIMITS__HEADER_DEADLINE_S="0.5", QUERY_API_LIMITS__IDLE_S="60")

    with socket.create_connection(("127.0.0.1", api.port), timeout=8) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 200")
        client.sendall(b"GET /v1/assets HTTP/1.1\r\nX-Slow: ")

        assert _closed_within(client)


def test_a_connection_that_asks_nothing_more_is_closed(start_api: StartApi) -> None:
    api = start_api(QUERY_API_LIMITS__IDLE_S="0.5")

    with socket.create_connection(("127.0.0.1", api.port), timeout=8) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 200")

        assert _closed_within(client)


def test_a_request_that_takes_its_time_to_answer_is_not_slow(start_api: StartApi) -> None:
    api = start_api(QUERY_API_LIMITS__HEADER_DEADLINE_S="0.5", QUERY_API_LIMITS__IDLE_S="0.5")

    answer = api.sql(endless("takes its time"), wait=2)

    assert answer.status_code == 202
    api.ask(answer.headers["Location"], api.sql_key, "DELETE")


def test_what_waits_is_in_nobodys_way(start_api: StartApi) -> None:
    # One request of a key is worked on at a time: with a body that does not come, and a query that
    # does not end, its others are answered all the same.
    api = start_api(QUERY_API_LIMITS__MAX_IN_HAND_PER_KEY="1")
    with socket.create_connection(("127.0.0.1", api.port), timeout=8) as slow:
        slow.sendall(
            b"POST /v1/queries HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sql-key\r\n"
            b"Content-Type: application/json\r\nContent-Length: 90\r\n\r\n{"
        )
        with socket.create_connection(("127.0.0.1", api.port), timeout=8) as waiting:
            waiting.sendall(post(endless("in hand")))

            answer = api.sql("select 1 as one", wait=5)
            first, *_ = select.select([slow, waiting], [], [], 0)

    assert answer.json()["rows"] == [[1]]
    assert first == [], "it waited for its key's other requests"


def test_connections_of_one_address_are_capped_and_others_are_let_in(
    start_api: StartApi,
) -> None:
    api = start_api(
        QUERY_API_LIMITS__MAX_CONNECTIONS_PER_CLIENT="2", QUERY_API_HTTP__HOST="0.0.0.0"
    )
    held = [socket.create_connection(("127.0.0.1", api.port), timeout=8) for _ in range(2)]

    with socket.create_connection(("127.0.0.1", api.port), timeout=8) as third:
        closed = _closed_within(third)
    with socket.create_connection(
        ("127.0.0.1", api.port), timeout=8, source_address=("127.0.0.2", 0)
    ) as other:
        other.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        let_in = other.recv(15)
    for one in held:
        one.close()

    assert closed
    assert let_in.startswith(b"HTTP/1.1 200")
    until(lambda: _answers(api))


def _answers(api: Api) -> bool:
    try:
        return api.ask("/healthz", None).status_code == 200
    except (OSError, http.client.HTTPException):
        return False


def test_connections_beyond_the_cap_are_closed(start_api: StartApi) -> None:
    api = start_api(QUERY_API_LIMITS__MAX_CONNECTIONS="1")

    with socket.create_connection(("127.0.0.1", api.port), timeout=20) as first:
        first.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert first.recv(15).startswith(b"HTTP/1.1 200")
        with socket.create_connection(("127.0.0.1", api.port), timeout=20) as second:
            try:
                second.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                ended = second.recv(1)
            except (ConnectionResetError, BrokenPipeError):
                ended = b""

    assert ended == b""
