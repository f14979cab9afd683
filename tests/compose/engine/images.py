"""The base images: pulled where that works, stand-ins of the same names on an engine of our own."""

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from local_stack import jars
from local_stack.paths import Paths
from tests.compose.engine.daemon import HERE, ROOT, Docker, Say


def ensure_base_images(docker: Docker, names: Mapping[str, str], say: Say) -> list[str]:
    """Have the images `python`, `kafka` and `versitygw`, by the names of .env; what stands in.

    Raises RuntimeError where they can be neither pulled nor, on somebody else's engine, replaced.
    """
    missing = {kind: name for kind, name in names.items() if not _had(docker, name, say)}
    if not missing:
        return []
    if not docker.own:
        raise RuntimeError(f"cannot pull {', '.join(missing.values())}")
    with tempfile.TemporaryDirectory(prefix="coinlake-images-") as folder:
        scratch = Path(folder)
        base = names["python"]
        if "python" in missing:
            _python(docker, base, scratch, say)
        if "kafka" in missing:
            _kafka(docker, base, names["kafka"], scratch, say)
        if "versitygw" in missing:
            _versitygw(docker, base, names["versitygw"], scratch, say)
    return list(missing.values())


def _had(docker: Docker, name: str, say: Say) -> bool:
    if docker.tried("image", "inspect", name).returncode == 0:
        return True
    pulled = docker.tried("pull", "--quiet", name).returncode == 0
    say(f"{'pulled' if pulled else 'could not pull'} {name}")
    return pulled


def _python(docker: Docker, name: str, scratch: Path, say: Say) -> None:
    say(f"making a stand-in for {name} by debootstrap")
    script = str(HERE / "base-image.sh")
    subprocess.run([script, str(scratch / "root"), name], env=dict(docker.env), check=True)


def _kafka(docker: Docker, base: str, name: str, scratch: Path, say: Say) -> None:
    say(f"making a stand-in for {name} from Maven's jars")
    context = scratch / "kafka"
    shutil.copytree(HERE / "kafka", context)
    shutil.copytree(jars.fetch(Paths(), jars.KAFKA, say), context / "jars")
    docker.run("build", "--build-arg", f"BASE={base}", "--tag", name, str(context))


def _versitygw(docker: Docker, base: str, name: str, scratch: Path, say: Say) -> None:
    say(f"making a stand-in for {name} from its Go module")
    context = scratch / "versitygw"
    shutil.copytree(HERE / "versitygw", context)
    shutil.copy(_binary(name.partition(":")[2]), context / "versitygw")
    docker.run("build", "--build-arg", f"BASE={base}", "--tag", name, str(context))


def _binary(version: str) -> Path:
    built = ROOT / ".local" / "bin" / "versitygw"
    if not built.is_file():
        command = ["go", "install", f"github.com/versity/versitygw/cmd/versitygw@{version}"]
        subprocess.run(["env", f"GOBIN={built.parent}", *command], check=True)
    return built
