"""The records of failing hours and of commands: read at the start, kept up to the hours."""

import asyncio
from collections.abc import Mapping

from coinlake import logs
from coinlake.contracts.cloud import RUNNER_PREFIX
from coinlake.store import ObjectStore
from etl_runner.core.hours import FeedHour, Hours
from etl_runner.core.records import (
    COMMANDS_PREFIX,
    FAILURES_PREFIX,
    Command,
    encoded,
    parse_command,
    parse_failure,
    parse_record_key,
    record_key,
)
from etl_runner.core.tracked import Failure
from etl_runner.metrics import EtlMetrics

log = logs.get(__name__)


class RunnerRecords:
    """What the bucket holds of failures and commands, beside what the hours say of them.

    The loop and whoever serves an operator's request come here at once. They take turns: a command
    that is accepted while an older one of its hour is removed would go with it.
    """

    def __init__(self, store: ObjectStore, hours: Hours, metrics: EtlMetrics) -> None:
        self._store = store
        self._hours = hours
        self._metrics = metrics
        self._etags: dict[str, str] = {}
        self._failures: dict[FeedHour, Failure] = {}
        self._commands: dict[FeedHour, Command] = {}
        self._one_at_a_time = asyncio.Lock()

    async def load(self, now_ms: int) -> None:
        """Take what is new: of an earlier process, of another runner, of an operator.

        One listing; a record is read again only where it has changed.
        """
        async with self._one_at_a_time:
            listed = {found.key: found.etag async for found in self._store.list(RUNNER_PREFIX)}
            for key, etag in listed.items():
                if self._etags.get(key) != etag:
                    await self._read(key, now_ms)
            self._etags = listed
            self._gone(listed)

    async def save(self) -> None:
        """Write what the hours say otherwise than the bucket; nothing where they agree."""
        async with self._one_at_a_time:
            failing = {hour: one.failure for hour, one in self._hours.open() if one.alone}
            for hour in {**self._failures, **failing}:
                failure = failing.get(hour)
                if failure != self._failures.get(hour):
                    await self._put(record_key(FAILURES_PREFIX, hour), failure)
                    _keep(self._failures, hour, failure)
            for hour in list(self._commands):
                if not self._hours.get(hour).forced:
                    await self._put(record_key(COMMANDS_PREFIX, hour), None)
                    del self._commands[hour]

    async def rebuild(self, hour: FeedHour, command: Command, now_ms: int) -> None:
        """Accept a command: it is in the bucket before anybody is told."""
        async with self._one_at_a_time:
            await self._put(record_key(COMMANDS_PREFIX, hour), command)
            self._commands[hour] = command
            self._hours.force(hour, command.version, now_ms)

    def accepts_missing(self, hour: FeedHour) -> bool:
        """Whether somebody wants the hour rebuilt without raw objects that have vanished."""
        command = self._commands.get(hour)
        return command is not None and command.accepts_missing

    async def _read(self, key: str, now_ms: int) -> None:
        body = await self._store.get(key)
        failing = parse_record_key(FAILURES_PREFIX, key)
        ordered = parse_record_key(COMMANDS_PREFIX, key)
        try:
            if body is None:
                return
            if failing is not None:
                self._failing(failing, parse_failure(body))
            elif ordered is not None:
                self._commands[ordered] = parse_command(body)
                self._hours.force(ordered, self._commands[ordered].version, now_ms)
            else:
                raise ValueError("nobody's key")
        except ValueError as error:
            self._metrics.alarms.labels(reason="record_unreadable").inc()
            log.error("record_unreadable", key=key, reason=str(error))

    def _failing(self, hour: FeedHour, failure: Failure) -> None:
        self._failures[hour] = failure
        own = self._hours.get(hour).failure
        # Of two that are as far, the one that is stored: both runners end with the same.
        if (failure.version, failure.count) >= (own.version, own.count):
            self._hours.failed(hour, failure)

    def _gone(self, listed: Mapping[str, str]) -> None:
        """Records that somebody else has removed, since he is done with them or wants a retry."""
        for hour in list(self._failures):
            if record_key(FAILURES_PREFIX, hour) not in listed:
                del self._failures[hour]
                self._hours.retry(hour)
        for hour in list(self._commands):
            if record_key(COMMANDS_PREFIX, hour) not in listed:
                del self._commands[hour]

    async def _put(self, key: str, record: Failure | Command | None) -> None:
        if record is None:
            await self._store.delete(key)
            self._etags.pop(key, None)
        else:
            etag = await self._store.put(key, encoded(record), content_type="application/json")
            self._etags[key] = etag


def _keep(found: dict[FeedHour, Failure], hour: FeedHour, failure: Failure | None) -> None:
    if failure is None:
        found.pop(hour, None)
    else:
        found[hour] = failure
