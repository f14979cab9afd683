"""The rows of the campaign: one command each, run at full size."""

from dataclasses import dataclass
from pathlib import Path

from tests.conformance.generate.parts import PARTS
from tests.guard_fuzz.run import PART
from tests.guard_fuzz.run import PARTS as FUZZ_PARTS


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `command` is given to Python; `about_s` is how long it takes on 2 cores."""

    id: str
    what: str
    command: tuple[str, ...]
    about_s: int
    reads: tuple[str, ...]
    """Rooms of the product that it runs in other processes, or EVERYTHING (`reach`)."""
    alone: bool = False  # it measures, or it loads the machine by itself


EVERYTHING = ("everything",)
IN_MEMORY: tuple[str, ...] = ()
_INGESTOR = ("services/ingestor", "local/stack", "local/coincap")
_SINK = ("services/s3-sink", "services/ingestor", "local/stack", "local/coincap", "tools")
_RUNNER = ("services/etl-runner", "local/cloud", "local/stack", "tools")
_CLOUD = ("local/cloud",)
_QUERY = ("services/query-api", "local/cloud", "local/stack", "tools")
_PAGE = (*_QUERY, "local/coincap", "deploy/release")


_ROOT = Path(__file__).resolve().parents[2]
_SCHEMATHESIS = "tests/integration/query_api/test_schemathesis.py"
_EXAM = ("tests/contract/test_object_store_exam.py", "tests/contract/test_object_copy_exam.py")


def _pytest(*paths: str) -> tuple[str, ...]:
    return ("-m", "pytest", *paths, "-q", "--no-header")


def _files_of(family: str) -> list[str]:
    """The tests of a family of faults: one file, or several that begin with its name."""
    found = (_ROOT / "tests/faults/s3_sink").glob(f"test_fault_{family}*.py")
    return sorted(str(file.relative_to(_ROOT)) for file in found)


_STORES = ("moto", "versitygw")
# Each with the longest that it took, on 2 cores that others used too.
_FAULTS = (
    ("replies", "F22, F27, F28: the store's answers", 700),
    ("zombies", "F23, F36: frozen with a PUT under way; a store that cannot refuse", 360),
    ("members", "F24, F25, F26, F35: the group", 300),
    ("crashes", "F20, F21, F31, F32, F37: the sink dies or fails at each step", 980),
    ("broker", "F10 to F13, F33: one broker, three, full and failing disks", 520),
    ("topics", "F14, F15, F16: topic and group changed behind its back", 150),
    ("answers", "Kafka's answers garbled", 200),
    ("records", "F29, F30, F34: odd, big and shuffled records", 60),
    ("producer", "F05, F08, F33: sent twice, too big, not written down", 240),
)


def _faults() -> tuple[Row, ...]:
    """One row per family of faults and S3 server."""
    return tuple(
        Row(
            f"fault-{family}-{store}",
            f"{what}, on {store}",
            (*_pytest(*_files_of(family)), "-k", store),
            about_s,
            _SINK,
        )
        for family, what, about_s in _FAULTS
        for store in _STORES
    )


# The same for the runner's: what is chosen of a family's file, if not all.
_RUNNER_FAULTS = (
    ("killed", "calls", "F44, F45: killed before and after each call of a batch", 1900),
    ("frozen", "calls", "F45: frozen there, and thawed beside another", 2300),
    ("runs", "runs", "F41, F42, F44, F48: what Glue answers", 560),
    ("zombies", "zombies", "F45: a PUT that comes two versions late", 600),
    ("hints", "hints", "F40: announcements lost, repeated, shuffled", 300),
    ("spark", "spark", "F43, F46, F47, F56: Spark dies in mid-write and in its commit", 1000),
    ("content", "content", "F49, F50, F56: prices that no API gives", 300),
    ("catalog", "catalog", "F55, F57: the crawler and races for a partition", 60),
)


def _runner_faults() -> tuple[Row, ...]:
    """One row per family of the runner's faults."""
    return tuple(
        Row(
            f"fault-runner-{name}",
            f"the runner: {what}",
            (
                *_pytest(f"tests/faults/etl_runner/test_fault_{file}.py"),
                *(("-k", name) if name != file else ()),
            ),
            about_s,
            _RUNNER,
        )
        for name, file, what, about_s in _RUNNER_FAULTS
    )


def _generated() -> tuple[Row, ...]:
    """Generated queries beside a real Trino (JDK 24)."""
    return tuple(
        Row(
            f"generated-{number:02}",
            f"the local Athena beside a real Trino, generated queries: part {number} of {PARTS}",
            ("-m", "tests.conformance", "generate", "--part", str(number)),
            600,
            _CLOUD,
        )
        for number in range(PARTS)
    )


def _guard_fuzz() -> tuple[Row, ...]:
    """Whatever the guard accepts touches only allowed tables, by the engine's record."""
    return tuple(
        Row(
            f"guard-fuzz-{number:02}",
            f"F72: {PART} statements by chance, what the guard accepts is run: part {number} of "
            f"{FUZZ_PARTS}",
            ("-m", "tests.guard_fuzz", "--part", str(number)),
            240,
            _QUERY,
        )
        for number in range(FUZZ_PARTS)
    )


ROWS: tuple[Row, ...] = (
    Row(
        "sim",
        "20,000 seeds of the sink",
        ("-m", "tests.labs.sim", "--world", "sink", "--seeds", "20000"),
        1100,
        IN_MEMORY,
    ),
    Row(
        "controls",
        "the sink without its rules",
        ("-m", "tests.labs.sim", "--world", "sink", "--controls"),
        30,
        IN_MEMORY,
    ),
    Row(
        "sim-runner",
        "20,000 seeds of the runner",
        ("-m", "tests.labs.sim", "--world", "runner", "--seeds", "20000"),
        3600,
        IN_MEMORY,
    ),
    Row(
        "sim-chain",
        "20,000 seeds of the whole chain",
        ("-m", "tests.labs.sim", "--world", "chain", "--seeds", "20000"),
        3600,
        IN_MEMORY,
    ),
    Row(
        "controls-runner",
        "the runner without its rules",
        ("-m", "tests.labs.sim", "--world", "runner", "--controls"),
        600,
        IN_MEMORY,
    ),
    Row(
        "controls-chain",
        "the chain without its rules",
        ("-m", "tests.labs.sim", "--world", "chain", "--controls"),
        600,
        IN_MEMORY,
    ),
    Row(
        "pythons",
        "the unit tests and the job on Python 3.12 and 3.13",
        ("-m", "tests.pythons"),
        600,
        EVERYTHING,
    ),
    Row(
        "contracts",
        "property tests of the raw format",
        _pytest("tests/unit/contracts"),
        60,
        IN_MEMORY,
    ),
    Row(
        "kernel",
        "the job's kernel equals the row rules: 10,000 hours and a million values by chance",
        _pytest("tests/unit/coinlake_kernel"),
        400,
        IN_MEMORY,
    ),
    Row(
        "stores",
        "the store's exam on every store",
        _pytest(*_EXAM),
        300,
        ("local/stack", "local/cloud"),
    ),
    Row(
        "trino",
        "a real Trino (JDK 24) says again what the records say",
        _pytest("tests/contract/trino"),
        2400,
        _CLOUD,
    ),
    Row(
        "spark",
        "the job on real Spark, 3.5 and 4.1, ANSI casts on and off; its casts",
        ("-m", "tests.sparks"),
        420,
        EVERYTHING,
    ),
    Row(
        "ingestor",
        "the ingestor with real Kafka",
        _pytest("tests/integration/ingestor"),
        530,
        _INGESTOR,
    ),
    Row(
        "journal",
        "1,000 answers in the journal, damaged in 2,720 ways",
        ("-m", "tests.journal_damage"),
        1250,
        _INGESTOR,
    ),
    Row(
        "outcomes",
        "odd answers to every call",
        _pytest("tests/integration/outcomes"),
        300,
        EVERYTHING,
    ),
    Row(
        "starting",
        "wrong settings of every service",
        _pytest("tests/integration/starting"),
        60,
        EVERYTHING,
    ),
    Row(
        "sink",
        "the sink with real Kafka and S3",
        _pytest("tests/integration/s3_sink"),
        930,
        _SINK,
    ),
    Row(
        "sinks",
        "three sinks killed, frozen, stopped, added, removed for 5 min",
        ("-m", "tests.labs.churn", "--seconds", "300", "--seed", "11"),
        480,
        _SINK,
        alone=True,
    ),
    Row(
        "sinks-controls",
        "the same without the sink's rules: each must be caught",
        ("-m", "tests.labs.churn", "--controls", "--seconds", "30", "--seed", "3"),
        400,
        _SINK,
    ),
    Row(
        "faults",
        "ingestor, broker, sink and S3: 200 random faults, two at a time, in 12 min",
        ("-m", "tests.random_faults", "--seconds", "720"),
        1000,
        _SINK,
        alone=True,
    ),
    Row(
        "bench",
        "the sink and its peers store all; no speed is asked",
        _pytest("tests/bench"),
        400,
        EVERYTHING,
        alone=True,
    ),
    Row(
        "memory",
        "3 million values behind a slow S3",
        ("-m", "bench.memory"),
        400,
        _SINK,
        alone=True,
    ),
    *_faults(),
    *_runner_faults(),
    Row(
        "host",
        "the EC2 host's files; F80: its metadata, F81: a changed byte",
        _pytest("tests/integration/ec2"),
        700,
        EVERYTHING,
    ),
    Row(
        "watch",
        "rules, alerts, dashboards",
        _pytest("tests/integration/observability"),
        240,
        EVERYTHING,
    ),
    Row(
        "runner",
        "the runner with real Glue",
        _pytest("tests/integration/etl_runner"),
        500,
        _RUNNER,
    ),
    Row(
        "airflow",
        "the DAGs in Airflow with real Glue: killed, cleared, beside a runner",
        _pytest("tests/integration/airflow"),
        2400,
        (*_RUNNER, "deploy/airflow"),
    ),
    Row(
        "cloud",
        "the local cloud",
        _pytest("tests/integration/local_cloud", "tests/integration/cloud_state"),
        280,
        _CLOUD,
    ),
    Row(
        "clients",
        "released clients of Athena and Glue",
        _pytest("tests/integration/cloud_clients"),
        300,
        _CLOUD,
    ),
    Row("athena", "the local Athena", _pytest("tests/integration/local_athena"), 570, _CLOUD),
    Row(
        "conformance",
        "the local Athena beside Trino's recorded answers, every text",
        ("-m", "tests.conformance", "compare"),
        600,
        _CLOUD,
    ),
    *_generated(),
    *_guard_fuzz(),
    Row(
        "query",
        "the query service",
        (*_pytest("tests/integration/query_api"), f"--ignore={_SCHEMATHESIS}"),
        600,
        _QUERY,
    ),
    Row(
        "query-document",
        "the HTTP API against its own document, by schemathesis",
        _pytest(_SCHEMATHESIS),
        1500,
        _QUERY,
    ),
    Row(
        "page",
        "the page in a real browser",
        _pytest("tests/integration/query_page"),
        350,
        _PAGE,
    ),
    Row(
        "tools",
        "the tools, the embedded stack, the simulated CoinCap",
        _pytest(
            "tests/integration/coinlake_tools",
            "tests/integration/local_stack",
            "tests/integration/coincap_simulator",
        ),
        300,
        EVERYTHING,
    ),
    Row(
        "publishing",
        "what publishing promises, asked of the tables that there are",
        _pytest("tests/contract/publishing"),
        60,
        _RUNNER,
    ),
    Row(
        "release",
        "make release, installed, and on a host that boots for the first time",
        _pytest("tests/integration/release"),
        1500,
        EVERYTHING,
    ),
    Row("e2e", "the whole stack", _pytest("tests/e2e"), 900, EVERYTHING, alone=True),
)
