"""Boots a root folder: its own systemd as process 1, in namespaces and control groups of its own."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

CGROUPS = Path("/sys/fs/cgroup")
# What a container manager gives to the system that it boots: the kernel's folders, a few devices, empty
# /run and /tmp, control groups of which it is the root. $1: the root folder, $2: the group's name, $3: a unit.
PREPARED = r"""
set -eu
root=$1
mount --make-rprivate /
mount --rbind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
  mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
else
  mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
  for folder in /sys/fs/cgroup/*/; do
    name=$(basename "$folder")
    mkdir "$root/sys/fs/cgroup/$name"
    case $name in
      unified) mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup/$name" ;;
      systemd) mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/$name" ;;
      *) mount -t cgroup -o "$name" cgroup "$root/sys/fs/cgroup/$name" ;;
    esac
  done
fi
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for name in null zero full random urandom tty; do
  touch "$root/dev/$name"
  mount --bind "/dev/$name" "$root/dev/$name"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
touch "$root/dev/console"
mount --bind "$root/dev/null" "$root/dev/console"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
ip link set lo up
# Not chroot: a process of a container that is entered would see the root of the namespace.
cd "$root"
pivot_root . mnt
exec chroot . /bin/sh -c 'umount -l /mnt && exec env -i container=lxc \
  PATH=/usr/sbin:/usr/bin:/sbin:/bin /usr/lib/systemd/systemd --system --unit="$0" \
  --log-target=console --show-status=no' "$3"
"""
JOINED = r"""
set -eu
for folder in $3; do
  mkdir -p "$folder/$2"
  if [ -f "$folder/cpuset.cpus" ]; then
    cat "$folder/cpuset.cpus" > "$folder/$2/cpuset.cpus"
    cat "$folder/cpuset.mems" > "$folder/$2/cpuset.mems"
  fi
  echo $$ > "$folder/$2/cgroup.procs"
done
exec unshare --pid --fork --kill-child --mount --uts --ipc --net --cgroup bash -c "$4" boot "$1" "$2" "$5"
"""


@dataclass(frozen=True, slots=True)
class Booted:
    """A running system."""

    pid: int
    """Its process 1, as it is called out here."""

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in it."""
        inside = ["nsenter", "-t", str(self.pid), "-m", "-p", "-u", "-i", "-n"]
        environ = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        return subprocess.run([*inside, *command], env=environ, capture_output=True, text=True)

    def said(self, *command: str) -> str:
        """What a command printed that has to work."""
        done = self.run(*command)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def shows(self, unit: str, *names: str) -> dict[str, str]:
        """Properties of a unit."""
        wanted = [f"--property={name}" for name in names]
        return dict(
            line.split("=", 1)
            for line in self.said("systemctl", "show", *wanted, unit).split("\n")
        )

    def wait(self, what: str, until: Callable[[], bool], limit_s: float = 120) -> None:
        end = time.monotonic() + limit_s
        while not until():
            if time.monotonic() > end:
                units = self.run("systemctl", "list-units", "--all", "coinlake*").stdout
                log = self.run("journalctl", "--no-pager", "-n", "40").stdout
                pytest.fail(f"after {limit_s:.0f} s still waiting for: {what}\n{units}\n{log}")
            time.sleep(0.2)


@contextmanager
def booted(root: Path, log: Path, unit: str = "docker.service") -> Iterator[Booted]:
    """The system of a root folder with a unit of it, until the context ends; then it is halted in order."""
    group = f"coinlake-{os.getpid()}"
    one = (CGROUPS / "cgroup.controllers").is_file()
    folders = [CGROUPS] if one else [path for path in CGROUPS.iterdir() if path.is_dir()]
    command = ["bash", "-c", JOINED, "join", str(root), group]
    command += [" ".join(map(str, folders)), PREPARED, unit]
    with log.open("wb") as out:
        running = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        system = Booted(_first(running, log))
        system.wait(
            "systemd", lambda: system.run("systemctl", "is-system-running").stdout != ""
        )
        yield system
        # What a container manager sends: halt.
        os.kill(system.pid, signal.SIGRTMIN + 3)
        running.wait(120)
    finally:
        running.kill()
        running.wait(30)
        for folder in folders:
            made = sorted((folder / group).glob("**/"), key=lambda path: -len(path.parts))
            for path in made:
                path.rmdir()


def _first(running: subprocess.Popen[bytes], log: Path) -> int:
    """Process 1 of the namespace, once it is systemd."""
    end = time.monotonic() + 30
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children")
    while time.monotonic() < end:
        assert running.poll() is None, log.read_text()
        for child in children.read_text().split():
            if Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                return int(child)
        time.sleep(0.05)
    pytest.fail(f"systemd did not start: {log.read_text()[-2000:]}")
