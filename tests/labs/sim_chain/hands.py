"""What is done to the chain's world. Amounts are between 0 and 1."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.labs.events import Event
from tests.labs.sim.sink import SinkProcess

if TYPE_CHECKING:
    from tests.labs.sim_chain.ingestor import IngestorProcess
    from tests.labs.sim_chain.world import World
    from tests.labs.sim_runner.runner import RunnerProcess

# How far a clock is set: beyond what anybody takes for a slow clock, and beyond Kafka's hour.
_JUMPS_MS = (3_000, 40_000, 900_000, 2_700_000)
_WILD_MS = 7_200_000


class Hands:
    """Each event of a scenario, and what ends it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.has_set_clock = False
        self._usual: dict[tuple[int, str], object] = {}

    def do(self, event: Event) -> None:
        act: Callable[[float], None] = getattr(self, f"_{event.what}")
        act(event.amount)

    def _later(self, seconds: float, act: Callable[..., object], *arguments: object) -> None:
        self._world.loop.call_later(seconds, act, *arguments)

    def _for(self, seconds: float, weather: object, name: str, value: object) -> None:
        """Something is so for a while, and then as it was before."""
        # What is done twice at once ends with the first of the two.
        before = self._usual.setdefault((id(weather), name), getattr(weather, name))
        setattr(weather, name, value)
        self._later(seconds, self._unless_healed, weather, name, before)

    def _unless_healed(self, weather: object, name: str, before: object) -> None:
        if not self._world.is_healed:
            setattr(weather, name, before)

    # The ingestor and its host.

    def _end_ingestor(self, *, back_after_s: float) -> bool:
        world, one = self._world, self._world.ingestor
        if one is None:
            return False
        world.note(f"kill {one.name}")
        one.process.is_dead, one.process.is_frozen = True, False
        world.bury_ingestor()
        self._later(back_after_s, world.start_ingestor)
        return True

    def _kill_ingestor(self, amount: float) -> None:
        if self._end_ingestor(back_after_s=amount**2 * 20):
            self._world.reached("ingestor killed")

    def _kill_in_write(self, amount: float) -> None:
        disk = self._world.disk
        disk.breaks_after = int(amount * 40)

        def broken() -> None:
            self._end_ingestor(back_after_s=amount * 10)

        disk.broken = broken

    def _power_cut(self, amount: float) -> None:
        if self._end_ingestor(back_after_s=1 + amount * 15):
            self._world.reached("power cut")
            self._world.disk.lose_power(self._world.rng)

    def _stop_ingestor(self, amount: float) -> None:
        one = self._world.ingestor
        if one is not None and not one.stop.is_set():
            self._world.reached("ingestor stopped")
            one.stop.set()

    def _freeze_ingestor(self, amount: float) -> None:
        one = self._world.ingestor
        if one is not None and one.is_at_work:
            one.process.is_frozen = True
            self._later(1 + amount * 20, self.thaw, one)
            self._world.reached("ingestor frozen")

    def _disk_full(self, amount: float) -> None:
        self._for(1 + amount * 15, self._world.disk, "is_full", True)

    def _disk_slow(self, amount: float) -> None:
        self._for(15, self._world.loop, "thread_s", lambda: 0.05 + amount)

    def _clock_jump(self, amount: float) -> None:
        """The clock of the ingestor's host is set, and set right again after a while."""
        world = self._world
        by_ms = _JUMPS_MS[int(amount * 1000) % len(_JUMPS_MS)]
        if amount < 0.5:
            by_ms = -by_ms
        self.has_set_clock = True
        world.reached("clock ahead" if by_ms > 0 else "clock back")
        self._for(3 + amount * 30, world, "host_ahead_ms", by_ms)

    def _clock_wild(self, amount: float) -> None:
        """It is set beyond all that Kafka takes, for longer than anybody doubts it."""
        self.has_set_clock = True
        self._world.reached("clock ahead")
        self._for(10 + amount * 20, self._world, "host_ahead_ms", _WILD_MS)

    # CoinCap.

    def _api_down(self, amount: float) -> None:
        self._for(2 + amount * 15, self._world.upstream.mood, "is_down", True)

    def _api_silent(self, amount: float) -> None:
        self._for(10, self._world.upstream.mood, "silent", 0.7)

    def _api_limits(self, amount: float) -> None:
        self._for(3 + amount * 10, self._world.upstream.mood, "limited", 0.7)

    def _api_errors(self, amount: float) -> None:
        self._for(3 + amount * 10, self._world.upstream.mood, "errors", 0.8)

    def _api_odd(self, amount: float) -> None:
        self._for(15, self._world.upstream.mood, "odd", 0.7)

    def _key_refused(self, amount: float) -> None:
        self._for(3 + amount * 15, self._world.upstream.mood, "refuses_key", True)

    # Kafka, S3, Glue.

    def _kafka_down(self, amount: float) -> None:
        """Long enough for answers to come late into an hour that is over."""
        self._for(1 + amount * 25, self._world.kafka_weather, "is_down", True)

    def _store_down(self, amount: float) -> None:
        self._for(1 + amount * 12, self._world.store_weather, "is_down", True)

    def _store_slow(self, amount: float) -> None:
        self._for(15, self._world.store_weather, "slow_s", amount * 3)

    def _glue_away(self, amount: float) -> None:
        self._for(2 + amount * 15, self._world.glue_weather, "is_down", True)

    def _job_broken(self, amount: float) -> None:
        self._for(5 + amount * 20, self._world.glue.trouble, "is_broken", True)

    def _stuck(self, amount: float) -> None:
        self._for(20, self._world.glue.trouble, "stuck", 0.6)

    def _odd_ends(self, amount: float) -> None:
        self._for(20, self._world.glue.trouble, "odd", 0.6)

    # Sinks.

    def _sink(self, amount: float) -> SinkProcess | None:
        awake = self._world.awake_sinks()
        return awake[int(amount * 1000) % len(awake)] if awake else None

    def _kill_sink(self, amount: float) -> None:
        one = self._sink(amount)
        if one is not None:
            self._world.reached("sink killed")
            self._world.note(f"kill {one.name}")
            one.process.is_dead = True
            self._world.sinks.remove(one)
            self._world.dead.append(one)
            self._later(amount * 5, self._world.start_sink)

    def _freeze_sink(self, amount: float) -> None:
        one = self._sink(amount)
        if one is not None:
            self._world.reached("sink frozen")
            one.process.is_frozen = True
            self._later(0.5 + amount * 20, self.thaw, one)

    def _stop_sink(self, amount: float) -> None:
        one = self._sink(amount)
        if one is not None:
            one.tell_to_stop()
            self._later(amount * 5, self._world.start_sink)

    def _add_sink(self, amount: float) -> None:
        if len(self._world.sinks) < 3:
            self._world.start_sink()

    # Runners.

    def _runner(self, amount: float) -> RunnerProcess | None:
        awake = self._world.awake_runners()
        return awake[int(amount * 1000) % len(awake)] if awake else None

    def _kill_runner(self, amount: float) -> None:
        one = self._runner(amount)
        if one is not None:
            self._world.reached("runner killed")
            self._world.note(f"kill {one.name}")
            one.process.is_dead = True
            self._gone(one, amount)

    def _stop_runner(self, amount: float) -> None:
        one = self._runner(amount)
        if one is not None:
            one.stop.set()
            self._gone(one, amount)

    def _gone(self, one: RunnerProcess, amount: float) -> None:
        self._world.runners.remove(one)
        self._world.dead.append(one)
        self._later(amount * 8, self._world.start_runner)

    def _freeze_runner(self, amount: float) -> None:
        one = self._runner(amount)
        if one is not None:
            one.process.is_frozen = True
            self._later(1 + amount * 20, self.thaw, one)

    def _add_runner(self, amount: float) -> None:
        if len(self._world.runners) < 2:
            self._world.start_runner()

    def thaw(self, one: IngestorProcess | SinkProcess | RunnerProcess) -> None:
        """One that was frozen goes on; one that was killed meanwhile does not."""
        if one.process.is_frozen and not one.process.is_dead:
            if isinstance(one, SinkProcess):
                one.awake_since_s = self._world.loop.time()
            self._world.loop.thaw(one.process)
