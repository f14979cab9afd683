"""What it costs to rebuild hours: told before anything is sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import mean

from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import LedgerEntry
from coinlake.store import ObjectStore
from coinlake_tools import cost
from coinlake_tools.published_hours import Keys, entries, newest_versions

HOURS_OF_A_RUN = 96
"""The runner's default, `ETL_RUNNER_MAX_HOURS`."""
# The ledger is asked how long runs took; so many entries say it well enough.
_ASKED = 24


@dataclass(frozen=True, slots=True)
class RebuildCost:
    """Hours that are published and would be rebuilt. `run_s` is what a run of them was billed."""

    hours: tuple[tuple[str, Hour], ...]
    run_s: float

    @property
    def most_usd(self) -> float:
        """Each hour by a run of its own."""
        return cost.runs_usd(len(self.hours), self.run_s)

    @property
    def least_usd(self) -> float:
        """As many hours in a run as the runner takes, none of them longer than one was."""
        return cost.runs_usd(ceil(len(self.hours) / HOURS_OF_A_RUN), self.run_s)

    def told(self) -> str:
        """One sentence with hours, runs and dollars."""
        count = len(self.hours)
        if not count:
            return "nothing to rebuild: none of these hours is published"
        feeds = sorted({feed for feed, _ in self.hours})
        first, last = min(hour for _, hour in self.hours), max(hour for _, hour in self.hours)
        runs = ceil(count / HOURS_OF_A_RUN)
        return (
            f"{count} hours of {', '.join(feeds)}, {first.dt} {first.hour} to {last.dt} {last.hour}: "
            f"{self.least_usd:.2f} USD in {runs} run(s) together, "
            f"at most {self.most_usd:.2f} USD in {count} run(s), {self.run_s:.0f} s billed for each"
        )


async def rebuild_cost(
    store: ObjectStore, feeds: Sequence[str], days: Sequence[str], hour: str | None = None
) -> RebuildCost:
    """What rebuilding the published hours of these days would cost. Raises TransientError."""
    keys = await newest_versions(store, feeds, days)
    wanted = {at: key for at, key in keys.items() if hour in (None, at[1].hour)}
    return cost_of(wanted, await entries(store, _spread(sorted(wanted.values()))))


def cost_of(hours: Keys, some: Sequence[LedgerEntry]) -> RebuildCost:
    """The cost of these hours, as long as the runs of some of them were."""
    billed = [one.billed_seconds for one in some if one.billed_seconds]
    return RebuildCost(
        tuple(sorted(hours)), mean(billed) if billed else cost.Plan().run_seconds
    )


def _spread(keys: Sequence[str]) -> list[str]:
    step = max(1, ceil(len(keys) / _ASKED))
    return list(keys[::step])
