"""The JMX exporter of the host's broker, which the host archive brings along: through Maven, by SHA-256."""

import hashlib
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.release.errors import ReleaseError

NAME = "deploy/ec2/kafka/agent.jar"
"""Where it is in the archive."""
SUMS = "local/agent-jars.sha256"


def files(tree: Path) -> dict[str, tuple[bytes, bool]]:
    """The jar of a tree's pom as a file of the archive. Raises ReleaseError."""
    maven = shutil.which("mvn")
    if maven is None:
        raise ReleaseError("Maven is needed to fetch the broker's agent: install it")
    digest, name = (tree / SUMS).read_text().split()
    with TemporaryDirectory(prefix="coinlake-agent-") as folder:
        command = [maven, "-q", "-B", "-f", str(tree / "local/pom.xml"), "-P", "agent"]
        command += ["dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            said = " / ".join((done.stdout + done.stderr).strip().splitlines()[:3])
            raise ReleaseError(f"Maven could not fetch the broker's agent: {said}")
        found = {path.name: path.read_bytes() for path in Path(folder).glob("*.jar")}
    body = found.get(name, b"")
    if set(found) != {name} or hashlib.sha256(body).hexdigest() != digest:
        raise ReleaseError(f"what Maven brought is not the {name} that {SUMS} lists")
    return {NAME: (body, False)}
