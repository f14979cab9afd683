"""Rule 1: freeze a batch. First the ledger's head, then the raw listing, both in one manifest."""

from collections.abc import Iterable

from coinlake import logs
from coinlake.contracts.batches import BatchHour, FrozenOutput, Manifest, parse_manifest
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.ledger import curated_key, manifest_key
from coinlake.errors import InvariantError, PreconditionFailedError
from etl_runner.core.hours import FeedHour, Hours
from etl_runner.core.plan import manifest, outranked
from etl_runner.loop.lake import LakeReader, inputs_of
from etl_runner.metrics import EtlMetrics

log = logs.get(__name__)


class Freeze:
    """Turns chosen hours into an immutable manifest."""

    def __init__(
        self,
        lake: LakeReader,
        hours: Hours,
        metrics: EtlMetrics,
        code_version: str,
        max_skew_ms: int,
    ) -> None:
        self._lake = lake
        self._hours = hours
        self._metrics = metrics
        self._code_version = code_version
        self._max_skew_ms = max_skew_ms

    async def run(self, chosen: Iterable[FeedHour], now_ms: int) -> Manifest | None:
        """Freeze and store the batch; None where nothing is left to do."""
        # Before the listings: whatever was received until then is stored, and so is listed.
        positions = {
            name: self._hours.watermark_ms(feed.topic) for name, feed in TABULAR.items()
        }
        frozen = [await self._hour(hour, now_ms) for hour in chosen]
        wanted = [hour for hour in frozen if hour is not None]
        if not wanted:
            return None
        batch = manifest(wanted, self._code_version, self._max_skew_ms)
        for hour in wanted:
            name = FeedHour(hour.feed, hour.at)
            self._hours.frozen(name, batch.batch_id, positions[hour.feed])
        key = manifest_key(batch.batch_id)
        try:
            await self._lake.store.put(
                key, batch.encode(), if_none_match=True, content_type="application/json"
            )
        except PreconditionFailedError:
            # The same work was frozen before, by a runner that died or by one beside us.
            return await load_manifest(self._lake, batch.batch_id)
        return batch

    async def _hour(self, hour: FeedHour, now_ms: int) -> BatchHour | None:
        tracked = self._hours.get(hour)
        # Head first: a version committed after this listing makes the publish fail, not lie.
        self._hours.committed(hour, await self._lake.head(hour), now_ms)
        inputs = inputs_of(await self._lake.raw_of_hour(hour))
        self._hours.listed(hour, inputs, now_ms)
        if outranked(tracked):
            self._metrics.alarms.labels(reason="newer_job_version").inc()
            log.error("hour_left_alone", hour=str(hour), reason="made by a newer job")
            self._hours.failed(hour, "the head was made by a newer job version", now_ms, 1)
            return None
        if not tracked.dirty:
            return None
        published = tuple(
            [
                FrozenOutput(table, await self._etag(hour, table))
                for table in TABULAR[hour.feed].published
            ]
        )
        items = tuple(inputs[key] for key in sorted(inputs))
        return BatchHour(hour.feed, hour.at.dt, hour.at.hour, tracked.version, published, items)

    async def _etag(self, hour: FeedHour, table: str) -> str | None:
        tracked = self._hours.get(hour)
        if tracked.repair:
            # What is there is not what the ledger says, so only what is there can be replaced.
            head = await self._lake.store.head(curated_key(table, hour.at))
            return None if head is None else head.etag
        outputs = () if tracked.head is None else tracked.head.outputs
        return next((output.etag for output in outputs if output.table == table), None)


async def load_manifest(lake: LakeReader, batch_id: str) -> Manifest:
    """A frozen batch. Raises InvariantError where it is not there or is none."""
    body = await lake.store.get(manifest_key(batch_id))
    try:
        return parse_manifest(body or b"")
    except ValueError as error:
        raise InvariantError(f"batch {batch_id}: {error}") from error
