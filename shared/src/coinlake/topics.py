"""Creates Kafka topics from the contracts, and tells how they really are set."""

from collections.abc import Iterable

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from coinlake.contracts.topics import Topic
from coinlake.errors import TransientError
from coinlake.kafka import client_options, starting, translated
from coinlake.settings import KafkaSettings

_ALREADY_EXISTS = 36


async def ensure_topics(
    kafka: KafkaSettings, topics: Iterable[Topic], replication_factor: int = 1
) -> list[str]:
    """Create the topics that are missing; the names of those that were created.

    Settings of topics that exist are left alone: see `describe` for what they are.
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
    created = []
    for name, code, *message in answer.topic_errors:
        if code == 0:
            created.append(name)
        elif code != _ALREADY_EXISTS:
            raise TransientError(f"create topic {name}: error {code} {message}")
    return created


async def describe(kafka: KafkaSettings, topics: Iterable[str]) -> dict[str, dict[str, str]]:
    """The settings of each topic as the broker has them."""
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
                raise TransientError(f"describe topic {name}: error {code} {message}")
            settings[name] = {entry[0]: entry[1] for entry in entries}
    return settings
