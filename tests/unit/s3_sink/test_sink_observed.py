"""What is told of a sink: for what it waits at first, then each chain that is not fine."""

from prometheus_client import CollectorRegistry

from s3_sink.adapters.telemetry import Telemetry
from s3_sink.metrics import SinkMetrics
from s3_sink.observe import ObservedSink, ready, status, update_gauges
from tests.unit.s3_sink.stage import ONE, Stage, records
from tests.unit.s3_sink.world import World


class Scene:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        metrics = SinkMetrics(self.registry)
        self.observed = ObservedSink(metrics, Telemetry(metrics))

    def partitions(self, state: str) -> float | None:
        return self.registry.get_sample_value("s3_sink_partitions", {"state": state})


def test_before_the_start_is_over_only_what_it_waits_for_is_told() -> None:
    scene = Scene()
    scene.observed.waits_for = "kafka: no broker answers"

    update_gauges(scene.observed)

    assert ready(scene.observed) == {"start": "kafka: no broker answers"}
    assert status(scene.observed)["partitions"] == {}
    assert scene.partitions("running") is None


async def test_a_chain_whose_end_is_looked_for_is_no_reason_once_it_is_found(
    world: World,
) -> None:
    world.log.records = records(0, 7)
    stage, scene = Stage(world), Scene()
    scene.observed.sink, scene.observed.waits_for = stage.sink, None
    told: list[str | None] = []

    def has_read() -> bool:
        if ONE not in stage.sink.states:
            return False
        told.append(ready(scene.observed)["chains"])
        update_gauges(scene.observed)
        return bool(stage.state.fetched_to == 7)

    await stage.play(has_read)

    assert told[0] == f"{ONE}: looking for the end of its chain"
    assert told[-1] is None
    assert scene.partitions("running") == 1


async def test_the_status_tells_of_each_partition_how_far_it_is(world: World) -> None:
    world.log.records = records(0, 7)
    stage, scene = Stage(world), Scene()
    scene.observed.sink = stage.sink
    found = {}

    def has_read() -> bool:
        found.update(status(scene.observed)["partitions"])
        return ONE in stage.sink.states and stage.state.fetched_to == 7

    await stage.play(has_read)

    assert found[str(ONE)]["position"] == 7
    assert found[str(ONE)]["open_records"] == 7
    assert found[str(ONE)]["chain_end"] == 0
    assert found[str(ONE)]["state"] == "running"
