"""The JSON text in a crawler's Configuration: each word of it is carried out or refused.

"Setting crawler configuration options" in Glue's developer guide lists the words.
"""

import json
from dataclasses import dataclass
from typing import Any

from local_cloud.errors import AwsError

# What each place may say.
_ALLOWED: dict[tuple[str, ...], tuple[Any, ...]] = {
    ("Version",): (1, 1.0),
    ("CreatePartitionIndex",): (True, False),
    ("CrawlerOutput", "Tables", "AddOrUpdateBehavior"): ("MergeNewColumns",),
    ("CrawlerOutput", "Partitions", "AddOrUpdateBehavior"): ("InheritFromTable",),
    # One table per target, which is what this asks for, is all that is made here.
    ("Grouping", "TableGroupingPolicy"): ("CombineCompatibleSchemas",),
}


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the text asks for."""

    merge_new_columns: bool = False
    inherit_from_table: bool = False
    partition_index: bool = False


def configuration(text: str | None) -> Configuration:
    """The Configuration's words as a value; AwsError names the first that is not there."""
    if not text:
        return Configuration()
    try:
        said = json.loads(text)
    except ValueError as error:
        raise _invalid(f"Configuration is no JSON: {error}") from error
    if not isinstance(said, dict) or "Version" not in said:
        raise _invalid("Configuration needs Version 1.0")
    found = dict(_leaves(said))
    for place, value in found.items():
        _check(place, value)
    output = ("AddOrUpdateBehavior",)
    return Configuration(
        ("CrawlerOutput", "Tables", *output) in found,
        ("CrawlerOutput", "Partitions", *output) in found,
        bool(found.get(("CreatePartitionIndex",))),
    )


def _leaves(said: Any, place: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    if not isinstance(said, dict):
        return [(place, said)]
    return [leaf for name, inner in said.items() for leaf in _leaves(inner, (*place, name))]


def _check(place: tuple[str, ...], value: Any) -> None:
    name = ".".join(place)
    if place not in _ALLOWED:
        raise _invalid(f"Configuration: {name} is not there in this local cloud")
    if value not in _ALLOWED[place]:
        known = ", ".join(map(str, _ALLOWED[place]))
        raise _invalid(f"Configuration: {name} {value!r} is not there; known are {known}")


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidInputException", message)
