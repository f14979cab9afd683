"""Keys of the bucket through the real service: made, rotated, revoked, ended; odd headers; the how-to page."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.query_api.conftest import (
    Api,
    Cloud,
    StartApi,
    until,
)

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "how-to" / "give-access.md"
SQL = {"sql": "select count(*) as n from rates", "wait": 20}
FAST = {"QUERY_API_KEY_STORE__LOOK_S": "0.2", "QUERY_API_BUDGET__FLUSH_S": "0.2"}


@pytest.fixture(scope="module")
def keyed(start_api: StartApi) -> Api:
    return start_api(**FAST)


@pytest.fixture
def coinlake(cloud: Cloud) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(*arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        environ = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        done = subprocess.run(
            [sys.executable, "-m", "coinlake_tools", *arguments],
            env=environ | cloud.environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done

    return run


Coinlake = Callable[..., subprocess.CompletedProcess[str]]


def opens(api: Api, secret: str) -> bool:
    return api.ask("/v1/coverage", secret).status_code == 200


def rows_of(coinlake: Coinlake) -> dict[str, dict[str, Any]]:
    listed = json.loads(coinlake("keys", "list", "--json").stdout)
    return {str(one["name"]): one for one in listed}


def test_a_key_is_made_used_rotated_and_revoked(
    keyed: Api, coinlake: Coinlake, cloud: Cloud
) -> None:
    made = coinlake("keys", "make", "ann", "--scope", "read", "--scope", "sql")
    old = made.stdout.strip()
    until(lambda: opens(keyed, old))
    ran = keyed.ask("/v1/queries", old, "POST", body=SQL)
    new = coinlake("keys", "rotate", "ann", "--overlap-hours", "1").stdout.strip()
    until(lambda: opens(keyed, new))
    both = opens(keyed, old)
    until(lambda: rows_of(coinlake)["ann"]["last_used"])
    told = rows_of(coinlake)["ann"]
    coinlake("keys", "revoke", "ann")
    until(lambda: not opens(keyed, new))

    assert ran.json()["rows"] == [[3000]]
    assert both
    assert (told["state"], told["scopes"], told["secrets"]) == ("open", "read,sql", 2)
    assert not opens(keyed, old)
    assert rows_of(coinlake)["ann"]["state"] == "revoked"
    # At rest there is a hash, and nowhere a secret.
    s3 = cloud.client("s3")
    kept = s3.list_objects_v2(Bucket="coinlake", Prefix="query/")["Contents"]
    bodies = [s3.get_object(Bucket="coinlake", Key=one["Key"])["Body"].read() for one in kept]
    assert not [one for one in bodies if old.encode() in one or new.encode() in one]
    assert re.fullmatch(r"clk_[A-Za-z0-9_-]{43}", old)


def test_an_old_secret_ends_with_the_overlap_and_a_key_with_its_expiry(
    keyed: Api, coinlake: Coinlake
) -> None:
    old = coinlake("keys", "make", "bob", "--scope", "read").stdout.strip()
    until(lambda: opens(keyed, old))
    new = coinlake("keys", "rotate", "bob", "--overlap-hours", "0").stdout.strip()
    short = coinlake(
        "keys", "make", "carl", "--scope", "read", "--expires-days", "0.00006"
    ).stdout.strip()

    until(lambda: opens(keyed, new))
    until(lambda: not opens(keyed, old))
    until(lambda: not opens(keyed, short))

    assert opens(keyed, new)
    assert rows_of(coinlake)["carl"]["state"] == "expired"


def test_what_the_command_refuses(coinlake: Coinlake) -> None:
    coinlake("keys", "make", "dora", "--scope", "read")

    twice = coinlake("keys", "make", "dora", "--scope", "read", code=2)
    reserved = coinlake("keys", "make", "anonymous", "--scope", "read", code=2)
    unknown = coinlake("keys", "revoke", "nobody", code=2)
    past = coinlake("keys", "make", "eve", "--scope", "read", "--expires-days", "-1", code=2)

    assert "there is, or was, a key dora" in twice.stderr
    assert "anonymous" in reserved.stderr
    assert "there is no key nobody" in unknown.stderr
    assert "ended" in past.stderr


def test_a_scope_that_a_key_lacks_is_403(keyed: Api, coinlake: Coinlake) -> None:
    secret = coinlake("keys", "make", "frank", "--scope", "read").stdout.strip()
    until(lambda: opens(keyed, secret))

    answer = keyed.ask("/v1/queries", secret, "POST", body=SQL)

    assert answer.status_code == 403


def test_a_budget_of_the_keys_own_holds(keyed: Api, coinlake: Coinlake) -> None:
    secret = coinlake(
        "keys", "make", "greta", "--scope", "sql", "--scope", "read", "--day-bytes", "15000000"
    ).stdout.strip()
    until(lambda: opens(keyed, secret))

    # An answer that is kept costs nothing, so each is another question.
    asked = [SQL | {"sql": f"{SQL['sql']} where {n} = {n}"} for n in range(3)]
    answers = [keyed.ask("/v1/queries", secret, "POST", body=one) for one in asked]

    assert [one.status_code for one in answers] == [200, 200, 429]
    assert '"day";q=15000000' in answers[0].headers["RateLimit-Policy"]


def raw(api: Api, *headers: bytes) -> tuple[int, bytes]:
    """Status and answer to headers that no client library would send."""
    lines = [b"GET /v1/coverage HTTP/1.1", b"Host: x", b"Connection: close", *headers, b"", b""]
    with socket.create_connection(("127.0.0.1", api.port), timeout=20) as client:
        client.sendall(b"\r\n".join(lines))
        answer = b"".join(iter(lambda: client.recv(65_536), b""))
    return int(answer.split()[1]), answer


@pytest.mark.parametrize(
    "headers",
    [
        ["Authorization: Bearer schlüssel".encode()],
        [b"Authorization: Bearer \xff\xfe\x80"],
        [b"X-API-Key: \xf0\x9f\x94\x91"],
        [b"X-API-Key: \xff"],
        [b"Authorization: "],
        [b"Authorization: Bearer"],
        [b"Authorization: Bearer "],
        [b"Authorization: Basic cmVhZC1rZXk6"],
        [b"X-API-Key: "],
        [b"Authorization: Bearer read-key", b"Authorization: Bearer read-key"],
        [b"X-API-Key: read-key", b"X-API-Key: other"],
        [b"Authorization: Bearer " + b"a" * 7000],
        [b"Authorization: Bearer read-key read-key"],
    ],
)
def test_a_header_that_is_no_key_is_401_and_a_problem(api: Api, headers: list[bytes]) -> None:
    status, answer = raw(api, *headers)

    assert status == 401, answer
    assert b"application/problem+json" in answer
    assert b"urn:coinlake:problem:unauthenticated" in answer


def test_the_scheme_may_be_in_any_case(api: Api) -> None:
    assert raw(api, b"authorization: bEaReR read-key")[0] == 200


def test_a_header_beyond_all_limits_is_no_500(api: Api) -> None:
    assert raw(api, b"Authorization: Bearer " + b"a" * 20_000)[0] == 400


def test_the_page_about_giving_access_does_what_it_says(
    keyed: Api, cloud: Cloud, tmp_path: Path
) -> None:
    blocks = re.findall(r"```bash\n(.*?)```", PAGE.read_text(), re.S)
    script = "set -eu\n" + "\n".join(blocks)
    environ = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    place = {"PATH": f"{Path(sys.executable).parent}:{environ['PATH']}"}
    url = {"QUERY_API_URL": f"http://127.0.0.1:{keyed.port}", "LOOK_S": "1"}

    done = subprocess.run(
        ["bash", "-c", script],
        env=environ | cloud.environ | place | url,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    # Read with the first secret, with both during the rotation, and no more at the end.
    assert re.findall(r"^HTTP (\d+)$", done.stdout, re.M) == ["200", "200", "200", "401"]
