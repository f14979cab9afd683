"""Files of the host against the code that they are for: settings, Kafka's rights, credentials."""

import datetime
import importlib.util
import json
import os
import re
import subprocess
from pathlib import Path
from types import ModuleType

import certifi
import pytest

from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.topics import (
    GAPS,
    LANDED,
    PUBLISHED,
    REJECTED,
    TOPICS,
    copied_by_the_sink,
)
from coinlake.settings import KafkaSettings, ServiceSettings, load
from etl_runner.config import Settings as EtlSettings
from ingestor.config import Settings as IngestorSettings
from query_api.config import Settings as QuerySettings
from s3_sink.config import Settings as SinkSettings

EC2 = Path(__file__).resolve().parents[3] / "deploy" / "ec2"
NOW = datetime.datetime(2026, 11, 22, 12, 0, tzinfo=datetime.UTC)
SECRETS = {
    "ingestor": {"COINCAP_API_KEY": "k", "KAFKA_SASL_PASSWORD": "p"},
    "s3-sink": {"KAFKA_SASL_PASSWORD": "p"},
    "etl-runner": {"KAFKA_SASL_PASSWORD": "p", "ETL_RUNNER_ADMIN_TOKEN": "t"},
    "query-api": {},
}
SETTINGS: dict[str, type[ServiceSettings]] = {
    "ingestor": IngestorSettings,
    "s3-sink": SinkSettings,
    "etl-runner": EtlSettings,
    "query-api": QuerySettings,
}


def environment(name: str) -> dict[str, str]:
    lines = (EC2 / "env" / f"{name}.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def rights() -> dict[tuple[str, str], dict[str, set[str]]]:
    """Names by (user, kind) and operation."""
    found: dict[tuple[str, str], dict[str, set[str]]] = {}
    for line in (EC2 / "kafka" / "acls.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            user, operations, kind, names = line.split("\t")
            for operation in operations.split(","):
                granted = found.setdefault((user, kind), {}).setdefault(operation, set())
                granted |= set(names.split(","))
    return found


@pytest.mark.parametrize("name", list(SETTINGS))
def test_a_service_starts_with_the_hosts_settings(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in [v for v in os.environ if v.startswith(("KAFKA_", "COINCAP_", "AWS_"))]:
        monkeypatch.delenv(variable)
    told = {**environment(name), **SECRETS[name]}
    if "KAFKA_SSL_CAFILE" in told:
        # What a container sees under this name is made by step 50; any authority will do.
        told["KAFKA_SSL_CAFILE"] = certifi.where()
    for variable, value in told.items():
        monkeypatch.setenv(variable, value)

    settings = load(SETTINGS[name], os.environ)

    if name != "query-api":
        kafka = settings.kafka
        assert kafka.security_protocol == "SASL_SSL"
        assert kafka.sasl_username == name
        assert kafka.bootstrap_servers == "kafka:9094"


@pytest.mark.parametrize("name", ["s3-sink", "etl-runner", "query-api", "auditor", "tools"])
def test_a_container_asks_its_file_for_credentials_and_never_the_host(name: str) -> None:
    told = environment(name)

    assert told["AWS_CONFIG_FILE"] == "/etc/aws/config"
    assert told["AWS_EC2_METADATA_DISABLED"] == "true"


def test_no_file_of_the_release_holds_a_secret() -> None:
    for path in (EC2 / "env").iterdir():
        assert not [n for n in environment(path.stem) if "PASSWORD" in n or "KEY" in n]


def test_the_ingestor_may_write_what_it_publishes_and_read_nothing() -> None:
    topics = {feed.topic for feed in TABULAR.values()} | {REJECTED, GAPS}

    assert rights()["ingestor", "topic"] == {"Write": topics, "Describe": topics}
    assert ("ingestor", "group") not in rights()


def test_the_sink_may_read_what_it_copies_and_write_hints_alone() -> None:
    copied, granted = set(copied_by_the_sink()), rights()["s3-sink", "topic"]

    assert granted["Read"] == granted["DescribeConfigs"] == copied
    assert granted["Write"] == {LANDED}
    group = SinkSettings.model_fields["group"].get_default(call_default_factory=True).id
    assert rights()["s3-sink", "group"]["Read"] == {group}


def test_the_runner_hears_hints_and_announces() -> None:
    granted = rights()["etl-runner", "topic"]

    assert granted["Read"] == {LANDED}
    assert granted["Write"] == {PUBLISHED}


def test_the_tools_may_make_each_topic_and_nobody_may_alter_or_delete() -> None:
    assert rights()["tools", "topic"]["Create"] == set(TOPICS)
    assert "Write" not in rights()["tools", "topic"]
    for granted in rights().values():
        assert not set(granted) & {"Delete", "Alter", "AlterConfigs", "All", "ClusterAction"}


def test_the_auditor_reads_what_the_sink_copies_and_can_change_nothing() -> None:
    copied = set(copied_by_the_sink())

    assert rights()["auditor", "topic"] == {"Read": copied, "Describe": copied}
    assert ("auditor", "group") not in rights()


def test_every_user_with_rights_is_made_with_a_password() -> None:
    named = subprocess.run(
        [EC2 / "libexec" / "kafka-names"], env={"PATH": os.environ["PATH"]}, capture_output=True
    )

    assert set(named.stdout.decode().split()) == {user for user, _ in rights()}
    for script in ("kafka-secrets", "kafka-config", "kafka-users"):
        text = (EC2 / "libexec" / script).read_text()
        assert re.findall(r"for user in .*kafka-names", text), script


@pytest.fixture
def reader() -> ModuleType:
    spec = importlib.util.spec_from_file_location("aws_read", EC2 / "aws" / "read.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_credentials_that_live_are_printed_as_they_are(
    reader: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = json.dumps({"Version": 1, "Expiration": "2026-11-22T12:00:01+00:00"})
    (tmp_path / "c.json").write_text(text)

    assert reader.main(tmp_path / "c.json", NOW) == 0
    assert capsys.readouterr().out == text


@pytest.mark.parametrize(
    "text", ['{"Expiration": "2026-11-22T12:00:00Z"}', "{", '{"Version": 1}', "", None]
)
def test_credentials_that_ended_or_are_not_there_are_an_error_and_not_printed(
    reader: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None
) -> None:
    if text is not None:
        (tmp_path / "c.json").write_text(text)

    assert reader.main(tmp_path / "c.json", NOW) == 1
    assert capsys.readouterr().out == ""


def test_the_kafka_settings_have_no_listener_without_a_login() -> None:
    lines = (EC2 / "kafka" / "server.properties").read_text().splitlines()
    told = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))

    protocols = dict(
        item.split(":") for item in told["listener.security.protocol.map"].split(",")
    )
    listeners = dict(item.split("://") for item in told["listeners"].split(","))
    assert set(protocols) == set(listeners)
    for name, address in listeners.items():
        loopback = address.startswith("127.0.0.1:")
        assert protocols[name] == ("SASL_PLAINTEXT" if loopback else "SASL_SSL")
    assert told["allow.everyone.if.no.acl.found"] == "false"
    assert "ANONYMOUS" not in told["super.users"]
    assert (
        KafkaSettings.model_fields["sasl_mechanism"].default == told["sasl.enabled.mechanisms"]
    )


def test_the_agent_starts_with_the_broker_and_with_no_program_that_is_run_beside_it() -> None:
    """In KAFKA_OPTS each of Kafka's programs in the container would want its port too."""
    told = environment("kafka")
    config = (EC2 / "libexec/kafka-config").read_text()
    scraped = (EC2 / "prometheus/prometheus.yml").read_text()

    agents = [name for name, value in told.items() if "-javaagent" in value]
    assert agents == ["EXTRA_ARGS"]
    (jar, port, rules) = (
        told["EXTRA_ARGS"].partition("-javaagent:")[2].replace("=", ":").split(":")
    )
    for path in (jar, rules):
        assert path.startswith("/etc/kafka/broker/")
        assert f'"$out/{Path(path).name}"' in config
    assert f"kafka:{port}" in scraped


def test_the_log_of_kafka_is_bounded_for_every_topic_by_the_smallest_volume_too() -> None:
    """The shares of the script are of as many partitions as the contract has."""
    (makes,) = [
        names
        for (user, kind), granted in rights().items()
        if (user, kind) == ("tools", "topic")
        for names in [granted["Create"]]
    ]

    assert len(makes) == sum(topic.partitions for topic in TOPICS.values())
