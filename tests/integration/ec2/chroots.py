"""A root of its own for the bootstrap's steps: a small Debian, scripts for AWS and Docker."""

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests import ec2_containers

ROOT = Path(__file__).resolve().parents[3]

BASE = ROOT / ".local" / "ec2-base.tar"

STEPS = (
    "10-packages",
    "20-settings",
    "30-data-volume",
    "40-users-and-folders",
    "50-secrets",
    "60-files",
    "65-docker",
)

HOST_ENV = """COINLAKE_BUCKET=the-lake
AWS_DEFAULT_REGION=us-east-1
DATA_VOLUME=vol-0123456789abcdef0
LOG_PREFIX=/coinlake
ROLE_S3_SINK=arn:aws:iam::123456789012:role/s
ROLE_ETL_RUNNER=arn:aws:iam::123456789012:role/e
ROLE_QUERY_API=arn:aws:iam::123456789012:role/q
ROLE_AUDITOR=arn:aws:iam::123456789012:role/a
ROLE_ALERTMANAGER=arn:aws:iam::123456789012:role/m
ALERTS_TOPIC=arn:aws:sns:us-east-1:123456789012:alerts
HEARTBEATS_TOPIC=arn:aws:sns:us-east-1:123456789012:heartbeats"""

AWS = f"""#!/bin/sh
case "$*" in
  *get-parameters-by-path*) echo '{{"Parameters": []}}' ;;
  *assume-role*) echo '{{"Version": 1, "Expiration": "2100-01-01T00:00:00+00:00"}}' ;;
  *) cat <<'SETTINGS'
{HOST_ENV}
SETTINGS
esac
"""

# One image for all: it ends at SIGTERM, as the services do, and has the names of Kafka's programs.
# At SIGUSR2 it ends as a Go program that panicked, or as one of ours that refuses its settings.
ENTRYPOINT = [
    "/bin/bash",
    "-c",
    "trap 'exit 0' TERM INT USR1; trap 'exit 2' USR2; sleep 100000 & wait",
]

KAFKA_PROGRAM = b"""#!/bin/bash
case $0 in *storage* | *configs*) exit 0 ;; esac
trap 'exit 0' TERM
sleep 100000 & wait
"""

# The proxy runs only where it has a certificate (its ConditionPathExists).
CONTAINERS = tuple(name for name in ec2_containers.CONTAINERS if name != "proxy")

IMAGES = (*CONTAINERS, "tools", "proxy")


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
        for top in (
            "etc/coinlake",
            "etc/systemd/system",
            "etc/docker",
            "var/lib/coinlake",
            "etc/tmpfiles.d",
        ):
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
