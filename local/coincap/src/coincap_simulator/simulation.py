"""What the two servers share: the world that is served, and the books about what was served."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from coincap_simulator.catalogue_files import load_catalogue
from coincap_simulator.config import Settings
from coincap_simulator.core.answers import HttpAnswer
from coincap_simulator.core.bodies import Bodies
from coincap_simulator.core.calls import Calls, ReceivedCall
from coincap_simulator.core.clock import SimulatedClock
from coincap_simulator.core.credits import Accounts
from coincap_simulator.core.gate import Gate
from coincap_simulator.core.ledger import ServedEntry, ServedLedger
from coincap_simulator.core.market_data import MarketData
from coincap_simulator.core.routes import CoinCap
from coincap_simulator.core.script import Script
from coincap_simulator.recorded_files import load_recordings

_CALLS_KEPT = 10_000


@dataclass(slots=True)
class Simulation:
    """State of one simulator. `wall_ms` gives the machine's time."""

    wall_ms: Callable[[], int]
    clock: SimulatedClock
    api: CoinCap
    gate: Gate
    ledger: ServedLedger
    bodies: Bodies | None
    script: Script = field(default_factory=Script)
    calls: Calls = field(default_factory=lambda: Calls(_CALLS_KEPT))

    def now_ms(self) -> int:
        """The simulated clock."""
        return self.clock.at(self.wall_ms())

    def reseed(self, seed: int) -> None:
        """Other prices from now on; who exists stays."""
        data = self.api.data
        self.api = replace(self.api, data=MarketData(data.catalogue, seed, data.tick_ms))

    def record(
        self,
        call: ReceivedCall,
        answer: HttpAnswer,
        at_ms: int,
        *,
        complete: bool,
        scripted: bool,
    ) -> ServedEntry:
        """Book one served body."""
        sha256 = hashlib.sha256(answer.body).hexdigest()
        if self.bodies is not None:
            self.bodies.put(sha256, answer.body)
        entry = ServedEntry(
            at_ms=at_ms,
            wall_ms=self.wall_ms(),
            method=call.method,
            path=call.path,
            query=call.query,
            status=answer.status,
            sha256=sha256,
            bytes=len(answer.body),
            complete=complete,
            key=call.key,
            scripted=scripted,
        )
        return self.ledger.add(entry)


def simulation(settings: Settings, wall_ms: Callable[[], int]) -> Simulation:
    """A simulator at its beginning. Raises RecordingError when a recorded answer is none."""
    wall = wall_ms()
    start = wall if settings.clock_start_ms is None else settings.clock_start_ms
    catalogue = load_catalogue(settings.assets)
    data = MarketData(catalogue, settings.seed, settings.tick_ms)
    recordings = load_recordings(settings.recorded)
    kept = settings.bodies_max_bytes
    return Simulation(
        wall_ms=wall_ms,
        clock=SimulatedClock(start, wall, settings.clock_rate),
        api=CoinCap(data, settings.switches, recordings),
        gate=Gate(settings.policy, Accounts(settings.keys)),
        ledger=ServedLedger(settings.ledger_kept, recordings.bodies.keys()),
        bodies=None if kept is None else Bodies(kept),
    )
