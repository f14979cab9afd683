"""Who answers a request, and what is refused. moto and the engines are fakes here."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder

from local_cloud.bill import Bill
from local_cloud.dispatch import CloudParts, Dispatcher, service_of
from local_cloud.errors import AwsError
from local_cloud.faults import Faults, parsed
from local_cloud.server import ConnectionDropError, Environ, HttpReply, StartResponse, call


class FakeMoto:
    """Remembers what it was asked; refuses names that begin with `bad`."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, bytes]] = []

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        body = environ["wsgi.input"].read()
        self.requests.append((environ.get("HTTP_X_AMZ_TARGET", ""), body))
        start_response("400 Bad" if b"bad" in body else "200 OK", [])
        return [b"moto"]


class FakeEngine:
    """Answers StartJobRun and refuses the rest."""

    def handle(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if operation != "StartJobRun":
            raise AwsError("EntityNotFoundException", "none")
        return {"JobRunId": request["JobName"]}


def asked(
    target: str = "", body: object = None, method: str = "POST", path: str = "/"
) -> Environ:
    service = {"AWSGlue": "glue", "AmazonSQS": "sqs"}.get(target.split(".")[0], "s3")
    auth = f"AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/{service}/aws4_request, x"
    headers = [("Authorization", auth), ("X-Amz-Target", target)]
    data = json.dumps(body or {})
    return EnvironBuilder(path=path, method=method, data=data, headers=headers).get_environ()


class Cloud:
    """A dispatcher over fakes."""

    def __init__(self) -> None:
        self.moto, self.faults, self.bill = FakeMoto(), Faults(), Bill()
        engines = {"glue": FakeEngine()}
        self.app = Dispatcher(
            CloudParts({"s3": self.moto}, engines, self.faults, self.bill, None)
        )

    def ask(self, *args: Any, **named: Any) -> HttpReply:
        return call(self.app, asked(*args, **named))


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


def test_glue_is_ours_and_objects_are_motos(cloud: Cloud) -> None:
    run = cloud.ask("AWSGlue.StartJobRun", {"JobName": "j"})
    stored = cloud.ask(method="PUT", path="/b/k")

    assert json.loads(run.body) == {"JobRunId": "j"}
    assert stored.body == b"moto"


def test_errors_have_the_protocol_of_their_service(cloud: Cloud) -> None:
    cloud.faults.put(parsed({"rules": [{"operation": "s3:*", "code": "SlowDown"}]}))

    glue = cloud.ask("AWSGlue.GetJob", {})
    s3 = cloud.ask(method="PUT", path="/b/k")

    assert json.loads(glue.body)["__type"] == "EntityNotFoundException"
    assert (s3.code, b"<Code>SlowDown</Code>" in s3.body) == (503, True)


def test_a_service_that_is_not_part_of_it_is_refused(cloud: Cloud) -> None:
    reply = cloud.ask("AmazonSQS.SendMessage", {})

    assert reply.code == 501
    assert cloud.moto.requests == []


def test_a_lost_reply_comes_after_the_deed(cloud: Cloud) -> None:
    rule = {"operation": "glue:StartJobRun", "lose_reply": True}
    cloud.faults.put(parsed({"rules": [rule]}))

    with pytest.raises(ConnectionDropError):
        cloud.ask("AWSGlue.StartJobRun", {"JobName": "j"})


def test_the_service_is_read_from_signatures_in_headers_and_urls() -> None:
    presigned = EnvironBuilder(
        path="/b/k", query_string={"X-Amz-Credential": "a/20260101/us-east-1/sqs/aws4_request"}
    ).get_environ()

    assert service_of(asked("AWSGlue.GetJob")) == "glue"
    assert service_of(presigned) == "sqs"
    assert service_of(EnvironBuilder(path="/b/k").get_environ()) == "s3"
