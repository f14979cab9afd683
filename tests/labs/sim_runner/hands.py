"""What is done to the world: faults of machines, and hands that change what is not theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.ledger import curated_key, ledger_key, parse_ledger_key
from coinlake.contracts.raw_layout import RAW_PREFIX
from etl_runner.core.hours import FeedHour
from etl_runner.core.records import FAILURES_PREFIX
from tests.labs.bucket import Stored
from tests.labs.events import Event
from tests.labs.sim_runner.catalog import TABLES

if TYPE_CHECKING:
    from tests.labs.sim_runner.runner import RunnerProcess
    from tests.labs.sim_runner.world import World


class Hands:
    """Each event of a scenario, and what ends it. Amounts are between 0 and 1."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.removed_raw: dict[str, Stored] = {}
        self.returns = False
        """Whether what was removed is still to come back."""
        self.broken_ledger: dict[str, Stored] = {}
        self.poisoned: set[FeedHour] = set()
        self.recounted: set[FeedHour] = set()
        """Hours whose head somebody removed: their versions count anew."""
        self.commanded: dict[FeedHour, int] = {}
        """The version that each accepted command wants to be followed by another."""

    def do(self, event: Event) -> None:
        act: Callable[[float], None] = getattr(self, f"_{event.what}")
        act(event.amount)

    def _later(self, seconds: float, act: Callable[..., object], *arguments: object) -> None:
        self._world.loop.call_later(seconds, act, *arguments)

    def _runner(self, amount: float) -> RunnerProcess | None:
        awake = self._world.awake()
        return awake[int(amount * 1000) % len(awake)] if awake else None

    def _hour(self, amount: float) -> FeedHour | None:
        committed = list(self._world.committed())
        return committed[int(amount * 1000) % len(committed)] if committed else None

    # Processes.

    def _kill(self, amount: float) -> None:
        one = self._runner(amount)
        if one is None:
            return
        world = self._world
        world.reached("runner killed")
        world.note(f"kill {one.name}")
        if any(run.outcome == "active" for run in world.glue.runs):
            world.reached("run of a stopped runner")
        if self._is_between_put_and_ledger():
            world.reached("killed between put and ledger")
        one.process.is_dead = True
        world.runners.remove(one)
        world.dead.append(one)
        self._later(amount * 10, world.start_runner)

    def _is_between_put_and_ledger(self) -> bool:
        for hour, versions in self._world.oracle.versions.items():
            for table in TABULAR[hour.feed].published:
                there = self._world.bucket.objects.get(curated_key(table, hour.at))
                version = 0 if there is None else int(there.metadata.get("version", "0"))
                if version > max(versions, default=0):
                    return True
        return False

    def _freeze(self, amount: float) -> None:
        one = self._runner(amount)
        if one is not None:
            one.process.is_frozen = True
            self._world.note(f"freeze {one.name}")
            self._later(1 + amount * 40, self._world.thaw, one)

    def _stop(self, amount: float) -> None:
        one = self._runner(amount)
        if one is not None:
            one.stop.set()
            self._world.runners.remove(one)
            self._world.dead.append(one)
            self._later(amount * 10, self._world.start_runner)

    def _add(self, amount: float) -> None:
        if len(self._world.runners) < 3:
            self._world.start_runner()

    # Weather and Glue.

    def _store_down(self, amount: float) -> None:
        self._world.place.store_weather.is_down = True
        self._later(amount * 15, setattr, self._world.place.store_weather, "is_down", False)

    def _store_slow(self, amount: float) -> None:
        self._world.place.store_weather.slow_s = amount * 3
        self._later(20, setattr, self._world.place.store_weather, "slow_s", 0.0)

    def _glue_away(self, amount: float) -> None:
        self._world.place.glue_weather.is_down = True
        self._later(amount * 30, setattr, self._world.place.glue_weather, "is_down", False)

    def _job_broken(self, amount: float) -> None:
        self._world.glue.trouble.is_broken = True
        self._later(10 + amount * 80, setattr, self._world.glue.trouble, "is_broken", False)

    def _poison(self, amount: float) -> None:
        hours = sorted(self._world.hours_of_raw())
        if hours:
            self.poisoned.add(hours[int(amount * 1000) % len(hours)])
            self._world.glue.trouble.poison = frozenset(self.poisoned)

    def _miscount(self, amount: float) -> None:
        hours = sorted(self._world.hours_of_raw())
        if hours:
            wrong = frozenset({hours[int(amount * 1000) % len(hours)]})
            self._world.glue.trouble.miscounts = wrong
            self._later(
                5 + amount * 60, setattr, self._world.glue.trouble, "miscounts", frozenset()
            )

    def _stuck(self, amount: float) -> None:
        self._world.glue.trouble.stuck = 0.6
        self._later(30, setattr, self._world.glue.trouble, "stuck", 0.0)

    def _odd_ends(self, amount: float) -> None:
        self._world.glue.trouble.odd = 0.6
        self._later(40, setattr, self._world.glue.trouble, "odd", 0.0)

    def _forget_runs(self, amount: float) -> None:
        self._world.glue.runs = []

    # The catalog.

    def _crawls_fail(self, amount: float) -> None:
        self._world.catalog.crawls_fail = 0.9
        self._later(40, setattr, self._world.catalog, "crawls_fail", 0.0)

    def _hide_table(self, amount: float) -> None:
        table = TABULAR["rates"].published[int(amount * 2) % 2]
        self._world.catalog.hidden = {table}
        self._world.catalog.drop_table(table)
        self._later(20 + amount * 60, setattr, self._world.catalog, "hidden", set())

    def _catalog_away(self, amount: float) -> None:
        self._world.catalog.is_away = True
        self._later(amount * 30, setattr, self._world.catalog, "is_away", False)

    def _drop_partition(self, amount: float) -> None:
        known = sorted(self._world.catalog.partitions)
        if known:
            self._world.reached("partition dropped")
            self._world.catalog.partitions.discard(known[int(amount * 1000) % len(known)])

    def _drop_table(self, amount: float) -> None:
        if self._world.catalog.tables:
            self._world.reached("table dropped")
            self._world.catalog.drop_table(TABLES[int(amount * 1000) % len(TABLES)])

    # The bucket.

    def _remove_raw(self, amount: float) -> None:
        keys = sorted(key for key in self._world.bucket.objects if key.startswith(RAW_PREFIX))
        if keys:
            self._take(keys[int(amount * 1000) % len(keys)])
            self.returns = self.returns or amount > 0.5
            if amount > 0.5:
                self._later(30, self.put_back)

    def _remove_all_raw(self, amount: float) -> None:
        hour = self._hour(amount)
        if hour is not None:
            for key in self._world.hours_of_raw().get(hour, {}):
                self._take(key)
            self._world.reached("all raw vanished")

    def _take(self, key: str) -> None:
        self.removed_raw[key] = self._world.bucket.objects.pop(key)
        # Once it is back it is as late as one that lands then.
        self._world.oracle.on_time.discard((key, self.removed_raw[key].etag))
        used = any(
            key in stored.body.decode()
            for name, stored in self._world.bucket.objects.items()
            if name.startswith("ledger/")
        )
        self._world.note(f"removed {key}")
        self._world.reached("raw vanished" if used else "raw vanished unread")

    def put_back(self) -> None:
        self.returns = False
        if self.removed_raw:
            self._world.reached("raw came back")
        self._world.bucket.objects.update(self.removed_raw)
        self.removed_raw.clear()

    def _break_ledger(self, amount: float) -> None:
        hour = self._hour(amount)
        if hour is not None:
            key = ledger_key(hour.feed, hour.at, max(self._world.oracle.versions[hour]))
            there = self._world.bucket.objects.get(key)
            if there is not None and key not in self.broken_ledger:
                self._world.reached("ledger broken")
                self.broken_ledger[key] = there
                self._world.bucket.objects[key] = Stored(b"graffiti", "g", {}, 0)
                self._world.oracle.touched.add(hour)

    def hours_with_graffiti(self) -> set[FeedHour]:
        """The hours whose newest ledger entry somebody wrote over."""
        found = set()
        for key in self.broken_ledger:
            named = parse_ledger_key(key)
            assert named is not None
            later = key.rpartition("/")[0] + "/"
            if max(one for one in self._world.bucket.objects if one.startswith(later)) == key:
                found.add(FeedHour(named[0], named[1]))
        return found

    def mend_ledger(self) -> None:
        self._world.bucket.objects.update(self.broken_ledger)
        self.broken_ledger.clear()

    def _remove_ledger_head(self, amount: float) -> None:
        hour = self._hour(amount)
        if hour is not None:
            key = ledger_key(hour.feed, hour.at, max(self._world.oracle.versions[hour]))
            if self._world.bucket.objects.pop(key, None) is not None:
                self.broken_ledger.pop(key, None)
                self._world.reached("ledger head removed")
                self._world.oracle.touched.add(hour)
                self.recounted.add(hour)

    def _write_over_published(self, amount: float) -> None:
        hour = self._hour(amount)
        if hour is not None:
            key = curated_key(TABULAR[hour.feed].published[0], hour.at)
            self._world.reached("foreign object")
            self._world.bucket.objects[key] = Stored(b"[]", f"foreign{amount}", {}, 0)
            self._world.oracle.touched.add(hour)

    def _remove_published(self, amount: float) -> None:
        hour = self._hour(amount)
        if hour is not None:
            key = curated_key(TABULAR[hour.feed].published[0], hour.at)
            self._world.reached("published removed")
            self._world.bucket.objects.pop(key, None)
            self._world.oracle.touched.add(hour)

    def _staged(self) -> list[str]:
        return sorted(key for key in self._world.bucket.objects if key.startswith("staging/"))

    def _remove_staged(self, amount: float) -> None:
        """As soon as something is staged."""
        staged = self._staged()
        if staged:
            self._world.reached("staged gone")
            del self._world.bucket.objects[staged[int(amount * 1000) % len(staged)]]
        else:
            self._again(self._remove_staged, amount)

    def _change_staged(self, amount: float) -> None:
        staged = self._staged()
        if staged:
            key = staged[int(amount * 1000) % len(staged)]
            self._world.reached("staged changed")
            self._world.bucket.objects[key] = Stored(b'["changed"]', "changed", {}, 0)
        else:
            self._again(self._change_staged, amount)

    def _again(self, act: Callable[[float], None], amount: float) -> None:
        if self._world.loop.time() < 110:
            self._later(0.2, act, amount)

    def _break_record(self, amount: float) -> None:
        for key in list(self._world.bucket.objects):
            if key.startswith(FAILURES_PREFIX):
                self._world.reached("record broken")
                self._world.bucket.objects[key] = Stored(b"[3]", f"broken{amount}", {}, 0)

    # Kafka and the operator.

    def _promise_ahead(self, amount: float) -> None:
        slot = (TABULAR["rates"].topic, 0)
        self._world.heartbeats_ahead.add(slot)
        self._later(2 + amount * 30, self._world.heartbeats_ahead.discard, slot)

    def _odd_hint(self, amount: float) -> None:
        odd = (b"[]", b"\xff", b'{"key": 5}', b"null", b'{"values": "many"}', b"[" * 5000)
        self._world.reached("odd hint")
        for value in odd:
            self._world.tell(value)

    def _command(self, amount: float) -> None:
        hour, one = self._hour(amount), self._runner(amount)
        if hour is not None and one is not None:
            self._world.reached("command")
            version = max(self._world.oracle.versions[hour])
            one.order(self._world.loop, hour, lambda: self._accepted(hour, version))

    def _accepted(self, hour: FeedHour, version: int) -> None:
        self._world.note(f"command accepted: {hour} of version {version}")
        self.commanded[hour] = version
