"""Every operation of AWS that a service or tool calls, what class it is billed as, and how often.

`tests/unit/coinlake_tools/test_priced_operations.py` finds the calls in the code: one that is not here
makes it red. Others count what the services ask and hold it against `per_hour`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from coinlake import prices
from coinlake.contracts.datasets import ELEMENTS, TABULAR
from coinlake.contracts.topics import copied_by_the_sink
from coinlake.views.live import live_view_names

HOURS_PER_MONTH = 730
DAYS_PER_MONTH = HOURS_PER_MONTH / 24
PAGE = 1000  # keys in one LIST (S3 API, ListObjectsV2)
FEEDS = len(TABULAR)
TOPICS = len(copied_by_the_sink())
TABLES = sum(len(dataset.published) for dataset in TABULAR.values())
LIVE_VIEWS = sum(len(live_view_names(TABULAR[feed])) for feed in ELEMENTS)
# Days that a pass of the runner lists: those of 48 hours, today's, tomorrow's, and an older one.
PASS_DAYS = 5


class Billed(StrEnum):
    """What a request is billed as."""

    PUT = "S3 PUT class"  # PUT, COPY, POST, LIST
    GET = "S3 GET class"  # GET, HEAD
    CATALOG = "Glue catalog"
    SNS = "SNS"
    FREE = "free"

    @property
    def usd(self) -> float:
        return {
            Billed.PUT: prices.USD_PER_PUT_CLASS,
            Billed.GET: prices.USD_PER_GET_CLASS,
            Billed.CATALOG: prices.USD_PER_CATALOG_REQUEST,
            Billed.SNS: prices.USD_PER_SNS_PUBLISH,
        }.get(self, 0.0)

    @property
    def free_a_month(self) -> int:
        """How many a month cost nothing."""
        return {
            Billed.CATALOG: prices.FREE_CATALOG_REQUESTS,
            Billed.SNS: prices.FREE_SNS_PUBLISHES,
        }.get(self, 0)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often things happen, and how old the lake is. The defaults are those of the settings."""

    raw_objects_per_hour: float = 300.0
    runs_per_hour: float = 1.0
    run_seconds: float = 120.0
    queries_per_day: float = 1_000.0
    passes_per_hour: float = 4.0
    crawls_per_day: float = 1 / 7
    crawl_seconds: float = 90.0
    starts_per_month: float = 4.0
    age_months: float = 1.0

    @property
    def age_days(self) -> float:
        return self.age_months * DAYS_PER_MONTH

    @property
    def day_pages(self) -> float:
        """LISTs that a day of raw objects of all topics takes beyond one for each topic."""
        # Nearly all are of one topic, prices.
        return ceil(max(1.0, self.raw_objects_per_hour * 24) / PAGE) - 1


PerHour = Callable[[Pace], float]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of one service: in an hour in which nothing arrives, and what a pace adds."""

    service: str
    name: str
    billed: Billed
    idle: float = 0.0
    busy: PerHour = lambda _: 0.0

    def per_hour(self, pace: Pace) -> float:
        return self.idle + self.busy(pace)


def _queries(pace: Pace) -> float:
    return pace.queries_per_day / 24


def _runs(pace: Pace) -> float:
    return pace.runs_per_hour


def _per_month(times: float) -> float:
    return times / HOURS_PER_MONTH


_PROBES = 3600 / 15.0
_IDLE_LOOKS = 3600 / (300.0 + 15.0)
_KEY_LOOKS = 3600 / 15.0
_AGAIN_A_DAY = 36
_LOOKS_WHILE_OPEN = 5


def _audit_lists(pace: Pace) -> float:
    """The LISTs of a daily audit."""
    again = min(_AGAIN_A_DAY, max(1.0, pace.age_days - 3))
    # Memory, epochs (thrice), first names and the newest days, which are one listing.
    each = 6 + again
    # All topics, the files beside them, and looks while the newest object is on its way.
    together = 2 + (TOPICS + 1) + _LOOKS_WHILE_OPEN * (2 + 4 * pace.day_pages)
    return TOPICS * each + together + pace.day_pages * (4 + again)


def _pass_lists(pace: Pace) -> float:
    """Ledger, raw and tables of each feed and day, the records."""
    listed = (2 * FEEDS + TABLES) * PASS_DAYS
    return pace.passes_per_hour * (listed + 1 + pace.day_pages * (PASS_DAYS - 1))


OPERATIONS: tuple[Operation, ...] = (
    # One object a minute for each topic that has values; an hour of heartbeats alone is one object.
    Operation("s3-sink", "s3:PutObject", Billed.PUT, TOPICS, lambda p: p.raw_objects_per_hour),
    # Before a PUT, once a minute at most: is the epoch's record there, and the last object.
    Operation(
        "s3-sink", "s3:HeadObject", Billed.GET, 2 * TOPICS, lambda p: 2 * p.raw_objects_per_hour
    ),
    Operation(
        "s3-sink",
        "s3:ListObjectsV2",
        Billed.PUT,
        busy=lambda p: _per_month(2 * TOPICS * p.starts_per_month),
    ),
    Operation(
        "s3-sink",
        "s3:GetObject",
        Billed.GET,
        busy=lambda p: _per_month(2 * TOPICS * p.starts_per_month),
    ),
    Operation(
        "etl-runner",
        "s3:ListObjectsV2",
        Billed.PUT,
        busy=lambda p: _pass_lists(p) + _runs(p) * (3 * FEEDS + 1),
    ),
    # Of an object that is new, once.
    Operation("etl-runner", "s3:HeadObject", Billed.GET, busy=lambda p: p.raw_objects_per_hour),
    # At most: the entries of an older day, as a process reads them that has just started. Once it has
    # seen every day it reads none of them again.
    Operation(
        "etl-runner",
        "s3:GetObject",
        Billed.GET,
        busy=lambda p: p.passes_per_hour * 24 * FEEDS + _runs(p) * (2 + FEEDS + TABLES),
    ),
    Operation(
        "etl-runner", "s3:PutObject", Billed.PUT, busy=lambda p: _runs(p) * (2 + FEEDS + TABLES)
    ),
    Operation("etl-runner", "s3:DeleteObject", Billed.FREE, busy=lambda p: _runs(p) * TABLES),
    Operation("etl-runner", "glue:StartJobRun", Billed.FREE, busy=_runs),
    Operation("etl-runner", "glue:GetJobRuns", Billed.FREE, busy=lambda p: 2 * _runs(p)),
    Operation(
        "etl-runner", "glue:GetJobRun", Billed.FREE, busy=lambda p: _runs(p) * p.run_seconds / 5
    ),
    Operation("etl-runner", "glue:BatchStopJobRun", Billed.FREE),
    Operation(
        "etl-runner", "glue:StartCrawler", Billed.FREE, busy=lambda p: p.crawls_per_day / 24
    ),
    Operation(
        "etl-runner",
        "glue:GetCrawler",
        Billed.FREE,
        busy=lambda p: p.crawls_per_day / 24 * (2 + p.crawl_seconds / 5),
    ),
    Operation(
        "etl-runner", "glue:GetTable", Billed.CATALOG, busy=lambda p: 2 * TABLES * _runs(p)
    ),
    # Is everything registered that is committed?
    Operation(
        "etl-runner",
        "glue:GetPartitions",
        Billed.CATALOG,
        busy=lambda p: p.passes_per_hour * TABLES * PASS_DAYS,
    ),
    Operation("etl-runner", "glue:BatchUpdatePartition", Billed.CATALOG),
    Operation("etl-runner", "glue:UpdateTable", Billed.CATALOG, busy=lambda _: LIVE_VIEWS),
    Operation("etl-runner", "glue:CreateTable", Billed.CATALOG),
    Operation(
        "etl-runner",
        "glue:BatchCreatePartition",
        Billed.CATALOG,
        busy=lambda p: TABLES * _runs(p),
    ),
    # Each run reads the raw objects of its hours anew, by key and ETag.
    Operation(
        "glue-job",
        "s3:GetObject",
        Billed.GET,
        busy=lambda p: (
            (p.raw_objects_per_hour + 4) * min(1.0, _runs(p))
            if p.runs_per_hour <= 1
            else p.raw_objects_per_hour * (_runs(p) + 1) / 2 + 4 * _runs(p)
        ),
    ),
    Operation("glue-job", "s3:PutObject", Billed.PUT, busy=lambda p: _runs(p) * (TABLES + 1)),
    # A crawl looks at every object of every table: the one thing that grows with the lake.
    Operation(
        "glue-crawler",
        "s3:ListObjectsV2",
        Billed.PUT,
        busy=lambda p: p.crawls_per_day / 24 * TABLES * ceil(24 * p.age_days / PAGE),
    ),
    Operation(
        "glue-crawler",
        "s3:GetObject",
        Billed.GET,
        busy=lambda p: p.crawls_per_day / 24 * TABLES * 24 * p.age_days,
    ),
    # New ledger entries; for a query what its key has spent, and the footers of two hours for SQL.
    Operation(
        *("query-api", "s3:GetObject", Billed.GET, _PROBES),
        busy=lambda p: _runs(p) * FEEDS + 3 * _queries(p),
    ),
    Operation("query-api", "s3:HeadObject", Billed.GET, busy=_queries),
    Operation("query-api", "s3:PutObject", Billed.PUT, busy=_queries),
    # The text of a view, for the estimate of SQL.
    Operation("query-api", "glue:GetTable", Billed.CATALOG, busy=_queries),
    # The keys; before and after a query the ledger, unless it was just looked at, and open hours' raw zone.
    Operation(
        "query-api",
        "s3:ListObjectsV2",
        Billed.PUT,
        FEEDS * _IDLE_LOOKS + _KEY_LOOKS,
        lambda p: 4 * _queries(p),
    ),
    Operation("query-api", "athena:GetWorkGroup", Billed.FREE, _PROBES),
    Operation("query-api", "athena:StartQueryExecution", Billed.FREE, busy=_queries),
    Operation(
        "query-api", "athena:GetQueryExecution", Billed.FREE, busy=lambda p: 4 * _queries(p)
    ),
    # Many queries at a time are asked about together.
    Operation("query-api", "athena:BatchGetQueryExecution", Billed.FREE),
    Operation("query-api", "athena:GetQueryResults", Billed.FREE, busy=_queries),
    # Of results beyond Athena's first page, which are read from S3.
    Operation("query-api", "athena:GetQueryRuntimeStatistics", Billed.FREE),
    Operation("query-api", "athena:StopQueryExecution", Billed.FREE),
    # Athena reads with our rights: footers and columns of an hour or two, partitions; and writes the result.
    # Of open hours it lists the raw zone, and reads each object.
    Operation("athena", "s3:ListObjectsV2", Billed.PUT, busy=lambda p: 3 * _queries(p)),
    Operation(
        "athena",
        "s3:GetObject",
        Billed.GET,
        busy=lambda p: (6 + p.raw_objects_per_hour / TOPICS) * _queries(p),
    ),
    Operation("athena", "s3:PutObject", Billed.PUT, busy=lambda p: 2 * _queries(p)),
    Operation("athena", "glue:GetPartitions", Billed.CATALOG, busy=lambda p: 3 * _queries(p)),
    # Once a day. Epochs are read twice, the memory and the first names once; raw/ itself is looked through.
    Operation(
        "auditor",
        "s3:ListObjectsV2",
        Billed.PUT,
        busy=lambda p: _audit_lists(p) / 24,
    ),
    Operation("auditor", "s3:GetObject", Billed.GET, 4 * TOPICS / 24),
    Operation("auditor", "s3:HeadObject", Billed.GET, busy=lambda p: p.raw_objects_per_hour),
    Operation("auditor", "s3:PutObject", Billed.PUT, TOPICS / 24),
    # The dead man's switch, every four minutes.
    Operation("alertmanager", "sns:Publish", Billed.SNS, 15.0),
    # Credentials of the containers, and parameters where a unit starts: neither is billed
    # (AWS STS has no price; AWS Systems Manager pricing, Parameter Store: standard parameters).
    Operation("host", "sts:AssumeRole", Billed.FREE, 5 * 6.0),
    Operation("host", "ssm:GetParameter", Billed.FREE),
    Operation(
        "host",
        "ssm:GetParametersByPath",
        Billed.FREE,
        busy=lambda p: _per_month(8 * p.starts_per_month),
    ),
    Operation("host", "ecr:GetLoginPassword", Billed.FREE),
    Operation("host", "s3:Copy", Billed.GET, busy=lambda p: _per_month(p.starts_per_month)),
)


def of_service(service: str) -> dict[str, Operation]:
    """A service's operations by name."""
    return {one.name: one for one in OPERATIONS if one.service == service}
