"""What of a day differs between raw zone, ledger, published objects and catalog: pure values."""

from coinlake.differences.comparing import differences
from coinlake.differences.kinds import Difference, Kind, Remedy
from coinlake.differences.seen import (
    DaySeen,
    Head,
    HourSeen,
    ObjectSeen,
    PartitionSeen,
    RawSeen,
    Unreadable,
    head_keys,
    head_of,
    hours_of,
)

__all__ = [
    "DaySeen",
    "Difference",
    "Head",
    "HourSeen",
    "Kind",
    "ObjectSeen",
    "PartitionSeen",
    "RawSeen",
    "Remedy",
    "Unreadable",
    "differences",
    "head_keys",
    "head_of",
    "hours_of",
]
