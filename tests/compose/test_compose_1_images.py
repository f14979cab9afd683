"""The images as they are built: what is in them, who runs, and what they say of wrong settings."""

import json
from collections.abc import Callable

import pytest

from tests.compose.engine.daemon import Docker
from tests.compose.stack import ComposeStack

pytestmark = pytest.mark.timeout(1500)

# Our own packages in each image, beside those of its lock file.
IMAGES = {
    "ingestor": ("coinlake", "coinlake-ingestor"),
    "s3-sink": ("coinlake", "coinlake-s3-sink"),
    "etl-runner": ("coinlake", "coinlake-etl-runner"),
    "query-api": ("coinlake", "coinlake-trino-sql", "coinlake-query-api"),
    "tools": ("coinlake", "coinlake-tools", "coinlake-kernel", "coinlake-job"),
    "simulator": ("coinlake-coincap-simulator",),
    "local-cloud": ("coinlake-trino-sql", "coinlake-local-cloud"),
    "s3": (),
}


def test_images_hold_what_is_locked_and_ours_and_run_as_nobody(
    stack: ComposeStack, docker: Docker, measured: Callable[[str], None]
) -> None:
    look = (
        "import importlib.metadata as m, json, os, shutil; "
        "tools = [t for t in ('gcc', 'make', 'mvn', 'git') if shutil.which(t)]; "
        "names = sorted(d.name.lower().replace('_', '-').replace('.', '-') for d in m.distributions("
        "path=['/opt/coinlake/lib/python3.11/site-packages'])); "
        "print(json.dumps([os.getuid(), tools, names]))"
    )
    for name, ours in IMAGES.items():
        image = stack.image(name)
        (facts,) = json.loads(docker.run("image", "inspect", image))
        measured(f"image {image}: {facts['Size'] / 1e6:.0f} MB")
        assert facts["Config"]["User"] == "10001:10001"
        assert facts["Config"]["Labels"]["org.opencontainers.image.title"]
        if name != "s3":
            seen = docker.run(
                "run",
                "--rm",
                "--read-only",
                "--cap-drop=ALL",
                "--network=none",
                "--entrypoint=python",
                image,
                "-c",
                look,
            )
            assert json.loads(seen) == [10001, [], sorted({*_locked(stack, name), *ours})]


def test_a_service_without_settings_says_what_is_missing(
    stack: ComposeStack, docker: Docker
) -> None:
    done = docker.tried("run", "--rm", "--network", "none", stack.image("ingestor"))

    assert done.returncode == 2
    assert "COINCAP_API_KEY" in done.stderr


@pytest.mark.parametrize("chosen", ["", "observability", "tools", "observability,tools"])
def test_the_simulator_is_started_whatever_is_chosen_beside_it(
    stack: ComposeStack, docker: Docker, chosen: str
) -> None:
    given = [word for profile in chosen.split(",") if chosen for word in ("--profile", profile)]

    told = stack.compose(*given, "config", "--services").split()

    assert "simulator" in told
    assert {"prometheus", "grafana"} <= set(told) or "observability" not in chosen


def test_with_a_key_coincap_is_asked_and_the_simulator_is_left_out(
    stack: ComposeStack, docker: Docker
) -> None:
    real = dict(docker.env) | {"COINCAP_SOURCE": "coincap"}
    keyless = Docker(real, docker.own)
    keyed = Docker(real | {"COINCAP_API_KEY": "a-key"}, docker.own)

    refused = keyless.tried("compose", "config", "--quiet", cwd=stack.compose_folder)
    told = json.loads(
        keyed.run("compose", "config", "--format", "json", cwd=stack.compose_folder)
    )

    assert refused.returncode != 0
    assert "COINCAP_API_KEY" in refused.stderr
    assert "simulator" not in told["services"]
    environment = told["services"]["ingestor"]["environment"]
    assert environment["COINCAP_API_KEY"] == "a-key"
    assert environment["COINCAP_BASE_URL"] == "https://rest.coincap.io/v3"
    assert environment["INGESTOR_SOURCE"] == "coincap"


def _locked(stack: ComposeStack, name: str) -> list[str]:
    lock = (stack.folder / f"requirements/{name}.txt").read_text()
    return [
        line.split("==")[0].split("[")[0].replace("_", "-").replace(".", "-")
        for line in lock.splitlines()
        if line[:1].isalpha()
    ]
