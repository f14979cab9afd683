"""Creates Kafka topics from the contracts, and tells how they really are set."""

from collections.abc import Iterable

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from coinlake import logs
from coinlake.contracts.topics import Topic
from coinlake.errors import TransientError
from coinlake.kafka import client_options, starting, translated
from coinlake.settings import KafkaSettings

log = logs.get(__name__)

_ALREADY_EXISTS = 36


class RefusedTopicsError(TransientError):
    """The broker answers, and makes some of the topics not."""


async def ensure_topics(
    kafka: KafkaSettings, topics: Iterable[Topic], replication_factor: int = 1
) -> list[str]:
    """Create the topics that are missing; the names of those that were created.

    Settings of topics that exist are left alone: see `describe` for what they are. Raises
    RefusedTopicsError where some could not be created, TransientError where nobody answers.
    """
    wanted = list(topics)
    admin = AIOKafkaAdminClient(**client_options(kafka), client_id="coinlake-topics")
    try:
        async with starting():
            await admin.start()
        with translated("create topics"):
            answer = await admin.create_topics(
                [
                    NewTopic(
                        topic.name,
                        num_partitions=topic.partitions,
                        replication_factor=replication_factor,
                        topic_configs=topic.config(),
                    )
                    for topic in wanted
                ]
            )
    finally:
        await admin.close()
    created, refused = [], []
    for name, code, *message in answer.topic_errors:
        if code == 0:
            created.append(name)
        elif code != _ALREADY_EXISTS:
            refused.append(f"create topic {name}: error {code} {message}")
    if refused:
        raise RefusedTopicsError("; ".join(refused))
    return created


async def describe(kafka: KafkaSettings, topics: Iterable[str]) -> dict[str, dict[str, str]]:
    """The settings of each topic as the broker has them; of those that it tells of.

    Raises TransientError where the broker does not answer. A topic that is missing, or that may
    not be described, has no settings here: that is no reason to wait with the others.
    """
    names = list(topics)
    admin = AIOKafkaAdminClient(**client_options(kafka), client_id="coinlake-topics")
    try:
        async with starting():
            await admin.start()
        with translated("describe topics"):
            answers = await admin.describe_configs(
                [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
            )
    finally:
        await admin.close()
    settings: dict[str, dict[str, str]] = {}
    for answer in answers:
        for code, message, _, name, entries in answer.resources:
            if code:
                log.warning("topic_not_described", topic=name, code=code, reason=message)
                continue
            settings[name] = {entry[0]: entry[1] for entry in entries}
    return settings
