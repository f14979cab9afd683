"""The base images: pulled where that works, stand-ins of the same names on an engine of our own."""

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local_stack import jars
from local_stack.paths import Paths
from tests.compose.engine.daemon import HERE, ROOT, Docker, EngineError, Say

KINDS = ("python", "kafka", "versitygw", "prometheus", "alertmanager")
# Each downloads and unpacks, which keeps less than one core busy.
AT_ONCE = 2


def ensure_base_images(docker: Docker, names: Mapping[str, str], say: Say) -> dict[str, str]:
    """Have the images of KINDS, by the names of .env; of each kind the name of its stand-in, if it has one.

    A stand-in has the name without the digest, which no other image can have.

    Raises RuntimeError where they can be neither pulled nor, on somebody else's engine, replaced.
    """
    missing = {
        kind: names[kind].partition("@")[0]
        for kind in KINDS
        if not can_be_had(docker, names[kind], say)
    }
    if not missing:
        return {}
    if not docker.own:
        raise RuntimeError(f"cannot pull {', '.join(missing.values())}")
    with tempfile.TemporaryDirectory(prefix="coinlake-images-") as folder:
        scratch, base = Path(folder), missing.get("python", names["python"])
        if "python" in missing:
            say(f"making a stand-in for {base} by debootstrap")
            _python(docker, base, scratch)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            making = [
                pool.submit(_stand_in, docker, base, kind, name, scratch, say)
                for kind, name in missing.items()
                if kind != "python"
            ]
        for made in making:
            made.result()
    return missing


def can_be_had(docker: Docker, name: str, say: Say) -> bool:
    """Whether the engine has an image, or could pull it just now."""
    if docker.tried("image", "inspect", name).returncode == 0:
        return True
    pulled = docker.tried("pull", "--quiet", name).returncode == 0
    say(f"{'pulled' if pulled else 'could not pull'} {name}")
    return pulled


def _python(docker: Docker, name: str, scratch: Path) -> None:
    if not shutil.which("debootstrap"):
        raise EngineError(f"{name} cannot be pulled, and debootstrap is missing")
    script = str(HERE / "base-image.sh")
    subprocess.run([script, str(scratch / "root"), name], env=dict(docker.env), check=True)


def _stand_in(docker: Docker, base: str, kind: str, name: str, scratch: Path, say: Say) -> None:
    say(f"making a stand-in for {name}")
    is_watcher = kind in ("prometheus", "alertmanager")
    context = scratch / kind
    shutil.copytree(HERE / ("prometheus" if is_watcher else kind), context)
    if kind == "kafka":
        shutil.copytree(jars.fetch(Paths(), jars.KAFKA, say), context / "jars")
    elif kind == "versitygw":
        _versitygw(name.partition(":")[2], context)
    target = ("--target", kind) if is_watcher else ()
    # The engine's old builder: the docker command can use BuildKit only through buildx.
    builder = Docker({**docker.env, "DOCKER_BUILDKIT": "0"}, docker.own)
    builder.run("build", "--build-arg", f"BASE={base}", *target, "--tag", name, str(context))


def _versitygw(version: str, folder: Path) -> None:
    """Its binary, built by Go from its module once per clone."""
    built = ROOT / ".local" / "bin" / "versitygw"
    if not built.is_file():
        command = ["go", "install", f"github.com/versity/versitygw/cmd/versitygw@{version}"]
        subprocess.run(["env", f"GOBIN={built.parent}", *command], check=True)
    shutil.copy(built, folder / "versitygw")
