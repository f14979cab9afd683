"""Is every configured topic read by somebody? What is configured counts, not what was assigned."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from s3_sink.core.ports import Partition

UNREAD = "no member of the group is reading partition {numbers}"


@dataclass(frozen=True, slots=True)
class Known:
    """A topic as a broker knows it: its partitions, or what is wrong with it."""

    partitions: frozenset[int] = frozenset()
    trouble: str | None = None


def uncovered(
    topics: Iterable[str],
    known: Mapping[str, Known],
    readers: Collection[Partition] | None,
) -> dict[str, str]:
    """The topics that nobody can store, or of which nobody reads a part, with the reason.

    `readers` are all partitions that the group has given out; None while it is giving them out.
    """
    found: dict[str, str] = {}
    for topic in topics:
        state = known.get(topic, Known(trouble="is not known to the broker"))
        if state.trouble is not None:
            found[topic] = state.trouble
        elif not state.partitions:
            found[topic] = "has no partitions yet"
        elif readers is not None:
            unread = state.partitions - {one.number for one in readers if one.topic == topic}
            if unread:
                numbers = ", ".join(map(str, sorted(unread)))
                found[topic] = UNREAD.format(numbers=numbers)
    return found
