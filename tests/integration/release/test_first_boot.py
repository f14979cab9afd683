"""`make release` to a host that boots for the first time: its user data and steps 10 to 90, building on the host.

Real: the archive of a plain `make release`, the template and its user data, every step, systemd as process 1, a
Docker engine with the host's daemon.json and firewall, the builds of our five images over the network, the broker
with SASL, TLS and its rights, the services until they say that they are ready. Stand-ins: Debian for Amazon Linux (so
`dnf` does nothing), moto for AWS (CloudFormation, SSM, STS, S3 without its policy, Glue, Athena), the simulator for CoinCap, and for base
images that cannot be pulled those of `tests/compose/engine`. CloudWatch is not there, nor is the proxy's certificate.
"""

import base64
import hashlib
import re
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

import pytest
from moto.server import ThreadedMotoServer

from coinlake_tools.bundle import installed_bundle
from local_stack.ports import free_ports
from tests.compose.engine.daemon import Docker, Say, open_docker
from tests.compose.engine.images import ensure_base_images
from tests.compose.stack import example
from tests.integration.ec2.booted import Booted
from tests.integration.ec2.moto_stack import Stack
from tests.integration.release.conftest import Make, git
from tests.integration.release.first_host import address, first_boot
from tests.unit.ec2 import template_reader

pytestmark = [
    pytest.mark.needs("docker"),
    pytest.mark.needs("root"),
    pytest.mark.needs("debootstrap"),
    pytest.mark.timeout(3600),
    pytest.mark.filterwarnings("ignore:Tried to parse AWS:UserWarning"),
]
ROOT = Path(__file__).resolve().parents[3]
EC2 = ROOT / "deploy/ec2"
KINDS = ("python", "kafka", "versitygw", "prometheus", "alertmanager")
SERVICES = ("ingestor", "s3-sink", "etl-runner", "query-api", "auditor", "tools")


@dataclass(frozen=True)
class FirstBoot:
    """A host after its user data, and what that said."""

    system: Booted
    said: str


def base_images(folder: Path) -> tuple[Path, dict[str, str]]:
    """An archive of the base images, pulled or stood in for, and the id of each kind."""
    say = Say()
    with open_docker(say) as docker:
        names = {kind: example()[f"{kind.upper()}_IMAGE"] for kind in KINDS}
        ensure_base_images(docker, names, say)
        here = {kind: _present(docker, name) for kind, name in names.items()}
        ids = {
            kind: docker.run("image", "inspect", "--format", "{{.Id}}", name)
            for kind, name in here.items()
            if kind != "versitygw"
        }
        docker.run(
            "save", "--output", str(folder / "images.tar"), *(here[kind] for kind in ids)
        )
    return folder / "images.tar", ids


def _present(docker: Docker, name: str) -> str:
    """The image under its own name, or its stand-in's, which has no digest."""
    if docker.tried("image", "inspect", name).returncode == 0:
        return name
    return name.partition("@")[0]


def released(make: Make, repository: Path, ids: dict[str, str]) -> Path:
    """The archive that a plain `make release` of this tree makes; other people's images are those here."""
    clone = repository.parent / "first-boot"
    git(repository, "clone", "--quiet", str(repository), str(clone))
    listed = (EC2 / "host/images.env.example").read_text()
    kinds = {
        name: ids.get(name.lower(), ids["python"])
        for name in re.findall(r"^([A-Z_]+)_IMAGE=", listed, re.M)
    }
    ours = {"INGESTOR", "S3_SINK", "ETL_RUNNER", "QUERY_API", "TOOLS"}
    lines = [f"{name}_IMAGE={image}" for name, image in kinds.items() if name not in ours]
    given = clone.parent / "my-images.env"
    given.write_text("\n".join([*lines, f"PYTHON_IMAGE={ids['python']}", ""]))
    done = make(clone, "release", "IMAGES=0", f"HOST_IMAGES={given}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "NOTE" not in done.stdout
    (archive,) = (clone / "dist").glob("coinlake-*.tar.gz")
    return archive


def told(stack: Stack, endpoint: str, coincap: str) -> None:
    """What a person puts into SSM; here also where AWS and CoinCap are."""
    values = {f"{name}/AWS_ENDPOINT_URL": endpoint for name in SERVICES if name != "ingestor"}
    values |= {"ingestor/COINCAP_API_KEY": "a-key", "ingestor/COINCAP_BASE_URL": coincap}
    for name, value in values.items():
        path = f"/coinlake/lake/env/{name}"
        stack.client("ssm").put_parameter(Name=path, Value=value, Type="SecureString")


@pytest.fixture(scope="module")
def first(
    make: Make, repository: Path, tmp_path_factory: pytest.TempPathFactory, full_size: bool
) -> Iterator[FirstBoot]:
    if not full_size:
        pytest.skip("at full size only: make campaign ROWS=release")
    folder = tmp_path_factory.mktemp("first")
    images, ids = base_images(folder)
    archive = released(make, repository, ids)
    with ExitStack() as open_:
        here, there = open_.enter_context(address())
        port, coincap = free_ports(2)
        server = ThreadedMotoServer(ip_address=here, port=port, verbose=False)
        server.start()
        open_.callback(server.stop)
        endpoint = f"http://{here}:{port}"
        with urllib.request.urlopen(f"{endpoint}/moto-api/reset", data=b"") as answer:
            assert answer.status == 200
        simulator = ["-m", "coincap_simulator", "--host", here, "--port", str(coincap)]
        running = open_.enter_context(Popen([sys.executable, *simulator]))
        open_.callback(running.terminate)
        stack = Stack(
            EC2,
            {"AWS_ENDPOINT_URL": endpoint},
            HostName="lake.example.org",
            ReleaseKey=archive.name,
            ReleaseSha256=hashlib.sha256(archive.read_bytes()).hexdigest(),
            JobDigest=installed_bundle().digest,
        )
        stack.made_by_api(EC2)
        # It asks for TLS and for If-None-Match, and moto has neither: here no TLS, there not the key.
        stack.client("s3").delete_bucket_policy(Bucket="the-lake")
        stack.client("s3").create_bucket(Bucket="releases")
        stack.client("s3").upload_file(str(archive), "releases", archive.name)
        told(stack, endpoint, f"http://{here}:{coincap}/v3")
        template = template_reader.read(EC2 / "coinlake.yaml", stack.told)
        data = base64.b64decode(template.properties("Host")["UserData"])
        system = open_.enter_context(first_boot(folder, endpoint, here, there))
        (folder / "root/user-data").write_bytes(data)
        shipped = folder / "root/images.tar"
        images.rename(shipped)
        # Where a pull finds nothing: the images that a host has from a registry are there before.
        loading = (
            "dockerd > /dev/null 2>&1 & until docker info > /dev/null 2>&1; do sleep 1; done;"
        )
        loading += "docker load --quiet --input /images.tar && kill %1 && wait"
        system.said("bash", "-c", loading)
        shipped.unlink()
        done = system.run("env", "COINLAKE_DISK=/dev/data", "HOME=/root", "bash", "/user-data")
        yield FirstBoot(system, done.stdout + done.stderr)


def test_a_first_boot_goes_through_all_steps_and_tells_the_stack(first: FirstBoot) -> None:
    steps = sorted(path.name for path in (EC2 / "bootstrap").glob("[0-9]*.sh"))

    journal = first.system.run("journalctl", "--no-pager", "-n", "80").stdout
    assert "bootstrap: done" in first.said, f"{first.said[-4000:]}\n{journal}"
    assert re.findall(r"^bootstrap: (\d\d-\S+)$", first.said, re.M) == steps
    assert (steps[0][:2], steps[-1][:2]) == ("10", "90")
    assert "-e 0 --stack lake --resource HostReady" in first.system.said("cat", "/signals")


def test_the_host_runs_what_it_built_of_the_release(first: FirstBoot) -> None:
    listed = dict(
        line.split("=", 1)
        for line in first.system.said("cat", "/etc/coinlake/images.env").splitlines()
    )
    for name in ("ingestor", "s3-sink", "etl-runner", "query-api"):
        image = listed[f"{name.upper().replace('-', '_')}_IMAGE"]
        runs = first.system.said(
            "docker", "inspect", "--format", "{{.Image}}", f"coinlake-{name}"
        )
        title = '{{index .Config.Labels "org.opencontainers.image.title"}}'
        assert runs == image
        assert (
            first.system.said("docker", "image", "inspect", "--format", title, image)
            == f"coinlake {name}"
        )


def test_the_same_steps_again_change_nothing_and_restart_nothing(first: FirstBoot) -> None:
    before = first.system.said("docker", "ps", "--format", "{{.Names}} {{.ID}}")

    again = first.system.run(
        "env",
        "COINLAKE_DISK=/dev/data",
        "HOME=/root",
        "/opt/coinlake/current/deploy/ec2/bootstrap/run",
    )

    assert "bootstrap: done" in again.stdout, again.stdout + again.stderr
    assert "restart-changed" not in again.stdout
    assert first.system.said("docker", "ps", "--format", "{{.Names}} {{.ID}}") == before


def test_docker_that_is_stopped_and_started_brings_everything_back(first: FirstBoot) -> None:
    def up() -> set[str]:
        return set(first.system.run("docker", "ps", "--format", "{{.Names}}").stdout.split())

    before = up()
    first.system.said("systemctl", "stop", "docker.socket", "docker.service")
    first.system.said("systemctl", "start", "docker.service")

    first.system.wait("every container", lambda: up() == before and len(before) > 7, 600)


def test_buildkit_has_the_network_too(first: FirstBoot) -> None:
    # A name that this host has looked up before: that of its packages.
    script = """mkdir -p /b && cd /b
      name=$(sed -n 's|^deb http://\\([^/]*\\)/.*|\\1|p' /etc/apt/sources.list | head -n 1)
      printf 'FROM %s\\nRUN getent hosts %s\\n' "$1" "$name" > Dockerfile
      DOCKER_BUILDKIT=1 docker build --progress plain ."""
    tag = first.system.said(
        "docker", "images", "--format", "{{.Repository}}:{{.Tag}}", "python"
    )

    done = first.system.run(
        "env", "HOME=/root", "bash", "-ec", script, "b", tag.splitlines()[0]
    )

    assert done.returncode == 0, done.stderr[-2000:]


def test_the_certificate_is_for_the_name_that_the_stack_was_told(first: FirstBoot) -> None:
    shown = first.system.said(
        *("openssl", "x509", "-noout", "-ext", "subjectAltName"),
        *("-in", "/var/lib/coinlake/secrets/kafka/broker.crt"),
    )

    assert "DNS:lake.example.org" in shown
