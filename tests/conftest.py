"""What every tier shares: the tools that a machine may lack, and their loud absence."""

import os
import shutil
from collections.abc import Callable

import pytest
from hypothesis import settings
from xdist.remote import Producer

from tests.labs import browser, watchers
from tests.labs.cluster.versitygw import find_tool, find_versitygw
from tests.rooms import Rooms, turn_of
from tests.shares import left_to_the_campaign
from tests.trino_lab.jdk import jdk24 as jdk24_home

# Its 200 ms for an example are a timed assertion: they were red on a busy machine.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# Beyond Python, Java 17, Maven, make and git: tests that need one of these say so.
TOOLS: dict[str, Callable[[], str | None]] = {
    "versitygw": find_versitygw,
    "jdk24": jdk24_home,
    "docker": lambda: shutil.which("dockerd"),
    "chromium": browser.is_here,
    "npm": lambda: shutil.which("npm"),
    # Of the pinned versions (`make promtool`), else of Debian's packages `prometheus` and
    # `prometheus-alertmanager`.
    "promtool": lambda: watchers.find("promtool"),
    "amtool": lambda: watchers.find("amtool"),
    "pinned-promtool": lambda: watchers.find_pinned("promtool"),
    "pinned-amtool": lambda: watchers.find_pinned("amtool"),
    "alertmanager": lambda: shutil.which("prometheus-alertmanager"),
    "systemd-analyze": lambda: shutil.which("systemd-analyze"),
    "shellcheck": lambda: shutil.which("shellcheck"),
    "aws": lambda: shutil.which("aws"),
    "nft": lambda: shutil.which("nft"),
    "haproxy": lambda: shutil.which("haproxy"),
    "jq": lambda: shutil.which("jq"),
    "strace": lambda: shutil.which("strace"),
    "node_exporter": lambda: find_tool("node_exporter"),
    "faketime": lambda: shutil.which("faketime"),
    "debootstrap": lambda: shutil.which("debootstrap"),
    "root": lambda: "root" if os.geteuid() == 0 else None,
}


_MEASURED = "measured"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Rooms | None:
    """`--dist loadscope` gives each worker whole rooms of tests, see `tests.rooms`."""
    return Rooms(config, log) if config.getoption("dist") == "loadscope" else None


def pytest_configure(config: pytest.Config) -> None:
    # A key of the person who runs the tests must never be spent by them.
    for name in [name for name in os.environ if name.startswith("COINCAP_")]:
        del os.environ[name]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not _is_full_size():
        left = left_to_the_campaign(items)
        config.hook.pytest_deselected(items=list(left))
        items[:] = [item for item in items if item not in left]
    items.sort(key=lambda item: turn_of(item.nodeid))
    for item in items:
        for mark in item.iter_markers("needs"):
            tool = mark.args[0]
            if TOOLS[tool]() is None:
                item.add_marker(pytest.mark.skip(reason=f"NOT RUN: needs {tool}"))


def _is_full_size() -> bool:
    return os.environ.get("COINLAKE_FULL_SIZE") == "1"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    missing: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        text = str(report.longrepr)
        if "NOT RUN: needs " in text:
            tool = text.split("NOT RUN: needs ")[1].split("'")[0].strip(")")
            missing[tool] = missing.get(tool, 0) + 1
    for report in terminalreporter.stats.get("passed", []):
        for line in (text for name, text in report.user_properties if name == _MEASURED):
            terminalreporter.write_line(f"MEASURED: {line}")
    for tool, count in sorted(missing.items()):
        terminalreporter.write_line(
            f"NOT RUN: {count} test(s) need {tool}", red=True, bold=True
        )


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Says a measured figure at the end of the run, where people look."""
    properties: list[tuple[str, object]] = request.node.user_properties
    return lambda line: properties.append((_MEASURED, line))


@pytest.fixture(scope="session")
def versitygw() -> str:
    """The path of the versitygw binary."""
    found = find_versitygw()
    assert found is not None
    return found


@pytest.fixture(scope="session")
def jdk24() -> str:
    """The home of a JDK that Trino runs on."""
    found = jdk24_home()
    assert found is not None
    return found


@pytest.fixture(scope="session")
def full_size() -> bool:
    """Whether this is the campaign: every seed, every store, every row."""
    return _is_full_size()
