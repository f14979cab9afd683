"""What is told on `coinlake.landed.v1`, against what landed in the bucket."""

from collections.abc import Callable
from dataclasses import dataclass

from coinlake.contracts.announcements import Landed
from coinlake.contracts.raw_layout import RawKey
from coinlake.contracts.raw_meta import RawMeta
from tests.labs.bucket import Stored


@dataclass
class _Object:
    """An object that landed, and whether anybody was told of it."""

    key: RawKey
    meta: RawMeta
    truth: Landed
    is_owed: bool
    """By its writer: one that died, or let go of the partition first, cannot tell."""
    is_told: bool = False


class Announcements:
    """Each must be of an object that is there; each object is told by a writer that lived on.

    `holds` tells whether a sink is at work on a partition.
    """

    def __init__(
        self, blame: Callable[[str, str], None], holds: Callable[[str, int], bool]
    ) -> None:
        self._blame = blame
        self._holds = holds
        self._objects: dict[str, _Object] = {}

    def landed(self, raw: RawKey, meta: RawMeta, stored: Stored) -> None:
        truth = Landed(
            key=str(raw),
            etag=stored.etag,
            size=len(stored.body),
            topic=raw.topic,
            dt=raw.hour.dt,
            hour=raw.hour.hour,
            epoch=raw.epoch,
            partition=raw.partition,
            link=raw.link,
            next_offset=meta.next_offset,
            values=meta.values,
            complete_to_ms=meta.complete_to_ms,
        )
        known = self._objects.get(str(raw))
        if known is not None and known.truth == truth:
            return  # Late, and into a bucket that was emptied meanwhile.
        is_owed = self._holds(meta.writer, raw.partition)
        self._objects[str(raw)] = _Object(raw, meta, truth, is_owed)

    def told(self, name: str, landed: Landed) -> None:
        known = self._objects.get(landed.key)
        if known is None:
            self._blame("announcement", f"{name} tells of {landed.key}, which never landed")
        elif known.truth != landed:
            self._blame("announcement", f"{name} tells of {landed}, there is {known.truth}")
        else:
            known.is_told = True

    def let_go(self, name: str, partition: int) -> None:
        """A sink has not got this partition any more: what it has not told, nobody owes."""
        for one in self._of(name, partition):
            one.is_owed = False

    def started(self, name: str, partition: int, link: int) -> None:
        """A sink has looked where the chain ends: it need not tell what it has only seen."""
        for one in self._of(name, partition):
            if one.key.link < link:
                one.is_owed = False

    def went_on(self, name: str, partition: int, epoch: int, link: int) -> None:
        """A sink is beyond this link: it must have told what it wrote before."""
        for one in self._of(name, partition):
            if one.key.epoch == epoch and one.key.link < link:
                self._blame("unannounced", f"{name} wrote {one.key} and told nobody")
                one.is_owed = False

    def _of(self, name: str, partition: int) -> list[_Object]:
        return [
            one
            for one in self._objects.values()
            if one.is_owed
            and not one.is_told
            and (one.meta.writer, one.key.partition) == (name, partition)
        ]
