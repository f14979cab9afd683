"""The command `demo`: the whole pipeline in the foreground, ending with what SQL answers."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from coinlake.contracts.datasets import ELEMENTS
from coinlake.contracts.hours import Hour
from coinlake.contracts.topics import copied_by_the_sink
from local_stack import counts, plan, questions, report, settings, spending, topic_counts, watch
from local_stack.counts import PartitionCount, RawObject, StageCounts
from local_stack.errors import StackError
from local_stack.lake import LakeErrors, StackLake, open_lake
from local_stack.record import StackRecord
from local_stack.stack import Stack, uninterrupted

_TICK_S = 0.5
FIRST_ANSWER_TIMEOUT_S = 300.0
CATCH_UP_TIMEOUT_S = 180.0
HISTORY_HOURS = 3


def demo(stack: Stack, *, once: bool, history_hours: int = HISTORY_HOURS) -> int:
    """Run it; 0 at the end. Raises StackError where a part fails, after stopping all."""
    known = stack.read()
    if known is not None and known.processes:
        raise StackError("The stack of this clone is already running: `make down` first.")
    source = spending.source_of(stack.environ)
    if source.base_url is not None:
        stack.progress.block(spending.announcement(source))
    record = stack.up(source, history_hours)
    stack.progress.block(f"\n{report.page(record)}\n")
    try:
        _Demo(stack, record, open_lake(settings.exported(record))).run(once=once)
    except LakeErrors as error:
        raise StackError(f"The local cloud did not answer: {error}") from error
    finally:
        # Also on Ctrl-C, which is how the demo ends; a second one must not leave half behind.
        with uninterrupted():
            stack.progress.say("stopping everything")
            stack.down()
    return 0


@dataclass(slots=True)
class _Demo:
    stack: Stack
    record: StackRecord
    lake: StackLake
    stopped: frozenset[str] = frozenset()

    def run(self, *, once: bool) -> None:
        seconds = self._first_answer()
        unpaid = watch.unpaid(self.record)
        if unpaid:
            self.stack.progress.say(f"not polled, as credits have run out: {', '.join(unpaid)}")
        wanted = set(ELEMENTS) - unpaid
        self._wait(
            "the first hour of all feeds",
            lambda: {feed for feed, _ in self.lake.heads()} >= wanted,
            FIRST_ANSWER_TIMEOUT_S,
        )
        if once:
            self._finish(seconds)
        else:
            self._show(*self._counted(watch.polls(self.record)), seconds)
            self._keep_running()

    def _first_answer(self) -> float:
        """Seconds from the start of the first process to the first row of SQL."""
        self._wait("the first hour of assets", self._quotes_hour, FIRST_ANSWER_TIMEOUT_S)
        hour = self._quotes_hour()
        while hour is None or not self.lake.sql(questions.newest_prices(hour)).rows:
            self._tick("waiting for the first SQL row")
            hour = self._quotes_hour()
        seconds = time.time() - self.record.started_at_s
        self.stack.progress.say(f"first SQL answer {seconds:.1f} s after the first process")
        return seconds

    def _finish(self, seconds: float) -> None:
        """Stop polling, let every answer arrive, count, write the counts down."""
        polls = self._stop_polling()
        kafka = topic_counts.count(self._bootstrap(), copied_by_the_sink())
        self._wait(
            "the sink to store the last answers",
            lambda: counts.unread(kafka, self.lake.raw_objects()) == 0 or None,
            CATCH_UP_TIMEOUT_S,
        )
        self._wait("the runner to publish them", self._caught_up, CATCH_UP_TIMEOUT_S)
        by_feed, sql_rows = self._counted(polls)
        self._show(by_feed, sql_rows, seconds)
        summary = {
            **asdict(counts.total(by_feed)),
            "sql_rows": sql_rows,
            "seconds_to_first_answer": round(seconds, 1),
        }
        self.stack.paths.demo.write_text(json.dumps(summary, indent=2) + "\n")
        self.stack.progress.say(f"wrote {self.stack.paths.demo}")

    def _stop_polling(self) -> dict[str, int]:
        self.stack.progress.say("stopping the ingestor, so that the counts can agree")
        self.stack.stop("ingestor")
        self.stopped = frozenset({"ingestor"})
        # Asked after the end: an answer may come between a question and the stop.
        return watch.polls_in_log(plan.log_of(self.stack.paths, "ingestor"))

    def _counted(self, polls: dict[str, int]) -> tuple[dict[str, StageCounts], int]:
        kafka: list[PartitionCount] = topic_counts.count(
            self._bootstrap(), copied_by_the_sink()
        )
        raw: list[RawObject] = self.lake.raw_objects()
        history = watch.history_in_log(plan.log_of(self.stack.paths, "history"))
        by_feed = counts.by_feed(polls, kafka, raw, self.lake.heads(), history)
        answer = self.lake.sql(questions.QUOTES_COUNT)
        return by_feed, int(answer.rows[0][0] or 0)

    def _show(self, by_feed: dict[str, StageCounts], sql_rows: int, seconds: float) -> None:
        hour = self._quotes_hour()
        if hour is None:
            raise StackError("The ledger names no hour of quotes any more.")
        prices = self.lake.sql(questions.newest_prices(hour))
        assets = [row[0] for row in prices.rows if row[0] is not None]
        candles = self.lake.sql(questions.newest_candles(hour, assets))
        elapsed_s = time.time() - self.record.started_at_s
        for part in (
            report.answers(prices, candles),
            report.stages(by_feed, sql_rows, seconds),
            report.money(watch.bill(self.record), elapsed_s),
            report.places(self.record),
        ):
            self.stack.progress.block(f"\n{part}")

    def _keep_running(self) -> None:
        """Until Ctrl-C, which is the demo's ordinary end."""
        self.stack.progress.block("\nIt keeps running; Ctrl-C stops everything.")
        try:
            while True:
                self._tick(watch.line(self.record))
        except KeyboardInterrupt:
            return

    def _wait(self, what: str, found: Callable[[], object], timeout_s: float) -> None:
        begun = self.stack.progress.elapsed_s
        while not found():
            if self.stack.progress.elapsed_s - begun > timeout_s:
                raise StackError(
                    f"Gave up waiting for {what} after {timeout_s:.0f} s: {watch.line(self.record)} "
                    f"(logs are in {self.stack.paths.logs})."
                )
            self._tick(f"waiting for {what}: {watch.line(self.record)}")
        self.stack.progress.say(f"seen: {what}")

    def _tick(self, line: str) -> None:
        watch.check_alive(self.stack.paths, self.record, self.stopped)
        self.stack.progress.live(line)
        time.sleep(_TICK_S)

    def _quotes_hour(self) -> Hour | None:
        hours = [hour for feed, hour in self.lake.heads() if feed == "assets"]
        return max(hours, default=None)

    def _caught_up(self) -> bool:
        return counts.unpublished(self.lake.raw_objects(), self.lake.heads()) == 0

    def _bootstrap(self) -> str:
        return settings.exported(self.record)["KAFKA_BOOTSTRAP_SERVERS"]
