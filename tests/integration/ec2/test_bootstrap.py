"""The bootstrap's steps in a root of their own, twice: what really can run there really runs.

Packages through apt, a disk (a loop device) formatted and mounted, users, secrets, files, units
enabled by systemctl. Not here, since there is no Docker daemon and no systemd running in a chroot:
70-images (but what it refuses), 80-start and 90-smoke. SSM is answered by a script; the same step
runs with the real CLI in test_stack_on_moto.py.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.needs("debootstrap"),
    pytest.mark.needs("root"),
    pytest.mark.timeout(1200),
]
ROOT = Path(__file__).resolve().parents[3]
BASE = ROOT / ".local" / "ec2-base.tar"
STEPS = ("10-packages", "20-settings", "30-data-volume", "40-users-and-folders", "50-secrets",
         "60-files", "65-docker")  # fmt: skip
HOST_ENV = """COINLAKE_BUCKET=the-lake
AWS_DEFAULT_REGION=us-east-1
DATA_VOLUME=vol-0123456789abcdef0
LOG_PREFIX=/coinlake
ROLE_S3_SINK=arn:aws:iam::123456789012:role/s
ALERTS_TOPIC=arn:aws:sns:us-east-1:123456789012:alerts
HEARTBEATS_TOPIC=arn:aws:sns:us-east-1:123456789012:heartbeats"""


@dataclass(frozen=True)
class Chroot:
    """A small Debian, with the release where a host has it, and a blank disk."""

    root: Path
    disk: str

    def run(self, *command: str, **environ: str) -> subprocess.CompletedProcess[str]:
        told = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            # What an image builder tells systemctl: there is no systemd to talk to.
            "SYSTEMD_OFFLINE": "1",
            "COINLAKE_STACK": "lake",
            "AWS_DEFAULT_REGION": "us-east-1",
            "COINLAKE_DISK": self.disk,
            "COINLAKE_HOST_NAME": "host.internal",
            **{k: v for k, v in os.environ.items() if k.lower().endswith("_proxy")},
        } | environ
        return subprocess.run(
            ["chroot", self.root, *command], env=told, capture_output=True, text=True
        )

    def step(self, name: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return self.run(f"/opt/coinlake/current/deploy/ec2/bootstrap/{name}.sh", **environ)

    def state(self) -> dict[str, str]:
        """Owner, mode and contents of everything that the steps make."""
        found = {}
        for top in ("etc/coinlake", "etc/systemd/system", "etc/docker", "var/lib/coinlake",
                    "etc/tmpfiles.d"):  # fmt: skip
            for path in sorted((self.root / top).rglob("*")):
                about = path.lstat()
                body = str(path.readlink()).encode() if path.is_symlink() else b""
                if path.is_file() and not path.is_symlink():
                    body = path.read_bytes()
                said = f"{about.st_mode:o} {about.st_uid}:{about.st_gid}"
                name = str(path.relative_to(self.root))
                found[name] = f"{said} {hashlib.sha256(body).hexdigest()}"
        for name in ("etc/passwd", "etc/group", "etc/fstab"):
            found[name] = (self.root / name).read_text()
        return found


def base() -> Path:
    """A minimal Debian as an archive, made once per clone."""
    if not BASE.is_file():
        fresh = BASE.with_suffix(".part")
        command = [
            "debootstrap",
            "--variant=minbase",
            "--include=systemd,ca-certificates",
            "bookworm",
        ]
        BASE.parent.mkdir(exist_ok=True)
        subprocess.run([*command, fresh], check=True, capture_output=True)
        subprocess.run(["tar", "-C", fresh, "-cf", f"{BASE}.new", "."], check=True)
        Path(f"{BASE}.new").rename(BASE)
        shutil.rmtree(fresh)
    return BASE


@pytest.fixture(scope="module")
def chroot(tmp_path_factory: pytest.TempPathFactory, ec2: Path) -> Iterator[Chroot]:
    folder = tmp_path_factory.mktemp("host")
    root, image = folder / "root", folder / "disk.img"
    root.mkdir()
    subprocess.run(["tar", "-C", root, "-xf", base()], check=True)
    shutil.copytree(ec2, root / "opt/coinlake/releases/r/deploy/ec2")
    (root / "opt/coinlake/current").symlink_to("releases/r")
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    aws = root / "usr/local/bin/aws"
    aws.write_text(f"#!/bin/sh\ncat <<'SETTINGS'\n{HOST_ENV}\nSETTINGS\n")
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


@pytest.mark.parametrize("image", ["apache/kafka:4.3.1", "", "apache/kafka@sha256:12"])
def test_an_image_that_is_not_named_by_digest_is_refused(
    chroot: Chroot, twice: tuple[dict[str, str], dict[str, str]], image: str
) -> None:
    images = chroot.root / "opt/coinlake/releases/r/deploy/ec2/host/images.env"
    images.write_text(f"KAFKA_IMAGE={image}\n")

    done = chroot.step("70-images")

    assert done.returncode == 1
    assert "KAFKA_IMAGE is not named by digest" in done.stderr


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
