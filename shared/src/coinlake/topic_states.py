"""What a broker says of topics by name: their ids, their partitions' leaders, or what is wrong."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from aiokafka import AIOKafkaClient
from aiokafka.errors import NodeNotReadyError, for_code

from coinlake.errors import ConfigError
from coinlake.kafka import translated
from coinlake.kafka_protocol import TopicsRequest
from coinlake.topic_state import TopicState

_MISSING, _DENIED = 3, 29
_TROUBLES = {
    _MISSING: "does not exist",
    _DENIED: "may not be read: the Describe permission is missing",
}
_NO_ID = UUID(int=0)


async def topic_states(
    client: AIOKafkaClient, names: Sequence[str]
) -> Mapping[str, TopicState]:
    """The state of each of these topics. It makes none.

    Raises TransientError where no broker answers, ConfigError where brokers are too old.
    """
    if not names:
        return {}
    with translated("look at topics"):
        node = client.get_random_node()
        if node is None:
            raise NodeNotReadyError("no broker is known")
        try:
            answer = await client.send(node, TopicsRequest(names))
        except NotImplementedError as error:
            raise ConfigError(f"Kafka 3.1 or newer is required: {error}") from error
        return {
            name: _state(name, code, topic_id, partitions)
            for code, name, topic_id, _, partitions, *_ in answer.topics
        }


def _state(
    name: str, code: int, topic_id: UUID, partitions: Sequence[tuple[int, ...]]
) -> TopicState:
    if code:
        trouble = f"{_TROUBLES.get(code, 'is away')} ({for_code(code).__name__})"
        return TopicState(name, topic_id, trouble=trouble, is_missing=code == _MISSING)
    if topic_id == _NO_ID:
        raise ConfigError(
            f"the broker gives topic {name} no id: Kafka 3.1 or newer is required"
        )
    leaders = {number: None if leader < 0 else leader for _, number, leader, *_ in partitions}
    return TopicState(name, topic_id, leaders)
