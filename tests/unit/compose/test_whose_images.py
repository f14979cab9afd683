"""Nobody else's code runs: our images have a name that nobody can take, others' have a digest."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from deploy.release import pins
from deploy.release.errors import ReleaseError

ROOT = Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "deploy"
DIGEST = re.compile(r"[\w./:-]+:[\w.-]+@sha256:[0-9a-f]{64}")
# Reserved, so that no registry can ever have it (RFC 2606).
OURS = re.compile(r"[\w.-]+\.invalid/coinlake/[\w-]+:[\w.-]+")


def compose_files() -> dict[str, dict[str, Any]]:
    """Every file below deploy/ that lists services for compose."""
    read = {
        path.relative_to(ROOT).as_posix(): yaml.safe_load(path.read_text())
        for path in (DEPLOY / "compose").glob("*.y*ml")
    }
    return {name: text for name, text in read.items() if "services" in text}


def settings(file: str) -> dict[str, str]:
    lines = (DEPLOY / file).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


EXAMPLE = settings("compose/.env.example")
SERVICES = {
    name: service
    for file in compose_files().values()
    for name, service in file["services"].items()
    if {"image", "build"} & service.keys()
}


def wrong(service: dict[str, Any], env: dict[str, str]) -> str | None:
    """Why an image could be somebody else's; None where it cannot."""
    image = told(service.get("image", ""), env)
    if "build" not in service:
        return None if DIGEST.fullmatch(image) else f"{image!r} is not named by digest"
    if not OURS.fullmatch(image):
        return f"{image!r} is a name that somebody may have"
    if told(service.get("pull_policy", ""), env) != "never":
        return f"a registry is asked for {image}"
    return None


def told(text: str, env: dict[str, str]) -> str:
    """A text of the file as compose reads it."""
    return re.sub(r"\$\{(\w+):-([^}]*)\}", lambda found: env.get(found[1]) or found[2], text)


@pytest.mark.parametrize("env", [{}, EXAMPLE, {"COINLAKE_REGISTRY": ""}], ids=repr)
def test_no_image_can_be_somebody_elses(env: dict[str, str]) -> None:
    found = {name: wrong(service, env) for name, service in SERVICES.items()}

    assert len(found) >= 15
    assert {name: why for name, why in found.items() if why} == {}


@pytest.mark.parametrize(
    "service",
    [
        {"image": "postgres:17"},
        {"image": "redis"},
        {"image": "${REDIS:-redis:8}"},
        {"image": "coinlake/new:1", "build": {}, "pull_policy": "never"},
        {"image": "coinlake.invalid/coinlake/new:1", "build": {}},
        {"build": {}},
    ],
    ids=str,
)
def test_an_image_that_is_added_later_is_noticed(service: dict[str, Any]) -> None:
    assert wrong(service, {}) is not None


@pytest.mark.parametrize(
    "dockerfile", [*DEPLOY.rglob("*Dockerfile*")], ids=lambda path: path.parent.name
)
def test_every_image_that_ours_stand_on_is_named_by_digest(dockerfile: Path) -> None:
    text = dockerfile.read_text()
    arguments = dict(re.findall(r"^ARG (\w+)=(\S+)$", text, re.MULTILINE))
    stages = set(re.findall(r"^FROM .* AS (\S+)$", text, re.MULTILINE))
    used = re.findall(r"^FROM (?:--\S+ )?(\S+)|^COPY --from=(\S+)", text, re.MULTILINE)
    names = {plain for pair in used for plain in pair if plain} - stages - {"scratch"}
    images = {re.sub(r"\$\{(\w+)\}", lambda found: arguments[found[1]], name) for name in names}

    assert images
    assert [image for image in images if not DIGEST.fullmatch(image)] == []


def test_the_host_and_compose_run_the_same_images_of_other_people() -> None:
    host = settings("ec2/host/images.env.example")
    shared = {name: image for name, image in host.items() if name in EXAMPLE}

    assert shared.keys() >= {"KAFKA_IMAGE", "PROMETHEUS_IMAGE", "ALERTMANAGER_IMAGE"}
    assert shared == {name: EXAMPLE[name] for name in shared}
    assert DIGEST.fullmatch(host["PROXY_IMAGE"])


def test_each_image_has_one_digest_in_all_places_and_none_is_overlooked() -> None:
    known = pins.named(ROOT)
    said = {
        f"{tagged}@{digest}"
        for place in pins.PLACES
        for tagged, digest in re.findall(
            r"([\w./-]+:[\w.-]+)@(sha256:\w+)", (ROOT / place).read_text()
        )
    }

    assert {f"{tagged}@{digest}" for tagged, digest in known.items()} == {
        image.removeprefix("-") for image in said
    }
    assert {image for name, image in EXAMPLE.items() if name.endswith("_IMAGE")} <= {
        f"{tagged}@{digest}" for tagged, digest in known.items()
    }


def test_two_digests_of_one_image_are_refused(tmp_path: Path) -> None:
    for number, place in enumerate(pins.PLACES):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(f"X_IMAGE=a/b:1@sha256:{str(number // 3) * 64}\n")

    with pytest.raises(
        ReleaseError, match=r"images\.env\.example says another digest of a/b:1"
    ):
        pins.named(tmp_path)


def test_a_release_refuses_a_base_image_that_may_be_another_tomorrow() -> None:
    pins.refuse_movable({"PYTHON_IMAGE": f"python:3@sha256:{'1' * 64}"})

    with pytest.raises(ReleaseError, match=r"not named by digest .*: PYTHON_IMAGE=python:3 "):
        pins.refuse_movable({"PYTHON_IMAGE": "python:3"})
