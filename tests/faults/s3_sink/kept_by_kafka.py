"""What Kafka acknowledged, and how far the sink has come with it."""

from tests.labs.cluster.lab import Lab
from tests.labs.cluster.load import Load
from tests.labs.cluster.process import SinkProcess
from tests.labs.cluster.proof import values

PARTITIONS = 3


async def nothing_acked_is_lost(lab: Lab, load: Load) -> int:
    kept = set(await values(lab))
    assert load.acked <= kept, f"{len(load.acked - kept)} acknowledged values are not in Kafka"
    return len(kept)


async def sends(sink: SinkProcess, load: Load, more: int) -> None:
    """Wait until so many more values are acknowledged."""
    acked = len(load.acked)
    await sink.until(lambda: len(load.acked) >= acked + more, 90)


async def ends(lab: Lab) -> dict[str, int]:
    """Where the log of each partition ends now, by its name."""
    return {f"{lab.topic}-{number}": await lab.log_end(number) for number in range(PARTITIONS)}


async def until_chains_reach(sink: SinkProcess, ends: dict[str, int]) -> None:
    def reach() -> bool:
        chains = sink.status()["partitions"]
        return all(
            (chains.get(name, {}).get("committed") or 0) >= end for name, end in ends.items()
        )

    await sink.until(reach, 90)
