"""The bootstrap's steps in a root of their own, twice: what really can run there really runs.

Packages through apt, a disk (a loop device) formatted and mounted, users, secrets, files, units
enabled by systemctl. In the campaign that host is then booted: its units run under systemd as
process 1, with its own Docker daemon and a small Debian as every image. Not run: 70-images (but
what it refuses), 80-start and 90-smoke, which want registries and real images. AWS is answered by a
script; the same steps run with the real CLI in test_stack_on_moto.py and test_credentials.py.
"""

import io
import json
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_stack import jars
from local_stack.paths import Paths
from tests.integration.ec2.booted import Booted, booted
from tests.integration.ec2.chroots import (
    AWS,
    CONTAINERS,
    ENTRYPOINT,
    IMAGES,
    KAFKA_PROGRAM,
    STEPS,
    Chroot,
    base,
)
from tests.unit.observability.promql import alerts

pytestmark = [
    pytest.mark.needs("debootstrap"),
    pytest.mark.needs("root"),
    pytest.mark.timeout(1200),
]


@pytest.fixture(scope="module")
def chroot(tmp_path_factory: pytest.TempPathFactory, ec2: Path) -> Iterator[Chroot]:
    folder = tmp_path_factory.mktemp("host")
    root, image = folder / "root", folder / "disk.img"
    root.mkdir()
    subprocess.run(["tar", "-C", root, "-xf", base()], check=True)
    shutil.copytree(ec2, root / "opt/coinlake/releases/r/deploy/ec2")
    pages = "docs/how-to/runbooks"
    shutil.copytree(ec2.parents[1] / pages, root / "opt/coinlake/releases/r" / pages)
    (agent,) = jars.fetch(Paths(), jars.AGENT, lambda _: None).glob("*.jar")
    shutil.copy(agent, root / "opt/coinlake/releases/r/deploy/ec2/kafka/agent.jar")
    (root / "opt/coinlake/current").symlink_to("releases/r")
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    aws = root / "usr/local/bin/aws"
    aws.write_text(AWS)
    aws.chmod(0o755)
    # Packages must not start what they install.
    (root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
    (root / "usr/sbin/policy-rc.d").chmod(0o755)
    with image.open("wb") as disk:
        disk.truncate(400 * 1024**2)
    attach = ["losetup", "--find", "--show", str(image)]
    loop = subprocess.run(attach, check=True, capture_output=True, text=True).stdout.strip()
    mounts = [root / "dev", root / "proc"]
    subprocess.run(["mount", "--bind", "/dev", mounts[0]], check=True)
    subprocess.run(["mount", "-t", "proc", "proc", mounts[1]], check=True)
    try:
        yield Chroot(root, loop)
    finally:
        for mount in [root / "var/lib/coinlake", *mounts]:
            subprocess.run(["umount", mount], check=False, capture_output=True)
        subprocess.run(["losetup", "--detach", loop], check=True)


@pytest.fixture(scope="module")
def twice(chroot: Chroot) -> tuple[dict[str, str], dict[str, str]]:
    """What there is after a first and after a second run."""
    states = []
    for _ in range(2):
        for name in STEPS:
            done = chroot.step(name)
            assert done.returncode == 0, f"{name}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        states.append(chroot.state())
    return states[0], states[1]


def test_a_second_run_changes_nothing(twice: tuple[dict[str, str], dict[str, str]]) -> None:
    first, second = twice

    assert len(first) > 60
    assert {name for name in first | second if first.get(name) != second.get(name)} == set()


def test_the_blank_disk_was_formatted_once_and_is_mounted_by_its_uuid(
    chroot: Chroot, twice: tuple[dict[str, str], dict[str, str]]
) -> None:
    uuid = chroot.run(
        "blkid", "--probe", "--output", "value", "--match-tag", "UUID", chroot.disk
    )

    (line,) = [
        x for x in (chroot.root / "etc/fstab").read_text().splitlines() if "coinlake" in x
    ]
    assert (
        line == f"UUID={uuid.stdout.strip()} /var/lib/coinlake xfs defaults,nofail,noatime 0 2"
    )
    assert (chroot.root / "var/lib/coinlake").is_mount()


def test_a_disk_with_something_on_it_is_never_formatted(
    chroot: Chroot, twice: tuple[dict[str, str], dict[str, str]]
) -> None:
    mine = chroot.root / "var/lib/coinlake/ingestor/mine"
    mine.write_text("a journal")

    assert chroot.step("30-data-volume").returncode == 0
    assert mine.read_text() == "a journal"
    gone = chroot.step("30-data-volume", COINLAKE_DISK="/dev/nothing")
    assert gone.returncode == 1
    assert "is not attached" in gone.stderr


def test_secrets_are_readable_to_those_that_need_them_alone(
    chroot: Chroot, twice: tuple[dict[str, str], dict[str, str]]
) -> None:
    def about(name: str) -> tuple[str, int]:
        found = (chroot.root / name).stat()
        return f"{found.st_mode & 0o7777:o}", found.st_gid

    assert about("var/lib/coinlake/secrets") == ("700", 0)
    assert about("var/lib/coinlake/secrets/kafka/ca.key") == ("600", 0)
    assert about("etc/coinlake/kafka/broker") == ("750", 10010)
    assert about("etc/coinlake/kafka/broker/broker.pem") == ("640", 10010)
    assert about("etc/coinlake/kafka/broker/server.properties") == ("640", 10010)
    assert about("etc/coinlake/kafka/broker/start.sh") == ("750", 10010)
    assert about("etc/coinlake/kafka/ca.pem") == ("644", 0)
    # Everybody may pass through to what is theirs.
    assert about("etc/coinlake") == ("755", 0)
    assert about("etc/coinlake/aws/read.py") == ("644", 0)


def test_the_units_are_enabled(
    chroot: Chroot, twice: tuple[dict[str, str], dict[str, str]]
) -> None:
    for unit in ("coinlake.target", "coinlake-s3-sink.service", "coinlake-firewall.service"):
        assert chroot.run("systemctl", "is-enabled", unit).stdout.strip() == "enabled"


def test_the_alerts_go_to_the_stacks_topics(
    chroot: Chroot, twice: tuple[dict[str, str], dict[str, str]]
) -> None:
    text = (chroot.root / "etc/coinlake/alertmanager/alertmanager.yml").read_text()

    assert "arn:aws:sns:us-east-1:123456789012:heartbeats" in text
    assert "@" not in text


def test_the_pages_that_alerts_link_to_are_where_prometheus_serves_them(
    chroot: Chroot, twice: tuple[dict[str, str], dict[str, str]]
) -> None:
    pages = {page.name for page in (chroot.root / "etc/coinlake/prometheus/runbooks").iterdir()}

    assert {f"{name}.md" for name in alerts()} == pages
    host_env = (chroot.root / "etc/coinlake/host.env").read_text()
    assert "\nRUNBOOKS_URL=http://127.0.0.1:9090/user\n" in host_env


@pytest.mark.parametrize("image", ["apache/kafka:4.3.1", "", "apache/kafka@sha256:12"])
def test_an_image_that_is_not_named_by_digest_is_refused(
    chroot: Chroot, twice: tuple[dict[str, str], dict[str, str]], image: str
) -> None:
    images = chroot.root / "opt/coinlake/releases/r/deploy/ec2/host/images.env"
    images.write_text(f"KAFKA_IMAGE={image}\n")

    done = chroot.step("70-images")

    assert done.returncode == 1
    assert "KAFKA_IMAGE is not named by digest" in done.stderr


@pytest.fixture(scope="module")
def host(
    chroot: Chroot,
    twice: tuple[dict[str, str], dict[str, str]],
    tmp_path_factory: pytest.TempPathFactory,
    full_size: bool,
) -> Iterator[Booted]:
    """The bootstrapped host, booted and started as 80-start does, without its certificate."""
    if not full_size:
        pytest.skip("at full size only: make campaign ROWS=host")
    archive = chroot.root / "stand-in.tar"
    shutil.copy(base(), archive)
    with tarfile.open(archive, "a") as packed:
        for name in ("kafka-storage.sh", "kafka-server-start.sh"):
            about = tarfile.TarInfo(f"./opt/kafka/bin/{name}")
            about.size, about.mode = len(KAFKA_PROGRAM), 0o755
            packed.addfile(about, io.BytesIO(KAFKA_PROGRAM))
    # Enabled by step 65, where the images are there at the next boot; here they come after it, and
    # units that Docker pulls up without them would be restarted once.
    chroot.run("systemctl", "disable", "coinlake.target")
    with booted(chroot.root, tmp_path_factory.mktemp("boot") / "log") as system:
        system.wait("Docker", lambda: system.run("docker", "info").returncode == 0)
        change = f"ENTRYPOINT {json.dumps(ENTRYPOINT)}"
        image = system.said("docker", "import", "--change", change, "/stand-in.tar", "stand-in")
        archive.unlink()
        lines = [f"{name.upper().replace('-', '_')}_IMAGE={image}\n" for name in IMAGES]
        (chroot.root / "etc/coinlake/images.env").write_text("".join(lines))
        system.said("systemctl", "enable", "--now", "coinlake.target")
        system.wait("every container", lambda: up(system) == set(CONTAINERS))
        yield system


def up(system: Booted) -> set[str]:
    names = system.said("docker", "ps", "--format", "{{.Names}}").split()
    return {name.removeprefix("coinlake-") for name in names}


def test_the_target_starts_everything_in_order_but_a_proxy_without_certificate(
    host: Booted,
) -> None:
    def began(unit: str) -> int:
        return int(host.shows(unit, "ExecMainStartTimestampMonotonic").popitem()[1])

    def ended(unit: str) -> int:
        return int(host.shows(unit, "ExecMainExitTimestampMonotonic").popitem()[1])

    assert host.said("cat", "/proc/1/comm") == "systemd"
    assert host.shows("coinlake-proxy", "ActiveState") == {"ActiveState": "inactive"}
    assert 0 < ended("coinlake-firewall") <= began("docker")
    for name in CONTAINERS:
        unit = f"coinlake-{name}"
        assert host.shows(unit, "ActiveState", "NRestarts") == {
            "ActiveState": "active",
            "NRestarts": "0",
        }
        assert 0 < ended("coinlake-network") <= began(unit)
        if name in ("ingestor", "s3-sink", "etl-runner", "auditor"):
            assert began("coinlake-kafka") < began(unit)
    for name in ("s3-sink", "etl-runner", "query-api", "auditor", "alertmanager"):
        assert 0 < ended(f"coinlake-credentials@{name}") <= began(f"coinlake-{name}")
        timer = host.shows(f"coinlake-credentials@{name}.timer", "ActiveState")
        assert timer == {"ActiveState": "active"}


def test_a_container_is_told_its_settings_and_its_own_credentials(host: Booted) -> None:
    told = host.said("docker", "exec", "coinlake-s3-sink", "env").splitlines()

    assert "COINLAKE_BUCKET=the-lake" in told
    assert "KAFKA_SASL_USERNAME=s3-sink" in told
    assert "Expiration" in host.said(
        "docker", "exec", "coinlake-s3-sink", "cat", "/run/aws/credentials.json"
    )
    assert host.said("docker", "exec", "coinlake-s3-sink", "id", "-u") == "10012"


def test_the_timers_run_and_the_host_tells_its_units_and_credentials(host: Booted) -> None:
    def facts() -> str:
        return host.run("cat", "/run/coinlake/metrics/host.prom").stdout

    host.wait("the facts", lambda: 'coinlake_unit_failed{unit="coinlake-s3-sink' in facts())
    told = facts()

    for name in CONTAINERS:
        assert f'coinlake_unit_failed{{unit="coinlake-{name}.service"}} 0\n' in told
        assert f'coinlake_unit_restarts_total{{unit="coinlake-{name}.service"}} 0\n' in told
    assert told.count("coinlake_credentials_end_timestamp_seconds{") == 5
    assert "\ncoinlake_kafka_retention_bytes " in told
    for timer in ("coinlake-host-metrics.timer", "coinlake-certificate.timer"):
        assert host.shows(timer, "ActiveState") == {"ActiveState": "active"}
    # The container sees what the host tells, and nothing of the host's files.
    seen = host.said("docker", "exec", "coinlake-node-exporter", "cat", "/host/run/host.prom")
    assert "coinlake_unit_failed" in seen
    roots = host.said("docker", "exec", "coinlake-node-exporter", "ls", "/host").split()
    assert roots == ["proc", "run", "sys", "var"]
    assert host.said(
        "docker",
        "exec",
        "coinlake-node-exporter",
        "stat",
        "-f",
        "-c",
        "%b",
        "/host/var/lib/coinlake",
    ) == host.said("stat", "-f", "-c", "%b", "/var/lib/coinlake")


def test_systemd_starts_a_killed_container_again_and_no_other(host: Booted) -> None:
    before = {name: host.shows(f"coinlake-{name}", "MainPID") for name in CONTAINERS}

    host.said("docker", "kill", "coinlake-s3-sink")

    host.wait(
        "the sink again",
        lambda: (
            host.shows("coinlake-s3-sink", "NRestarts") == {"NRestarts": "1"}
            and up(host) == set(CONTAINERS)
        ),
    )
    after = {name: host.shows(f"coinlake-{name}", "MainPID") for name in CONTAINERS}
    assert [name for name in CONTAINERS if before[name] != after[name]] == ["s3-sink"]


def test_a_panic_of_somebody_elses_program_is_no_refusal_of_settings(host: Booted) -> None:
    for name in ("prometheus", "s3-sink"):
        host.said("docker", "kill", "--signal", "USR2", f"coinlake-{name}")

    host.wait(
        "Prometheus again",
        lambda: host.shows("coinlake-prometheus", "NRestarts") == {"NRestarts": "1"},
    )
    host.wait(
        "the sink given up",
        lambda: host.shows("coinlake-s3-sink", "ActiveState") == {"ActiveState": "failed"},
    )
    assert host.shows("coinlake-s3-sink", "ExecMainStatus") == {"ExecMainStatus": "2"}
    host.said("systemctl", "start", "coinlake-s3-sink")
    host.wait("every container", lambda: up(host) == set(CONTAINERS))


def test_the_target_stops_everything_in_good_order_and_starts_it_again(host: Booted) -> None:
    host.said("systemctl", "stop", "coinlake.target")

    host.wait("that all have stopped", lambda: up(host) == set())
    for name in CONTAINERS:
        assert host.shows(f"coinlake-{name}", "ActiveState", "Result") == {
            "ActiveState": "inactive",
            "Result": "success",
        }
    host.said("systemctl", "start", "coinlake.target")
    host.wait("every container", lambda: up(host) == set(CONTAINERS))


def test_without_the_data_volume_no_container_runs(host: Booted) -> None:
    host.said("systemctl", "stop", "var-lib-coinlake.mount")

    host.wait("that all have stopped", lambda: up(host) == set())
    for name in CONTAINERS:
        assert host.shows(f"coinlake-{name}", "ActiveState")["ActiveState"] != "active"


def test_taking_it_off_leaves_the_data_and_nothing_else(
    chroot: Chroot, twice: tuple[dict[str, str], dict[str, str]]
) -> None:
    mine = chroot.root / "var/lib/coinlake/ingestor/kept"
    mine.write_text("a journal")

    for _ in range(2):
        done = chroot.run("/opt/coinlake/current/deploy/ec2/libexec/uninstall")
        assert done.returncode == 0, done.stderr

    assert mine.read_text() == "a journal"
    assert not (chroot.root / "etc/coinlake").exists()
    assert list((chroot.root / "etc/systemd/system").glob("**/coinlake*")) == []
