"""The Glue runs behind the ledger of some days, each entry read once: entries never change."""

from collections.abc import Iterable

from coinlake import logs
from coinlake.contracts.cloud import LEDGER_PREFIX
from coinlake.contracts.ledger import parse_entry, parse_ledger_key
from coinlake.fan_out import fan_out
from coinlake.store import ObjectStore
from query_api.core.costs import BilledRun

log = logs.get(__name__)

_READS_AT_ONCE = 16


class RunHistory:
    """Of each entry it keeps three small values, and those of the days that were asked for last."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._known: dict[str, BilledRun | None] = {}

    async def runs(self, feeds: Iterable[str], first_day: str) -> list[BilledRun]:
        """The runs that published hours from a day on. Raises TransientError."""
        keys: list[str] = []
        for feed in feeds:
            prefix = f"{LEDGER_PREFIX}feed={feed}/"
            keys += [
                item.key async for item in self._store.list(prefix, f"{prefix}dt={first_day}")
            ]
        wanted = [key for key in keys if parse_ledger_key(key) is not None]
        new = [key for key in wanted if key not in self._known]
        read = await fan_out(self._read, new, _READS_AT_ONCE)
        known = self._known | dict(zip(new, read, strict=True))
        self._known = {key: known[key] for key in wanted}
        return [run for run in self._known.values() if run is not None]

    async def _read(self, key: str) -> BilledRun | None:
        body = await self._store.get(key)
        try:
            entry = parse_entry(b"" if body is None else body)
        except ValueError as error:
            # Counted and logged where coverage reads it; here it is a run that cannot be priced.
            log.warning("ledger_entry_unpriced", key=key, reason=str(error))
            return None
        return BilledRun(entry.run_id, entry.committed_at_ms, entry.billed_seconds)
