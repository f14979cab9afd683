"""Each field of queues and identities that the cloud calls carried out has its effect."""

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import Cloud, until


@pytest.fixture
def sqs(cloud: Cloud) -> Any:
    return cloud.client("sqs")


def _queue(sqs: Any, name: str, **attributes: str) -> str:
    return str(sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])


def _bodies(sqs: Any, url: str, **more: Any) -> list[str]:
    told = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, **more)
    return [one["Body"] for one in told.get("Messages", [])]


def test_a_message_is_late_by_its_own_delay_or_the_queues(sqs: Any) -> None:
    url = _queue(sqs, "late", DelaySeconds="1")
    sqs.send_message(QueueUrl=url, MessageBody="queue's")
    sqs.send_message(QueueUrl=url, MessageBody="own", DelaySeconds=0)

    assert _bodies(sqs, url) == ["own"]
    # A receive waits for what comes within its time.
    assert _bodies(sqs, url, WaitTimeSeconds=5) == ["queue's"]


def test_a_message_is_hidden_for_its_timeout_and_no_longer(sqs: Any) -> None:
    url = _queue(sqs, "hidden", VisibilityTimeout="60")
    sqs.send_message(QueueUrl=url, MessageBody="m")

    (first,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert _bodies(sqs, url) == []
    sqs.change_message_visibility(
        QueueUrl=url, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=0
    )
    (second,) = sqs.receive_message(
        QueueUrl=url,
        VisibilityTimeout=1,
        MessageSystemAttributeNames=["ApproximateReceiveCount"],
    )["Messages"]

    assert second["Attributes"] == {"ApproximateReceiveCount": "2"}
    until(lambda: _bodies(sqs, url) == ["m"], within_s=10)


def test_a_message_is_as_large_as_its_queue_allows(sqs: Any) -> None:
    url = _queue(sqs, "small", MaximumMessageSize="1024")
    sqs.send_message(QueueUrl=url, MessageBody="x" * 1024)

    with pytest.raises(ClientError, match="1024"):
        sqs.send_message(QueueUrl=url, MessageBody="x" * 1025)


def test_attributes_of_a_message_come_with_it_when_asked_for(sqs: Any) -> None:
    url = _queue(sqs, "attributes")
    said = {
        "kind": {"DataType": "String", "StringValue": "a"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
    }
    sqs.send_message(QueueUrl=url, MessageBody="m", MessageAttributes=said)

    (got,) = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["kind", "raw"])[
        "Messages"
    ]

    assert got["MessageAttributes"]["kind"]["StringValue"] == "a"
    assert got["MessageAttributes"]["raw"]["BinaryValue"] == b"\x00\x01"


def test_a_message_that_nobody_manages_goes_to_the_dead_letters(sqs: Any) -> None:
    dead = _queue(sqs, "dead")
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]
    policy = {"deadLetterTargetArn": arn["QueueArn"], "maxReceiveCount": 1}
    url = _queue(sqs, "alive", VisibilityTimeout="0", RedrivePolicy=json.dumps(policy))
    sqs.send_message(QueueUrl=url, MessageBody="m")

    assert _bodies(sqs, url) == ["m"]
    assert _bodies(sqs, url) == []
    assert _bodies(sqs, dead) == ["m"]


def test_a_fifo_queue_keeps_order_within_a_group_and_drops_doubles(sqs: Any) -> None:
    url = _queue(sqs, "q.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    for body in ("1", "1", "2"):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="g")
    sqs.send_message(
        QueueUrl=url, MessageBody="2", MessageGroupId="g", MessageDeduplicationId="other"
    )

    assert _bodies(sqs, url) == ["1", "2", "2"]


def test_batches_do_what_their_single_operations_do(sqs: Any) -> None:
    url = _queue(sqs, "batch")
    entries = [{"Id": str(n), "MessageBody": f"m{n}"} for n in range(3)]
    sqs.send_message_batch(QueueUrl=url, Entries=entries)

    got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    handles = [{"Id": one["Body"], "ReceiptHandle": one["ReceiptHandle"]} for one in got]
    sqs.change_message_visibility_batch(
        QueueUrl=url, Entries=[{**handles[0], "VisibilityTimeout": 0}]
    )
    sqs.delete_message_batch(QueueUrl=url, Entries=handles[1:])

    assert _bodies(sqs, url) == [handles[0]["Id"]]


def test_queues_are_listed_by_prefix_and_page_changed_tagged_and_purged(sqs: Any) -> None:
    urls = [_queue(sqs, f"listed-{n}") for n in range(3)]
    first = sqs.list_queues(QueueNamePrefix="listed-", MaxResults=2)
    rest = sqs.list_queues(
        QueueNamePrefix="listed-", MaxResults=2, NextToken=first["NextToken"]
    )
    sqs.set_queue_attributes(QueueUrl=urls[0], Attributes={"VisibilityTimeout": "7"})
    sqs.tag_queue(QueueUrl=urls[0], Tags={"a": "1", "b": "2"})
    sqs.untag_queue(QueueUrl=urls[0], TagKeys=["a"])
    sqs.send_message(QueueUrl=urls[0], MessageBody="m")
    sqs.purge_queue(QueueUrl=urls[0])

    names = ["VisibilityTimeout", "ApproximateNumberOfMessages"]
    told = sqs.get_queue_attributes(QueueUrl=urls[0], AttributeNames=names)["Attributes"]
    assert first["QueueUrls"] + rest["QueueUrls"] == urls
    assert told == {"VisibilityTimeout": "7", "ApproximateNumberOfMessages": "0"}
    assert sqs.list_queue_tags(QueueUrl=urls[0])["Tags"] == {"b": "2"}


def test_a_message_is_kept_as_long_as_its_queue_says(sqs: Any) -> None:
    url = _queue(sqs, "kept", MessageRetentionPeriod="60")

    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["MessageRetentionPeriod"])

    assert told["Attributes"] == {"MessageRetentionPeriod": "60"}


def test_an_assumed_role_lasts_as_long_as_it_was_asked_to(cloud: Cloud) -> None:
    sts = cloud.client("sts")
    role = "arn:aws:iam::123456789012:role/r"

    made = sts.assume_role(RoleArn=role, RoleSessionName="me", DurationSeconds=900)

    left = made["Credentials"]["Expiration"].timestamp() - time.time()
    assert 800 < left <= 905
    assert made["AssumedRoleUser"]["Arn"].endswith(":assumed-role/r/me")
    assert sts.get_caller_identity()["Account"] == "123456789012"
    with pytest.raises(ClientError, match="only account"):
        sts.assume_role(RoleArn=role.replace("123456789012", "9" * 12), RoleSessionName="me")


def test_a_role_keeps_what_it_was_given(cloud: Cloud) -> None:
    iam = cloud.client("iam")
    allow = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
    document = {"Version": "2012-10-17", "Statement": [allow]}
    trust = json.dumps(document)
    given = {"Path": "/team/", "Description": "d", "MaxSessionDuration": 7200}

    iam.create_role(
        RoleName="kept",
        AssumeRolePolicyDocument=trust,
        Tags=[{"Key": "a", "Value": "1"}],
        **given,
    )
    iam.put_role_policy(RoleName="kept", PolicyName="p", PolicyDocument=trust)

    role = iam.get_role(RoleName="kept")["Role"]
    listed = iam.list_roles(PathPrefix="/team/", MaxItems=1)["Roles"]
    assert {name: role[name] for name in given} == given
    assert role["Tags"] == [{"Key": "a", "Value": "1"}]
    assert [one["RoleName"] for one in listed] == ["kept"]
    assert iam.list_role_policies(RoleName="kept")["PolicyNames"] == ["p"]
    policy = iam.get_role_policy(RoleName="kept", PolicyName="p")["PolicyDocument"]
    assert policy == document
    iam.delete_role_policy(RoleName="kept", PolicyName="p")
    iam.delete_role(RoleName="kept")
    assert iam.list_roles(PathPrefix="/team/")["Roles"] == []
