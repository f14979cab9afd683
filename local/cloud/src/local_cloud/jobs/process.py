"""One run as a process: fetch what it needs, start it under its keeper, wait, or kill it."""

import contextlib
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.clients import Clients
from local_cloud.jobs import arguments, spark, supervisor
from local_cloud.jobs.run import JobRun

SHIM = Path(__file__).parent / "shim"
KEEPER = Path(supervisor.__file__)
STDOUT, STDERR = "stdout.log", "stderr.log"


class LaunchError(Exception):
    """The run could not be started; the text goes to its ErrorMessage."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """The folder of a run, ready to start: what to execute, and in which environment."""

    folder: Path
    command: list[str]
    environment: Mapping[str, str]


def prepare(run: JobRun, folder: Path, install: spark.Install, clients: Clients) -> Workplace:
    """Fetch script and libraries from S3 and write Spark's settings; LaunchError if it fails."""
    folder.mkdir(parents=True, exist_ok=True)
    library, conf, scratch = folder / "lib", folder / "conf", folder / "scratch"
    for path in (library, conf, scratch):
        path.mkdir(exist_ok=True)
    script = folder / (Path(urlsplit(run.script).path).name or "script.py")
    _fetch(clients, run.script, script)
    # A .py is found through its folder, a .zip or .whl is itself an entry of the path.
    importable = [SHIM, library]
    for uri in arguments.extra_files(run.resolved):
        target = library / Path(urlsplit(uri).path).name
        _fetch(clients, uri, target)
        if target.suffix != ".py":
            importable.append(target)
    values = spark.settings(install, clients, scratch) | arguments.spark_conf(run.resolved)
    (conf / "spark-defaults.conf").write_text(spark.properties(values), encoding="utf-8")
    (conf / "log4j2.properties").write_text(spark.LOG4J, encoding="utf-8")
    line = arguments.command_line(run.job, run.id, run.resolved)
    environment = spark.environment(install, clients, folder, importable, conf)
    return Workplace(folder, [str(install.python), str(script), *line], environment)


def tidy(folder: Path) -> None:
    """Drop what only the process needed; script, settings and logs stay to be read."""
    for name in ("scratch", "lib"):
        shutil.rmtree(folder / name, ignore_errors=True)


def _fetch(clients: Clients, uri: str, target: Path) -> None:
    parts = urlsplit(uri)
    if parts.scheme not in ("s3", "s3a") or not parts.path.strip("/"):
        raise LaunchError(f"LAUNCH ERROR | {uri!r} is not an S3 object")
    try:
        answer = clients.s3.get_object(Bucket=parts.netloc, Key=parts.path.lstrip("/"))
        with target.open("wb") as file:
            shutil.copyfileobj(answer["Body"], file)
    except (ClientError, BotoCoreError) as error:
        raise LaunchError(f"LAUNCH ERROR | File not found: {uri} ({error})") from error


class Handle:
    """The one way to a running process: wait for it in one thread, kill it from any other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self.killed_for: str | None = None
        self.cancelled = threading.Event()

    def start(self, place: Workplace) -> bool:
        """Start the process; False if the run was killed before it began."""
        out, err = place.folder / STDOUT, place.folder / STDERR
        with self._lock, out.open("wb") as stdout, err.open("wb") as stderr:
            if self.killed_for is not None:
                return False
            self._process = subprocess.Popen(
                [sys.executable, "-S", "-E", str(KEEPER), *place.command],
                stdin=subprocess.PIPE,
                stdout=stdout,
                stderr=stderr,
                env=dict(place.environment),
                cwd=place.folder,
                start_new_session=True,
            )
        return True

    def wait(self, timeout_s: float) -> int | None:
        """The exit code (negative: a signal); None when it was killed for its timeout."""
        process = self._process
        assert process is not None, "wait() comes after start()"
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill("timeout")
            process.wait()
            return None
        self._close_pipe(process)
        return 128 - code if 128 < code <= 128 + 64 else code

    def kill(self, reason: str) -> None:
        """End the whole process group, now or before it starts. The first reason counts."""
        with self._lock:
            self.killed_for = self.killed_for or reason
            self.cancelled.set()
            if self._process is not None:
                self._close_pipe(self._process)

    @staticmethod
    def _close_pipe(process: subprocess.Popen[bytes]) -> None:
        # The keeper reads this pipe; its end is the order to kill.
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()


def tail(path: Path, limit: int = 256 * 1024) -> str:
    """The last bytes of a log as text; '' if there is none."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - limit))
        return file.read().decode("utf-8", errors="replace")
