"""What is configured counts: a topic that nobody stores is told, whatever was assigned."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry

from coinlake.topic_state import TopicState
from s3_sink.adapters.watch import Watch
from s3_sink.core.coverage import Known, uncovered
from s3_sink.core.ports import Partition
from s3_sink.metrics import SinkMetrics

A, B = "coincap.assets.v1", "coincap.rates.v1"
SOUND = {A: Known(frozenset({0})), B: Known(frozenset({0, 1}))}
ALL = [Partition(A, 0), Partition(B, 0), Partition(B, 1)]


@pytest.mark.parametrize(
    ("known", "readers", "found"),
    [
        (SOUND, ALL, {}),
        (SOUND, None, {}),
        (SOUND, ALL[:2], {B: "no member of the group is reading partition 1"}),
        (SOUND, ALL[:1], {B: "no member of the group is reading partition 0, 1"}),
        ({**SOUND, A: Known(trouble="does not exist")}, None, {A: "does not exist"}),
        ({**SOUND, A: Known()}, ALL, {A: "has no partitions yet"}),
        ({A: SOUND[A]}, ALL, {B: "is not known to the broker"}),
    ],
)
def test_each_topic_that_is_not_stored_has_its_reason(
    known: Mapping[str, Known], readers: Collection[Partition] | None, found: Mapping[str, str]
) -> None:
    assert uncovered([A, B], known, readers) == found


class Cluster:
    """A broker that says what it is told to."""

    def __init__(self) -> None:
        self.given: Collection[Partition] | None = ALL
        self.trouble: str | None = None

    async def topics(self, names: Sequence[str]) -> Mapping[str, TopicState]:
        return {
            A: TopicState(A, UUID(int=1), {0: 1}, self.trouble),
            B: TopicState(B, UUID(int=2), {0: 1, 1: None}),
        }

    async def readers(self) -> Collection[Partition] | None:
        return self.given


class Scene:
    def __init__(self) -> None:
        self.cluster = Cluster()
        self.registry = CollectorRegistry()
        self.watch = Watch(self.cluster, SinkMetrics(self.registry), [A, B])

    def up(self, topic: str) -> float | None:
        return self.registry.get_sample_value("s3_sink_topic_up", {"topic": topic})


async def test_before_the_first_look_no_topic_is_up() -> None:
    assert Scene().up(A) == 0


async def test_a_topic_is_down_when_it_was_seen_so_twice() -> None:
    scene = Scene()
    await scene.watch.look()
    scene.cluster.trouble = "does not exist"

    await scene.watch.look()
    assert (scene.watch.troubles, scene.up(A)) == ({}, 1)
    await scene.watch.look()

    assert scene.watch.troubles == {A: "does not exist"}
    assert (scene.up(A), scene.up(B)) == (0, 1)


async def test_it_is_up_again_at_once() -> None:
    scene = Scene()
    scene.cluster.trouble = "does not exist"
    await scene.watch.look()
    await scene.watch.look()
    scene.cluster.trouble = None

    await scene.watch.look()

    assert (scene.watch.troubles, scene.up(A)) == ({}, 1)


async def test_while_the_group_settles_nobody_says_that_a_partition_is_read_again() -> None:
    scene = Scene()
    scene.cluster.given = ALL[:1]
    await scene.watch.look()
    await scene.watch.look()
    scene.cluster.given = None

    await scene.watch.look()

    assert (set(scene.watch.troubles), scene.up(B)) == ({B}, 0)
