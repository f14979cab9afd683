"""Which tests stay together when several workers run the tiers side by side, and which begin."""

from pathlib import PurePosixPath

from xdist.scheduler.loadscope import LoadScopeScheduling

# Each worker has the stacks of these once, and no test there leaves anything to the next file. What a
# folder starts is of scope "package": a stack of scope "session" polled, copied and rebuilt beside
# all rooms that came after its own.
_BY_FILE = frozenset(
    {
        "tests/faults/s3_sink",
        "tests/faults/sim",
        "tests/integration/ingestor",
        "tests/integration/local_athena",
        "tests/integration/query_api",
        "tests/integration/s3_sink",
    }
)
# Both start Docker engines with bridges of their own on the machine: not tried side by side.
_ALSO_IN = {"tests/integration/release": "tests/integration/ec2"}
# The longest, by what `--durations` shows: one that is begun last is waited for by all others.
_FIRST = (
    "tests/integration/ec2",
    "tests/e2e",
    "tests/integration/observability",
    "tests/faults/sim/test_runner_seeds.py",
    "tests/faults/sim/test_whole_chain_seeds.py",
    "tests/faults/etl_runner",
    "tests/integration/etl_runner",
    "tests/integration/local_cloud",
)


def room_of(nodeid: str) -> str:
    """The folder of a test: it shares its stacks, and some tests tell one story in order."""
    file = PurePosixPath(nodeid.split("::")[0])
    folder = str(file.parent)
    return str(file) if folder in _BY_FILE else _ALSO_IN.get(folder, folder)


def turn_of(nodeid: str) -> int:
    """When the room of a test is begun: 0 is first. Equal ones stay in the order of collection."""
    room = room_of(nodeid)
    return _FIRST.index(room) if room in _FIRST else len(_FIRST)


class Rooms(LoadScopeScheduling):  # type: ignore[misc]
    """Each worker takes the next whole room, in the order of collection."""

    def _split_scope(self, nodeid: str) -> str:
        return room_of(nodeid)
