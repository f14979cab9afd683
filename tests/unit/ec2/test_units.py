"""The units' containers: what systemd-analyze cannot see is asserted from each ExecStart."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest

from coinlake_tools.host_cost import INSTANCES
from deploy.release.archive import OURS
from ingestor.config import Settings as IngestorSettings
from s3_sink.config import Settings as SinkSettings
from tests.ec2_containers import CONTAINERS

EC2 = Path(__file__).resolve().parents[3] / "deploy" / "ec2"
UNITS = EC2 / "systemd"


@dataclass(frozen=True)
class Unit:
    """A unit file's values, and the arguments of its `docker run`."""

    values: dict[str, list[str]]

    def one(self, name: str) -> str:
        (value,) = self.values[name]
        return value

    @property
    def run(self) -> list[str]:
        return shlex.split(self.one("ExecStart"))

    def options(self, name: str) -> list[str]:
        return [self.run[at + 1] for at, word in enumerate(self.run) if word == name]


def parsed(path: Path) -> Unit:
    values: dict[str, list[str]] = {}
    for line in re.sub(r"\\\n\s*", " ", path.read_text()).splitlines():
        if line and line[0] not in "#[":
            name, _, value = line.partition("=")
            values.setdefault(name, []).append(value)
    return Unit(values)


@pytest.fixture(params=CONTAINERS)
def unit(request: pytest.FixtureRequest) -> Unit:
    return parsed(UNITS / f"coinlake-{request.param}.service")


def test_there_is_a_unit_for_each_container_and_the_target_wants_each() -> None:
    wanted = " ".join(parsed(UNITS / "coinlake.target").values["Wants"]).split()
    running = {p.name for p in UNITS.glob("*.service") if "docker run" in p.read_text()}

    assert set(wanted) == running == {f"coinlake-{name}.service" for name in CONTAINERS}


def test_the_container_is_not_root_and_has_a_user_of_its_own(unit: Unit) -> None:
    (user,) = unit.options("--user")
    others = [
        parsed(path).options("--user")[0]
        for path in UNITS.glob("*.service")
        if "docker run" in path.read_text()
    ]

    uid, _, gid = user.partition(":")
    assert uid == gid
    assert int(uid) > 10_000
    assert others.count(user) == 1


def test_the_container_can_gain_and_write_nothing(unit: Unit) -> None:
    assert "--read-only" in unit.run
    assert unit.options("--cap-drop") == ["ALL"]
    assert unit.options("--security-opt") == ["no-new-privileges"]
    assert not [
        word for word in unit.run if word.startswith(("--cap-add", "--privileged", "--device"))
    ]
    assert [mount.partition(":")[0] for mount in unit.options("--tmpfs")] == ["/tmp"]
    assert "size=" in unit.options("--tmpfs")[0]


def test_what_is_mounted_is_read_only_or_the_services_own_data(unit: Unit) -> None:
    (name,) = unit.options("--network-alias")

    for volume in unit.options("--volume"):
        source = volume.split(":")[0]
        assert volume.endswith(":ro") or source == f"/var/lib/coinlake/{name}"
        assert "docker.sock" not in volume
        assert not source.startswith("/run/coinlake/aws/") or source.endswith(f"/{name}")


def test_memory_and_processes_are_limited(unit: Unit) -> None:
    (memory,) = unit.options("--memory")
    (pids,) = unit.options("--pids-limit")

    assert re.fullmatch(r"\d+[mg]", memory)
    assert unit.options("--memory-swap") == [memory]
    assert int(pids) <= 512


def mib(size: str) -> int:
    return int(size[:-1]) * {"m": 1, "g": 1024}[size[-1]]


def together() -> int:
    """What the containers may use at a time, MiB: all of the target, and the tools at a start."""
    units = [parsed(path) for path in UNITS.glob("*.service")]
    limits = [limit for unit in units for limit in unit.options("--memory")]
    start = (EC2 / "bootstrap" / "80-start.sh").read_text()
    limits += re.findall(r"--memory (\S+)", start)
    return sum(map(mib, limits))


def test_the_containers_of_the_host_fit_into_its_memory_together() -> None:
    template = (EC2 / "coinlake.yaml").read_text()
    (default,) = re.findall(r"InstanceType:\n    Type: String\n    Default: (\S+)", template)

    assert len(CONTAINERS) * 64 < together() <= host_memory(default)
    page = EC2.parents[1] / "docs" / "how-to" / "deploy-on-ec2.md"
    assert f"add up to {together()} MiB" in page.read_text()
    # The test can fail: the next smaller one, which this template once had, is too small.
    assert together() > host_memory("t3.medium")


def host_memory(instance: str) -> int:
    """What an instance has for containers, MiB, beside Docker, systemd and the agent of SSM."""
    return INSTANCES[instance].usable_mib - 768


def test_the_brokers_heap_leaves_a_third_of_its_memory_to_the_rest_of_the_jvm() -> None:
    (heap,) = re.findall(r"-Xmx(\d+m)", (EC2 / "env" / "kafka.env").read_text())
    (admin,) = re.findall(r"-Xmx(\d+m)", (EC2 / "libexec" / "kafka-users").read_text())
    (limit,) = parsed(UNITS / "coinlake-kafka.service").options("--memory")

    assert (mib(heap) + mib(admin)) * 1.5 <= mib(limit)


def test_the_sinks_budget_is_a_third_of_its_memory() -> None:
    (limit,) = parsed(UNITS / "coinlake-s3-sink.service").options("--memory")

    budget = SinkSettings.model_fields["budget_bytes"].default
    assert budget * 3 <= mib(limit) * 1024**2


def test_the_image_is_the_one_of_the_list_and_is_never_pulled_at_start(unit: Unit) -> None:
    (name,) = unit.options("--network-alias")
    images = [word for word in unit.run if re.fullmatch(r"\$\{[A-Z0-9_]+_IMAGE\}", word)]
    listed = (EC2 / "host" / "images.env.example").read_text()

    of = {"auditor": "tools"}.get(name, name)
    assert images == ["${%s_IMAGE}" % of.upper().replace("-", "_")]  # noqa: UP031
    assert f"{images[0][2:-1]}=" in listed
    assert unit.options("--pull") == ["never"]


def test_systemd_alone_restarts_and_gives_up_on_wrong_settings_of_ours_only(unit: Unit) -> None:
    assert "--restart" not in " ".join(unit.run)
    assert {"--rm", "--name"} < set(unit.run)
    assert "--detach" not in unit.run
    assert "-d" not in unit.run
    assert unit.one("Type") == "exec"
    assert unit.one("Restart") == "always"
    # With 2 our programs refuse their settings, and any Go program ends a panic.
    ours = any(word[2:-1] in OURS for word in unit.run)
    assert unit.values.get("RestartPreventExitStatus", []) == (["2"] if ours else [])
    # An outage of a day must not use up the starts.
    slowest = int(unit.one("StartLimitIntervalSec")) / int(unit.one("StartLimitBurst"))
    assert int(unit.one("RestartSec")) > slowest


def test_no_other_unit_takes_an_exit_status_for_the_end() -> None:
    told = {
        path.name
        for path in UNITS.iterdir()
        if re.search(r"^(RestartPreventExitStatus|SuccessExitStatus)=", path.read_text(), re.M)
    }

    assert told == {
        f"coinlake-{name}.service"
        for name in ("ingestor", "s3-sink", "etl-runner", "query-api", "auditor")
    }


def test_stopping_waits_longer_than_the_container_may_take(unit: Unit) -> None:
    (grace,) = unit.options("--stop-timeout")
    stop = shlex.split(unit.one("ExecStop"))

    assert stop == ["/usr/bin/docker", "stop", "--time", grace, *unit.options("--name")]
    assert int(unit.one("TimeoutStopSec")) > int(grace)


def test_no_container_runs_without_the_firewall(unit: Unit) -> None:
    assert "coinlake-firewall.service" in unit.one("Requires").split()
    assert "coinlake-firewall.service" in unit.one("After").split()
    assert unit.options("--network") == ["coinlake"]


def test_no_container_runs_without_the_data_volume(unit: Unit) -> None:
    assert unit.one("RequiresMountsFor") == "/var/lib/coinlake"


def test_ports_are_on_loopback_but_those_that_speak_tls(unit: Unit) -> None:
    for port in unit.options("--publish"):
        assert port.startswith("127.0.0.1:") or port in {
            "443:8443",
            "${KAFKA_PUBLISH}:9095:9095",
        }


def test_the_slowest_flush_fits_into_the_grace() -> None:
    sink = parsed(UNITS / "coinlake-s3-sink.service")
    ingestor = parsed(UNITS / "coinlake-ingestor.service")

    flush = SinkSettings.model_fields["flush_deadline_s"].default
    assert int(sink.options("--stop-timeout")[0]) >= 2 * flush
    shutdown = IngestorSettings.model_fields["shutdown_s"].default
    assert int(ingestor.options("--stop-timeout")[0]) >= 2 * shutdown


def test_only_services_with_a_role_get_credentials_and_each_its_own() -> None:
    holders = {}
    for name in CONTAINERS:
        unit = parsed(UNITS / f"coinlake-{name}.service")
        holders[name] = [v.split(":")[0] for v in unit.options("--volume") if "/aws" in v]
        ordered = f"coinlake-credentials@{name}.service" in unit.one("After").split()
        assert ordered is bool(holders[name])

    with_role = {"s3-sink", "etl-runner", "query-api", "auditor", "alertmanager"}
    assert {name for name, found in holders.items() if found} == with_role


def test_credentials_are_renewed_long_before_they_end() -> None:
    timer = parsed(UNITS / "coinlake-credentials@.timer")
    script = (EC2 / "libexec" / "assume-role").read_text()

    (lifetime,) = re.findall(r"--duration-seconds (\d+)", script)
    minutes = int(timer.one("OnUnitInactiveSec").removesuffix("min"))
    # Five tries may fail before a client finds the credentials within its last ten minutes.
    assert minutes * 60 * 5 <= int(lifetime) - 600
