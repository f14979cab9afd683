"""Tags: of what exists, and of what can have them."""

from typing import Any

import pytest

from local_cloud.errors import AwsError
from local_cloud.tags import Tags

ARN = "arn:aws:glue:us-east-1:123456789012:"


class FakeJobs:
    """One job, `j`."""

    def __init__(self) -> None:
        self.tags = {"a": "1", "b": "2"}

    def tags_of(self, name: str) -> dict[str, str]:
        if name != "j":
            raise AwsError("EntityNotFoundException", name)
        return dict(self.tags)

    def retag(self, name: str, tags: dict[str, str]) -> None:
        self.tags = tags


def _tags(jobs: FakeJobs) -> Any:
    catalog = {"GetTags": lambda request: {"Tags": {"from": "the catalog"}}}
    tags = Tags({"job": jobs}, catalog)
    return lambda operation, **request: tags.operations[operation](request)


def test_a_jobs_tags_are_read_added_and_removed() -> None:
    call = _tags(FakeJobs())

    call("TagResource", ResourceArn=f"{ARN}job/j", TagsToAdd={"b": "3", "c": "4"})
    call("UntagResource", ResourceArn=f"{ARN}job/j", TagsToRemove=["a", "none"])

    assert call("GetTags", ResourceArn=f"{ARN}job/j") == {"Tags": {"b": "3", "c": "4"}}


def test_a_database_is_the_catalogs() -> None:
    told = _tags(FakeJobs())("GetTags", ResourceArn=f"{ARN}database/d")

    assert told == {"Tags": {"from": "the catalog"}}


@pytest.mark.parametrize("arn", [f"{ARN}job/none", f"{ARN}trigger/t", "j", f"{ARN}table/d/t"])
def test_what_is_not_there_has_no_tags(arn: str) -> None:
    with pytest.raises(AwsError):
        _tags(FakeJobs())("TagResource", ResourceArn=arn, TagsToAdd={"a": "1"})
