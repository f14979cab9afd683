"""Where raw objects and chain records live in the bucket."""

import re
from dataclasses import dataclass
from functools import lru_cache

from coinlake.contracts.hours import Hour, parse_hour

RAW_PREFIX = "raw/"
CHAIN_PREFIX = "chain/"
# A Kafka offset is an INT64 (Kafka protocol, Fetch): 19 digits, and one to spare.
_LINK_DIGITS = 20
_NAME = re.compile(r"(0|[1-9]\d*)-(0|[1-9]\d*)-(\d{20})\.json\.gz")


@dataclass(frozen=True, slots=True, order=True)
class RawKey:
    """The name of a raw object. `link` is the offset where the object before it ended."""

    topic: str
    hour: Hour
    epoch: int
    partition: int
    link: int

    def __str__(self) -> str:
        name = f"{self.epoch}-{self.partition}-{self.link:0{_LINK_DIGITS}d}.json.gz"
        return f"{hour_prefix(self.topic, self.hour)}{name}"


def topic_prefix(topic: str) -> str:
    """The prefix of all raw objects of a topic."""
    return f"{RAW_PREFIX}{topic}/"


def hour_prefix(topic: str, hour: Hour) -> str:
    """The prefix of all raw objects of a topic in one hour."""
    return f"{RAW_PREFIX}{topic}/{hour.path}/"


@lru_cache(maxsize=4096)
def parse_raw_key(key: str) -> RawKey | None:
    """Take a key apart; None where it is no raw object of ours."""
    parts = key.split("/")
    if len(parts) != 5 or parts[0] != "raw":
        return None
    hour = parse_hour(f"{parts[2]}/{parts[3]}")
    name = _NAME.fullmatch(parts[4])
    if hour is None or name is None:
        return None
    epoch, partition, link = (int(group) for group in name.groups())
    return RawKey(parts[1], hour, epoch, partition, link)


def epoch_key(topic: str, epoch: int) -> str:
    """Where the record of an epoch lives: origins per partition and the reason for it."""
    return f"{CHAIN_PREFIX}{topic}/{epoch}.json"
