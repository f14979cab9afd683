"""The one port: conditional writes, catalog, refusals, faults, bill."""

import http.client
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from .conftest import Cloud

RACERS = 16


def _race(cloud: Cloud, key: str, **condition: str) -> list[int]:
    """HTTP statuses of simultaneous conditional PUTs, each over a connection of its own."""
    line = threading.Barrier(RACERS)

    def put(number: int) -> int:
        s3 = cloud.client("s3")
        line.wait()
        try:
            s3.put_object(Bucket="coinlake", Key=key, Body=str(number).encode(), **condition)
        except ClientError as error:
            return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
        return 200

    with ThreadPoolExecutor(RACERS) as pool:
        return sorted(pool.map(put, range(RACERS)))


def test_of_sixteen_writers_of_a_new_key_one_wins(cloud: Cloud) -> None:
    for turn in range(3):
        statuses = _race(cloud, f"race/new-{turn}", IfNoneMatch="*")

        assert statuses == [200] + [412] * (RACERS - 1)


def test_of_sixteen_writers_over_one_etag_one_wins(cloud: Cloud) -> None:
    for turn in range(3):
        key = f"race/over-{turn}"
        etag = cloud.s3.put_object(Bucket="coinlake", Key=key, Body=b"base")["ETag"]

        statuses = _race(cloud, key, IfMatch=etag)

        assert statuses == [200] + [412] * (RACERS - 1)


def test_metadata_with_underscores_comes_back_as_it_was(cloud: Cloud) -> None:
    cloud.s3.put_object(Bucket="coinlake", Key="meta", Body=b"x", Metadata={"batch_id": "7"})

    assert cloud.s3.head_object(Bucket="coinlake", Key="meta")["Metadata"] == {"batch_id": "7"}
    assert cloud.s3.head_object(Bucket="coinlake", Key="meta")["ContentLength"] == 1


def test_one_connection_serves_many_requests(cloud: Cloud) -> None:
    where = {"Bucket": "coinlake", "Key": "kept-alive"}
    put, get = (
        cloud.s3.generate_presigned_url(name, where).removeprefix(cloud.endpoint)
        for name in ("put_object", "get_object")
    )
    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=10)
    try:
        connection.request("PUT", put, body=b"one")
        connection.getresponse().read()
        socket = connection.sock
        connection.request("GET", get)
        body = connection.getresponse().read()
        same = connection.sock is socket
    finally:
        connection.close()

    assert body == b"one"
    assert same


def _table(name: str, columns: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "Name": name,
        "StorageDescriptor": {"Columns": columns, "Location": "s3://coinlake/t/"},
        "PartitionKeys": [{"Name": "dt", "Type": "string"}, {"Name": "hour", "Type": "string"}],
    }


def test_the_catalog_keeps_tables_and_finds_partitions_by_expression(cloud: Cloud) -> None:
    glue = cloud.glue
    glue.create_database(DatabaseInput={"Name": "crud"})
    glue.create_table(DatabaseName="crud", TableInput=_table("t", []))
    columns = [{"Name": "a", "Type": "int"}]
    glue.update_table(DatabaseName="crud", TableInput=_table("t", columns))
    partitions = [{"Values": ["2026-01-01", f"{hour:02}"]} for hour in range(3)]

    made = glue.batch_create_partition(
        DatabaseName="crud", TableName="t", PartitionInputList=partitions
    )
    twice = glue.batch_create_partition(
        DatabaseName="crud", TableName="t", PartitionInputList=partitions[:1]
    )
    found = glue.get_partitions(
        DatabaseName="crud", TableName="t", Expression="dt = '2026-01-01' AND hour >= '01'"
    )

    table = glue.get_table(DatabaseName="crud", Name="t")["Table"]
    assert made.get("Errors", []) == []
    assert twice["Errors"][0]["ErrorDetail"]["ErrorCode"] == "AlreadyExistsException"
    assert [one["Values"][1] for one in found["Partitions"]] == ["01", "02"]
    assert table["StorageDescriptor"]["Columns"] == columns


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("glue", "start_trigger", {"Name": "t"}),
        ("glue", "create_workflow", {"Name": "w"}),
        ("glue", "create_dev_endpoint", {"EndpointName": "e", "RoleArn": "r"}),
        ("events", "list_rules", {}),
        ("dynamodb", "list_tables", {}),
    ],
)
def test_what_is_not_there_is_refused_by_name(
    cloud: Cloud, service: str, operation: str, arguments: dict[str, str]
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(cloud.client(service), operation)(**arguments)

    assert caught.value.response["Error"]["Code"] == "UnsupportedOperationException"
    assert "is not there in this local cloud" in caught.value.response["Error"]["Message"]


def test_a_fault_refuses_as_often_as_it_was_told(cloud: Cloud) -> None:
    rule = {
        "operation": "s3:PutObject",
        "key_prefix": "coinlake/faulty/",
        "code": "SlowDown",
        "status": 503,
        "count": 1,
    }
    cloud.admin("/faults", "PUT", {"rules": [rule]})
    try:
        cloud.s3.put_object(Bucket="coinlake", Key="fine/a", Body=b"")
        with pytest.raises(ClientError) as caught:
            cloud.s3.put_object(Bucket="coinlake", Key="faulty/a", Body=b"")
        cloud.s3.put_object(Bucket="coinlake", Key="faulty/a", Body=b"")
        report = json.loads(cloud.admin("/faults"))
    finally:
        cloud.admin("/faults", "DELETE")

    assert caught.value.response["Error"]["Code"] == "SlowDown"
    assert report["fired"] == {"s3:PutObject": 1}


def test_a_lost_reply_leaves_the_object_behind(cloud: Cloud) -> None:
    rule = {"operation": "s3:PutObject", "lose_reply": True, "count": 1}
    cloud.admin("/faults", "PUT", {"rules": [rule]})
    try:
        with pytest.raises(ConnectionClosedError):
            cloud.s3.put_object(Bucket="coinlake", Key="lost", Body=b"stored")
    finally:
        cloud.admin("/faults", "DELETE")

    assert cloud.s3.get_object(Bucket="coinlake", Key="lost")["Body"].read() == b"stored"


def test_requests_are_on_the_bill(cloud: Cloud) -> None:
    def puts() -> float:
        services = json.loads(cloud.admin("/bill"))["services"]
        return float(services["s3"]["items"]["put class requests"]["quantity"])

    before = puts()
    cloud.s3.put_object(Bucket="coinlake", Key="billed", Body=b"x")

    assert puts() == before + 1


def test_queues_answer_on_the_same_port(cloud: Cloud) -> None:
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="landed")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="an object")

    messages = sqs.receive_message(QueueUrl=url)["Messages"]

    assert [message["Body"] for message in messages] == ["an object"]


def test_a_fault_before_a_run_starts_makes_it_slow_or_failed(cloud: Cloud) -> None:
    job = cloud.job("faulty-start", "print('never')\n")
    rule = {"operation": "glue:RunStart", "delay_ms": 1, "code": "NoCapacity", "count": 1}
    cloud.admin("/faults", "PUT", {"rules": [rule]})
    try:
        run = cloud.ended(job, cloud.glue.start_job_run(JobName=job)["JobRunId"])
    finally:
        cloud.admin("/faults", "DELETE")

    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"].startswith("NoCapacity")
