"""The template says the same as the code that provisions, and keeps the promises of the design."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from coinlake.contracts import cloud, raw_layout
from coinlake.contracts.cloud import ATHENA_RESULTS_PREFIX, LEDGER_PREFIX, STAGING_PREFIX
from coinlake_tools import resources
from coinlake_tools.bundle import Bundle
from coinlake_tools.resources import Lake
from deploy.release import images
from tests.unit.ec2 import template_reader
from tests.unit.ec2.conftest import EC2, PARAMETERS
from tests.unit.ec2.template_reader import Template

PAGES = Path(__file__).resolve().parents[3] / "docs" / "how-to"
ROLES = "arn:aws:iam::123456789012:role"
KEPT_FOR_EVER = ("raw/", "chain/", LEDGER_PREFIX)


class Uploaded(Bundle):
    """A bundle whose digest is the one that the template is given."""

    @property
    def digest(self) -> str:
        return "0123456789abcdef"


def lake(role: str) -> Lake:
    return Lake("the-lake", cloud.DATABASE, f"{ROLES}/{role}")


def only(template: Template, kind: str) -> dict[str, Any]:
    (found,) = template.resources(kind).values()
    return found


def test_the_job_is_the_one_that_provision_makes(template: Template) -> None:
    declared = only(template, "AWS::Glue::Job")

    assert declared == resources.job_creation(lake("GlueJobRole"), Uploaded(b"", b""))


def test_the_crawler_is_the_one_that_provision_makes(template: Template) -> None:
    declared = only(template, "AWS::Glue::Crawler")

    made = resources.crawler(lake("CrawlerRole"))
    assert json.loads(declared.pop("Configuration")) == json.loads(made.pop("Configuration"))
    assert declared == made


def test_the_workgroup_is_the_one_that_provision_makes_and_counts_besides(
    template: Template,
) -> None:
    declared = only(template, "AWS::Athena::WorkGroup")

    made = resources.workgroup(lake("any"))
    settings = declared["WorkGroupConfiguration"]
    # The alarm on scanned bytes needs the metrics, for which a laptop has no use.
    assert settings.pop("PublishCloudWatchMetricsEnabled") is True
    assert declared["Name"] == made["Name"]
    assert settings == made["Configuration"]


def test_the_database_has_the_name_of_the_contract(template: Template) -> None:
    declared = only(template, "AWS::Glue::Database")

    assert declared["DatabaseInput"]["Name"] == cloud.DATABASE


def test_the_bucket_is_encrypted_private_versioned_and_outlives_the_stack(
    template: Template,
) -> None:
    bucket = only(template, "AWS::S3::Bucket")

    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}


def test_what_is_temporary_expires_and_what_is_kept_never_does(template: Template) -> None:
    rules = only(template, "AWS::S3::Bucket")["LifecycleConfiguration"]["Rules"]

    expiring = {rule["Prefix"] for rule in rules if "ExpirationInDays" in rule}
    losing = {
        r.get("Prefix", "")
        for r in rules
        if set(r)
        & {"ExpirationInDays", "NoncurrentVersionExpiration", "Transitions", "ExpirationDate"}
    }
    assert expiring == {STAGING_PREFIX, ATHENA_RESULTS_PREFIX}
    assert not [
        (prefix, kept)
        for prefix in losing
        for kept in KEPT_FOR_EVER
        if kept.startswith(prefix) or prefix.startswith(kept)
    ]


def test_the_create_only_policy_covers_the_prefixes_of_the_contract(
    template: Template,
) -> None:
    policy = only(template, "AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]

    (create,) = [s for s in policy if s["Sid"] == "OnlyCreate"]
    assert create["Resource"] == [
        f"arn:aws:s3:::the-lake/{prefix}*" for prefix in KEPT_FOR_EVER
    ]
    assert raw_layout.RAW_PREFIX == "raw/"
    assert raw_layout.CHAIN_PREFIX == "chain/"


def test_the_volume_is_encrypted_backed_up_and_outlives_stack_and_host(
    template: Template,
) -> None:
    volume = only(template, "AWS::EC2::Volume")
    policy = only(template, "AWS::DLM::LifecyclePolicy")["PolicyDetails"]
    host = only(template, "AWS::EC2::Instance")

    assert volume["Encrypted"] is True
    assert template.raw["Resources"]["DataVolume"]["DeletionPolicy"] == "Snapshot"
    assert template.raw["Resources"]["DataVolume"]["UpdateReplacePolicy"] == "Snapshot"
    assert "Condition" not in template.raw["Resources"]["DataVolume"]
    assert policy["TargetTags"][0] in volume["Tags"]
    assert all(device["Ebs"]["Encrypted"] for device in host["BlockDeviceMappings"])


def test_containers_cannot_reach_the_metadata_service_of_the_host(template: Template) -> None:
    launch = only(template, "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]

    assert launch["MetadataOptions"]["HttpTokens"] == "required"
    assert launch["MetadataOptions"]["HttpPutResponseHopLimit"] == 1


def test_nothing_comes_in_unless_a_parameter_opens_it(template: Template) -> None:
    group = only(template, "AWS::EC2::SecurityGroup")
    conditions = template.raw["Conditions"]

    assert "SecurityGroupIngress" not in group
    for name in template.resources("AWS::EC2::SecurityGroupIngress"):
        condition = template.raw["Resources"][name]["Condition"]
        parameter = conditions[condition]["Fn::Not"][0]["Fn::Equals"][0]["Ref"]
        assert template.raw["Parameters"][parameter]["Default"] == ""


def test_user_data_holds_no_secret_and_refuses_another_release(template: Template) -> None:
    script = base64.b64decode(only(template, "AWS::EC2::Instance")["UserData"]).decode()

    assert "sha256sum --check --strict" in script
    assert script.index("sha256sum") < script.index("tar -x") < script.index("bootstrap/run")
    assert not re.search(r"secret|password|api_?key|token", script, re.IGNORECASE)
    assert not re.search(r"\$\{[A-Z]", script)


def test_the_dead_mans_alarm_rings_when_nothing_is_heard(template: Template) -> None:
    alarm = template.properties("DeadMansSwitch")

    assert alarm["TreatMissingData"] == "breaching"
    assert alarm["MetricName"] == "NumberOfMessagesPublished"
    assert alarm["ComparisonOperator"] == "LessThanThreshold"
    assert alarm["AlarmActions"] == ["arn:aws:sns:us-east-1:123456789012:Alerts"]


def test_every_log_group_forgets(template: Template) -> None:
    groups = template.resources("AWS::Logs::LogGroup").values()

    assert {group["RetentionInDays"] for group in groups} == {30}
    assert {"/coinlake/ingestor", "/coinlake/s3-sink", "/coinlake/kafka"} < {
        group["LogGroupName"] for group in groups
    }


def test_no_parameter_carries_a_secret(template: Template) -> None:
    names = " ".join(template.raw["Parameters"])

    assert not re.search(r"secret|password|apikey|token", names, re.IGNORECASE)


@pytest.mark.parametrize("wanted", ["Bucket", "HostId", "DataVolumeId", "GlueRoleArn"])
def test_the_stack_tells_what_the_next_steps_need(template: Template, wanted: str) -> None:
    assert template.raw["Outputs"][wanted]["Description"]


def test_what_outlives_the_stack_does_not_outlive_a_first_try_that_failed(
    template: Template,
) -> None:
    kept = {
        name: (found["DeletionPolicy"], found["UpdateReplacePolicy"])
        for name, found in template.raw["Resources"].items()
        if "DeletionPolicy" in found and found["DeletionPolicy"] != "Delete"
    }

    assert kept == {
        "Lake": ("RetainExceptOnCreate", "Retain"),
        "LakePolicy": ("RetainExceptOnCreate", "Retain"),
        "Database": ("RetainExceptOnCreate", "Retain"),
        "DataVolume": ("Snapshot", "Snapshot"),
    }


# The property that is the whole identity of a resource in an account and region: a second one cannot be.
NAMED_BY = {
    "AWS::S3::Bucket": "BucketName",
    "AWS::Glue::Job": "Name",
    "AWS::Glue::Crawler": "Name",
    "AWS::Athena::WorkGroup": "Name",
    "AWS::SSM::Parameter": "Name",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::Events::Rule": "Name",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::EC2::SecurityGroup": "GroupName",
    "AWS::EC2::LaunchTemplate": "LaunchTemplateName",
}


def test_a_second_try_finds_no_fixed_name_taken_by_the_first(template: Template) -> None:
    fixed = {
        name: found.get("DeletionPolicy", "Delete")
        for name, found in template.raw["Resources"].items()
        if NAMED_BY.get(found["Type"], "-") in found.get("Properties", {})
        or found["Type"] == "AWS::Glue::Database"
    }

    # Rolled back, each of them is deleted; a log group that stayed would be "already there".
    assert set(fixed.values()) == {"Delete", "RetainExceptOnCreate"}
    assert {"Lake", "Database", "RebuildJob", "Crawler", "Workgroup", "HostSettings"} <= set(
        fixed
    )
    # And none is made behind CloudFormation's back before it: neither the host nor a log driver may.
    host = template.properties("HostRole")["Policies"][0]["PolicyDocument"]["Statement"]
    assert "logs:CreateLogGroup" not in str(host)


def test_one_stack_per_account_and_region_is_told_by_the_page(template: Template) -> None:
    fixed = {
        template.properties(name)[NAMED_BY[found["Type"]]]
        for name, found in template.raw["Resources"].items()
        if isinstance(found.get("Properties", {}).get(NAMED_BY.get(found["Type"], "-")), str)
    }
    page = (PAGES / "deploy-on-ec2.md").read_text()

    assert {"coinlake-rebuild", "coinlake-curated", "coinlake"} <= fixed
    for name in fixed:
        assert f"`{name}`" in page or f"`{name.rsplit('/', 1)[0]}/" in page, name


def test_the_host_is_of_the_kind_that_its_images_are_built_for(template: Template) -> None:
    pattern = template.raw["Parameters"]["InstanceType"]["AllowedPattern"]
    page = (PAGES / "deploy-on-ec2.md").read_text()

    for taken in (
        "t3.large",
        "t3a.large",
        "m7i.xlarge",
        "c6a.2xlarge",
        "m7i-flex.large",
        "r6idn.large",
    ):
        assert re.fullmatch(pattern, taken), taken
    for graviton in (
        "t4g.large",
        "m7g.large",
        "c7gn.xlarge",
        "r8g.large",
        "m6gd.large",
        "a1.large",
    ):
        assert not re.fullmatch(pattern, graviton), graviton
    assert images.PLATFORM == "linux/amd64"
    assert re.findall(r"/aws/service/ami-amazon-linux-latest/\S+", page) == [
        "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64)"
    ]


def test_the_hosts_address_and_name_are_of_something_that_outlives_it(
    template: Template,
) -> None:
    (interface,) = template.properties("Host")["NetworkInterfaces"]
    kept = template.raw["Resources"]

    assert interface == {"DeviceIndex": "0", "NetworkInterfaceId": "HostInterface"}
    assert "Condition" not in kept["HostInterface"]
    for name in ("Address", "AddressOfInterface"):
        assert kept[name]["Condition"] == "HasAddress"
    assert template.properties("AddressOfInterface")["NetworkInterfaceId"] == "HostInterface"
    # CloudFormation makes it first, since the host refers to it.
    assert "AddressOfInterface" in str(kept["Host"]["Metadata"])


def test_what_comes_to_the_host_passes_its_security_group_alone(template: Template) -> None:
    group = template.properties("HostInterface")["GroupSet"]

    assert len(group) == 1
    assert "HostSecurityGroup" in str(group[0])


def test_what_is_imported_is_what_was_kept_but_for_what_is_gone(template: Template) -> None:
    lost = template_reader.read(EC2 / "import.yaml", {"BucketName": "the-lake"})
    statements = template.properties("LakePolicy")["PolicyDocument"]["Statement"]
    roles = set(template.resources("AWS::IAM::Role"))

    assert set(lost.raw["Resources"]) == {
        name
        for name, found in template.raw["Resources"].items()
        if found.get("UpdateReplacePolicy") == "Retain"
    }
    # CloudFormation imports nothing without it.
    assert {one["DeletionPolicy"] for one in lost.raw["Resources"].values()} == {"Retain"}
    for name in ("Lake", "Database"):
        assert lost.properties(name) == template.properties(name)
    policy = lost.properties("LakePolicy")
    assert policy["Bucket"] == "the-lake"
    assert policy["PolicyDocument"]["Statement"] == [
        one for one in statements if not any(role in str(one["Principal"]) for role in roles)
    ]
    assert len(policy["PolicyDocument"]["Statement"]) == len(statements) - 1


def test_the_host_is_told_its_name_and_whom_kafka_lets_in() -> None:
    told = PARAMETERS | {"HostName": "lake.example.org", "KafkaCidr": "198.51.100.0/24"}
    settings = template_reader.read(EC2 / "coinlake.yaml", told).properties("HostSettings")

    assert {"HOST_NAME=lake.example.org", "KAFKA_CIDR=198.51.100.0/24"} <= set(
        settings["Value"].splitlines()
    )
