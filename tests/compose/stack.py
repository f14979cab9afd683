"""The compose stack in a copy of the sources, driven by the commands of the how-to page."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_stack.ports import free_ports
from tests.compose.engine.daemon import PROJECT, ROOT, VERSION, Docker, Say

HOW_TO = ROOT / "docs/how-to/run-with-compose.md"
ERRANDS = ("topics", "provision")
# Quicker than the defaults, which suit a laptop that has other things to do.
QUICK = {
    "SINK_MAX_AGE_S": "3",
    "ETL_MAX_WAIT_S": "5",
    "ETL_RECONCILE_S": "15",
    "AUDIT_EVERY_S": "60",
}


@dataclass(slots=True)
class ComposeStack:
    """One stack. `folder` holds the copy of the clone; `env` is its .env, read once made."""

    docker: Docker
    folder: Path
    say: Say
    env: dict[str, str] = field(default_factory=dict)
    _services: tuple[str, ...] = ()

    @property
    def compose_folder(self) -> Path:
        return self.folder / "deploy/compose"

    def follow(self, section: str, page: Path = HOW_TO, without: str = "") -> str:
        """Run the commands of a section of a how-to page, to the letter; what they printed.

        `without` is a word that is left out, since what it names cannot be had here.
        """
        script = commands(page.read_text(), section).replace(
            f" {without}" if without else "", ""
        )
        self.say(f"as the page says under {section!r}: {'; '.join(script.splitlines())}")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env=dict(self.docker.env),
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise RuntimeError(
                f"{section}: {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}"
                f"\n{self.logs()}"
            )
        return done.stdout

    def configure(self, changes: Mapping[str, str]) -> None:
        """Change settings in .env, as a person would, and read it."""
        file = self.compose_folder / ".env"
        lines = file.read_text().splitlines()
        names = [line.split("=", 1)[0] for line in lines]
        for name, value in changes.items():
            lines[names.index(name)] = f"{name}={value}"
        file.write_text("\n".join(lines) + "\n")
        told = (line for line in lines if line and not line.startswith("#"))
        self.env = dict(line.split("=", 1) for line in told)

    def image(self, name: str) -> str:
        """What one of our images is called."""
        return f"{example()['COINLAKE_REGISTRY']}coinlake/{name}:{VERSION}"

    def compose(self, *arguments: str) -> str:
        """One `docker compose` command on the unchanged file."""
        return self.docker.run("compose", *arguments, cwd=self.compose_folder)

    def states(self, *services: str) -> dict[str, dict[str, Any]]:
        """`State` of each service's container, with `RestartCount`; of all that stay if none."""
        asked = services or self.services()
        # By name, not through compose, whose start costs more than the answer.
        facts = json.loads(self.docker.run("inspect", *map(container, asked)))
        return {
            name: {**one["State"], "RestartCount": one["RestartCount"]}
            for name, one in zip(asked, facts, strict=True)
        }

    def services(self) -> tuple[str, ...]:
        """Every service that stays."""
        if not self._services:
            listed = self.compose("config", "--services").split()
            self._services = tuple(sorted(set(listed) - set(ERRANDS)))
        return self._services

    def unhealthy(self, but: Sequence[str] = ()) -> dict[str, str]:
        """Each service that stays and does not run healthily, with what it is."""
        health = {
            name: str((state.get("Health") or {}).get("Status"))
            for name, state in self.states(*(set(self.services()) - set(but))).items()
        }
        return {name: word for name, word in health.items() if word != "healthy"}

    def kill(self, service: str) -> None:
        """SIGKILL to everything in a container; its restart policy starts it again."""
        kill = {"kafka": ["bash", "-c", "kill -9 -1"], "s3": ["sh", "-c", "kill -9 -1"]}
        python = ["python", "-c", "import os, signal; os.kill(-1, signal.SIGKILL)"]
        # The command dies with the container, so its exit code says nothing.
        self.docker.tried("exec", container(service), *kill.get(service, python))

    def wait(self, what: str, until: Callable[[], bool], limit_s: float = 300) -> None:
        """Poll until true. Raises with what it waited for and the ends of all logs."""
        begun = time.monotonic()
        while not until():
            if time.monotonic() - begun > limit_s:
                raise AssertionError(f"after {limit_s:.0f} s still: {what}\n{self.logs()}")
            time.sleep(1)
        self.say(f"{what} ({time.monotonic() - begun:.0f} s)")

    def wait_healthy(self, but: Sequence[str] = ()) -> None:
        """Wait until every container is healthy, except those that were stopped on purpose."""
        whose = f"all containers but {', '.join(but)}" if but else "all containers"
        self.wait(f"{whose} are healthy", lambda: not self.unhealthy(but))

    def throw_away(self) -> None:
        """Remove what the test made on the engine, and look that nothing is left of it."""
        self.follow("Remove it")
        mine = ("--quiet", "--filter", f"label=com.docker.compose.project={PROJECT}")
        for kind in (("ps", "--all"), ("volume", "ls"), ("network", "ls")):
            assert self.docker.run(*kind, *mine) == ""
        images = self.docker.run("images", "--quiet", self.image("*")).split()
        if images:
            self.docker.run("image", "rm", "--force", *sorted(set(images)))
        self.say("containers, networks, volumes and images are removed")

    def logs(self, lines: int = 15) -> str:
        """The last lines of each container's log, and what is unhealthy."""
        listed = self.docker.tried("compose", "ps", "--all", cwd=self.compose_folder).stdout
        logged = self.docker.tried(
            "compose", "logs", "--no-color", "--tail", str(lines), cwd=self.compose_folder
        )
        return f"{listed}\n{logged.stdout[-12000:]}"


def container(service: str) -> str:
    """What compose calls a service's only container."""
    return f"{PROJECT}-{service}-1"


def example() -> dict[str, str]:
    """The settings of .env.example, which `make-env` copies."""
    lines = (ROOT / "deploy/compose/.env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def copied_clone(folder: Path) -> Path:
    """What git would hand to somebody else: tracked and new files, nothing that is ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        source, target = ROOT / name, folder / name
        if name and source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return folder


def commands(page: str, section: str) -> str:
    """The lines of the `sh` blocks under a heading of a page."""
    _, found, rest = page.partition(f"\n## {section}\n")
    if not found:
        raise KeyError(section)
    blocks = re.findall(r"```sh\n(.*?)```", rest.split("\n## ")[0], re.DOTALL)
    return "".join(blocks)


def ports_for(names: list[str]) -> dict[str, str]:
    """A free port of the loopback for each name."""
    return dict(zip(names, map(str, free_ports(len(names))), strict=True))
