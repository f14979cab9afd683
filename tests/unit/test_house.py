"""The house rules that a linter does not know."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVICES = {
    "ingestor": ROOT / "services/ingestor/src/ingestor",
    "s3_sink": ROOT / "services/s3-sink/src/s3_sink",
    "etl_runner": ROOT / "services/etl-runner/src/etl_runner",
    "query_api": ROOT / "services/query-api/src/query_api",
}
ROOMS = {
    "__init__",
    "__main__",
    "app",
    "observe",
    "steps",
    "loop",
    "routes",
    "config",
    "metrics",
    "core",
    "adapters",
    "page",  # files that are served, no code of the service
}
BANNED_NAMES = {"utils", "util", "helpers", "common", "base", "manager", "misc"}
WALL = 400
LOWER_WALL = 300  # of what is shipped or run by people
SHIPPED = ("services", "shared", "tools", "local")


def _tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_only_the_rooms_of_the_house(service: str) -> None:
    names = {path.stem for path in SERVICES[service].iterdir() if path.name != "__pycache__"}

    assert names - {"py"} <= ROOMS


@pytest.mark.parametrize("service", SERVICES)
def test_a_core_decides_and_waits_for_nothing(service: str) -> None:
    cores = sorted((SERVICES[service] / "core").glob("*.py"))
    waiting = [
        path.name for path in cores if re.search(r"^ *async def", path.read_text(), re.M)
    ]

    # The abilities that it asks for are declared there, and carried out elsewhere.
    assert [name for name in waiting if name != "ports.py"] == []


@pytest.mark.parametrize("service", SERVICES)
def test_what_a_service_asks_of_the_outside_stands_in_one_place(service: str) -> None:
    found = [
        str(path.relative_to(SERVICES[service]))
        for path in SERVICES[service].rglob("*.py")
        if re.search(r"^class \w+\([^)]*(?<!asyncio\.)\bProtocol\b", path.read_text(), re.M)
    ]

    assert found in ([], ["core/ports.py"])


def test_no_module_is_higher_than_the_wall() -> None:
    heights = {path: len(path.read_text().splitlines()) for path in _tracked("*.py")}
    walls = {path: LOWER_WALL if _is_shipped(path) else WALL for path in heights}

    assert {str(path): n for path, n in heights.items() if n > walls[path]} == {}


def _is_shipped(path: Path) -> bool:
    return path.relative_to(ROOT).parts[0] in SHIPPED


def test_no_module_has_a_name_that_says_nothing() -> None:
    # awsglue.utils is AWS's name for it, not ours.
    ours = [path for path in _tracked("*.py") if path.parent.name != "awsglue"]

    assert [str(path) for path in ours if path.stem in BANNED_NAMES] == []


def test_each_module_begins_with_its_job() -> None:
    def silent(path: Path) -> bool:
        text = path.read_text()
        return bool(text.strip()) and not text.startswith(('"""', 'r"""'))

    assert [str(path) for path in _tracked("*.py") if silent(path)] == []


def test_services_do_not_ask_where_they_run() -> None:
    asks = re.compile(r"\bif\b[^\n]*\b(is_local|is_test|in_test|testing|localstack|moto)\b")
    found = [
        f"{path}: {line}"
        for path in _tracked("services/*.py")
        for line in path.read_text().splitlines()
        if asks.search(line)
    ]

    assert found == []


def test_what_we_ship_makes_only_consumers_that_end_whole() -> None:
    found = [
        str(path)
        for path in _tracked("services/*.py", "shared/*.py", "tools/*.py", "deploy/*.py")
        if re.search(r"\bAIOKafkaConsumer\b", path.read_text())
    ]

    assert found == [str(ROOT / "shared/src/coinlake/consumer.py")]


def test_nothing_names_a_registry_or_a_folder_of_one_machine() -> None:
    # Spelled in pieces, so that this file does not name them either.
    hosts = [
        "pypi" + ".org",
        "pythonhosted" + ".org",
        "repo1.maven" + ".org",
        "npmjs" + ".org",
        "proxy.golang" + ".org",
        "crates" + ".io",
        "deb.debian" + ".org",
    ]
    folders = ["/work/" + "main", "/work/" + "shared", "../" + "shared", "/root/" + ".pyenv"]
    found = [
        f"{path}: {word}"
        for path in _tracked()
        if path.suffix not in {".parquet", ".gz", ".png"}
        for word in [*hosts, *folders]
        if word in path.read_text(errors="replace")
    ]

    assert found == []
