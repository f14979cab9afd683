"""Builds and pushes the images with their OCI labels, on whatever engine `docker` speaks to."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from deploy.release.errors import ReleaseError
from deploy.release.source import Source

TARGETS = (
    "ingestor",
    "s3-sink",
    "etl-runner",
    "query-api",
    "tools",
    "simulator",
    "local-cloud",
    "s3",
)
"""The targets of deploy/compose/Dockerfile, each an image of its name."""
HOSTED = TARGETS[:5]
"""Those that a host runs; the others are for compose, which builds them where it runs."""
PLATFORM = "linux/amd64"
"""What the EC2 host is (ADR 0072), whatever the machine that builds: on an ARM Mac it is emulated."""
_LABEL = "org.opencontainers.image."
_NOWHERE = "coinlake.invalid"
"""The registry of what was built here, as in compose.yaml: none of that name can be asked (RFC 2606)."""


def engine() -> str | None:
    """Why no image can be built here, or None."""
    if shutil.which("docker") is None:
        return "there is no docker client here"
    done = _tried("version", "--format", "{{.Server.Version}}")
    return None if done.returncode == 0 else f"no Docker engine answers: {_said(done)}"


def labels(source: Source, address: str | None) -> dict[str, str]:
    """What every image says of itself; its title is in the Dockerfile."""
    said = {
        "version": source.version,
        "revision": source.commit,
        "created": source.created,
        "licenses": "Apache-2.0",
    }
    if address:
        said["source"] = address
    return {f"{_LABEL}{name}": value for name, value in said.items()}


def build(tree: Path, bases: Mapping[str, str], said: Mapping[str, str]) -> dict[str, str]:
    """The images of an exported tree: the image id of each target, tagged with its version."""
    version = said[f"{_LABEL}version"]
    found = {}
    for target in TARGETS:
        command = [
            "build",
            "--quiet",
            "--platform",
            PLATFORM,
            "--file",
            "deploy/compose/Dockerfile",
            "--target",
            target,
        ]
        command += ["--tag", local_name(target, version)]
        for name, value in bases.items():
            command += ["--build-arg", f"{name}={value}"]
        for name, value in said.items():
            command += ["--label", f"{name}={value}"]
        found[target] = _done(*command, ".", cwd=tree)
    return found


def resolved(bases: Mapping[str, str]) -> dict[str, str]:
    """The base images by digest where the engine knows one, else by name."""
    return {role: _digest_of(name) or name for role, name in bases.items()}


def push(version: str, commit: str, registry: str) -> dict[str, str]:
    """Push a host's images of a version; `name@sha256:…` of each. Raises ReleaseError.

    Nothing is pushed when one of them is missing, or was built of another commit or for other machines.
    """
    for target in HOSTED:
        local = local_name(target, version)
        template = f'{{{{index .Config.Labels "{_LABEL}revision"}}}}'
        done = _tried("image", "inspect", "--format", template, local)
        if done.returncode != 0:
            raise ReleaseError(f"there is no image {local} here: make release")
        if done.stdout.strip() != commit:
            raise ReleaseError(f"{local} is of another commit ({done.stdout.strip()[:12]})")
        platform = _done("image", "inspect", "--format", "{{.Os}}/{{.Architecture}}", local)
        if platform != PLATFORM:
            raise ReleaseError(
                f"{local} is for {platform}; a host runs {PLATFORM}: make release"
            )
    found = {}
    for target in HOSTED:
        local = local_name(target, version)
        remote = f"{registry.rstrip('/')}/coinlake/{target}"
        _done("tag", local, f"{remote}:{version}")
        said = _done("push", f"{remote}:{version}")
        # The line of the whole image comes last; layers have none like it.
        digests = re.findall(r"digest: (sha256:[0-9a-f]{64})", said)
        if not digests:
            raise ReleaseError(f"the engine told no digest of {remote} after the push")
        found[target] = f"{remote}@{digests[-1]}"
    return found


def local_name(target: str, version: str) -> str:
    """An image on the engine that built it: the name under which compose looks for it too."""
    return f"{_NOWHERE}/coinlake/{target}:{version}"


def env_name(target: str) -> str:
    """The target as deploy/ec2 calls it: `s3-sink` is `S3_SINK_IMAGE`."""
    return f"{target.upper().replace('-', '_')}_IMAGE"


def _digest_of(name: str) -> str | None:
    if "@sha256:" in name:
        return name
    template = "{{range .RepoDigests}}{{println .}}{{end}}"
    done = _tried("image", "inspect", "--format", template, name)
    return next(iter(done.stdout.split()), None) if done.returncode == 0 else None


def _done(*words: str, cwd: Path | None = None) -> str:
    done = _tried(*words, cwd=cwd)
    if done.returncode != 0:
        raise ReleaseError(f"docker {words[0]} failed: {_said(done)}")
    return done.stdout.strip()


def _tried(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", *words], cwd=cwd, env=dict(os.environ), capture_output=True, text=True
    )


def _said(done: subprocess.CompletedProcess[str]) -> str:
    lines = done.stderr.strip().splitlines() or [str(done.returncode)]
    return " / ".join(lines[-3:])
