"""Step 70 with BUILD_ON_HOST, on a real engine with the host's own daemon.json and firewall.

Each image has a real RUN that looks a name up and fetches over the network, as pip does in ours (which
the campaign's `test_first_boot.py` builds). Stand-ins: the base image is a small Debian; the name server,
the server and the metadata service are in a network namespace.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.ec2.chroots import base
from tests.integration.ec2.host_network import (
    METADATA,
    NAME,
    SERVED,
    Engine,
    engine_on_a_host,
    with_entrypoint,
)

pytestmark = [
    pytest.mark.needs("docker"),
    pytest.mark.needs("root"),
    pytest.mark.needs("nft"),
    pytest.mark.needs("debootstrap"),
    pytest.mark.timeout(600),
]
OURS = ("ingestor", "s3-sink", "etl-runner", "query-api", "tools")
GET = 'exec 3<>/dev/tcp/%s/80 && printf "GET / HTTP/1.0\\r\\n\\r\\n" >&3 && cat <&3'
DOCKERFILE = f"""FROM stand-in AS fetched
SHELL ["/bin/bash", "-ec"]
RUN {GET % NAME} > /fetched && grep '{SERVED}' /fetched
RUN ! ( {GET % METADATA} ) 2> /refused && ! ( {GET % "172.31.241.1"} ) 2>> /refused
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, ec2: Path) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("engine")
    with engine_on_a_host(folder, ec2 / "host/daemon.json", ec2 / "host/firewall.nft") as made:
        with_entrypoint(made, base(), "stand-in")
        yield made


@pytest.fixture
def release(tmp_path: Path, ec2: Path) -> Path:
    """A release's folder: the real steps, a Dockerfile of the same targets, a list that says to build."""
    shutil.copytree(ec2, tmp_path / "r/deploy/ec2")
    dockerfile = tmp_path / "r/deploy/compose/Dockerfile"
    dockerfile.parent.mkdir()
    targets = "".join(f"FROM fetched AS {name}\nLABEL is={name}\n" for name in OURS)
    dockerfile.write_text(DOCKERFILE + targets)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/host.env").write_text("AWS_DEFAULT_REGION=us-east-1\n")
    return tmp_path


def step_70(engine: Engine, release: Path, images: str) -> subprocess.CompletedProcess[str]:
    (release / "r/deploy/ec2/host/images.env").write_text(images)
    return subprocess.run(
        [release / "r/deploy/ec2/bootstrap/70-images.sh"],
        env=engine.environ | {"COINLAKE_ETC": str(release / "etc"), "HOME": str(release)},
        capture_output=True,
        text=True,
    )


def test_a_host_builds_the_images_of_a_release_over_its_network_and_reaches_no_metadata(
    engine: Engine, release: Path
) -> None:
    lines = [f"{name.upper().replace('-', '_')}_IMAGE=" for name in OURS]

    done = step_70(engine, release, "\n".join(["BUILD_ON_HOST=yes", *lines, ""]))

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    listed = dict(
        line.split("=", 1) for line in (release / "etc/images.env").read_text().splitlines()
    )
    assert [f"{name}=" for name in listed] == lines
    for name, image in zip(OURS, listed.values(), strict=True):
        (found,) = json.loads(engine.docker("image", "inspect", image).stdout)
        assert found["Config"]["Labels"] == {"is": name}


def test_the_engine_takes_the_settings_of_the_host_and_its_bridges_are_those_of_the_firewall(
    engine: Engine, ec2: Path
) -> None:
    # The units' network beside that of the builds: one address space each, and none of the firewall's
    # names is missing.
    network = subprocess.run(
        [ec2 / "libexec/network"], env=engine.environ, capture_output=True, text=True
    )
    assert network.returncode == 0, network.stderr
    links = engine.on_the_host("ip", "-o", "-4", "address").stdout
    addresses = {line.split()[1]: line.split()[3] for line in links.splitlines()}
    bridges = {name: at for name, at in addresses.items() if name not in ("lo", "ens5")}

    told = json.loads((ec2 / "host/daemon.json").read_text())
    assert bridges["docker0"] == told["bip"]
    assert len(set(bridges.values())) == len(bridges) == 2
    rules = (ec2 / "host/firewall.nft").read_text()
    for bridge in bridges:
        assert rules.count(f'"{bridge}"') == 4, bridge
    assert engine.docker("info", "--format", "{{.LoggingDriver}}").stdout.strip() == "local"


@pytest.mark.parametrize(
    ("where", "reached"), [("coinlake", False), ("bridge", False), ("host", True)]
)
def test_a_container_reaches_the_metadata_from_no_network_but_the_hosts_own(
    engine: Engine, ec2: Path, where: str, reached: bool
) -> None:
    subprocess.run(
        [ec2 / "libexec/network"], env=engine.environ, check=True, capture_output=True
    )

    def gets(address: str) -> bool:
        done = engine.docker(
            *("run", "--rm", "--network", where, "--log-driver", "none"),
            *("stand-in", "/bin/bash", "-c", GET % address),
        )
        return SERVED in done.stdout

    assert gets(NAME)
    assert gets(METADATA) is reached
