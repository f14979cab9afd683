"""A bucket that counts what is asked of it, and that stays quick with the keys of years."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from tests.labs.bucket import PAGE, Bucket, BucketStore, Faults, Page, Stored

Answer = TypeVar("Answer")
# No name is behind it: the last code point.
_END = "\U0010ffff"


class Counted(Faults):
    """A network without faults. `calls` are requests as S3 bills them, by operation."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()
        self.asked: list[str] = []

    async def ask(self, what: str, apply: Callable[[], Answer]) -> Answer:
        operation, _, _key = what.partition(" ")
        self.calls[operation] += 1
        self.asked.append(what)
        answer = await super().ask(what, apply)
        if operation == "HEAD" and answer is None:
            # The adapter asks once more, in a way that can be refused in S3's own words (ADR 65).
            self.calls["GET"] += 1
        return answer


class _Objects(dict[str, Stored]):
    """Knows whether names came or went since they were sorted."""

    is_sorted = False

    def __setitem__(self, key: str, value: Stored) -> None:
        self.is_sorted = self.is_sorted and key in self
        super().__setitem__(key, value)

    def __delitem__(self, key: str) -> None:
        self.is_sorted = False
        super().__delitem__(key)


class YearsOfKeys(Bucket):
    """The bucket, whose listings look their place up instead of sorting all keys."""

    def __init__(self) -> None:
        super().__init__()
        self.objects: _Objects = _Objects()
        self._names: list[str] = []

    def page(self, prefix: str, after: str = "", delimiter: str = "") -> Page:
        if not self.objects.is_sorted:
            self._names, self.objects.is_sorted = sorted(self.objects), True
        start = max(bisect_left(self._names, prefix), bisect_right(self._names, after))
        if delimiter and after.startswith(prefix) and after.endswith(delimiter):
            start = bisect_left(self._names, after + _END)
        listed: list[str] = []
        folders: list[str] = []
        while start < len(self._names) and self._names[start].startswith(prefix):
            if len(listed) + len(folders) == PAGE:
                return self._page_of(listed, folders, sorted(listed + folders)[-1])
            name = self._names[start]
            rest = name[len(prefix) :]
            if delimiter and delimiter in rest:
                folders.append(prefix + rest[: rest.index(delimiter) + 1])
                start = bisect_left(self._names, folders[-1] + _END)
            else:
                listed.append(name)
                start += 1
        return self._page_of(listed, folders, None)

    def _page_of(self, listed: list[str], folders: list[str], token: str | None) -> Page:
        return Page(tuple(self._listed(name) for name in listed), tuple(folders), token)


def counted_store() -> tuple[BucketStore, Counted]:
    """An empty store, and what counts its calls."""
    network = Counted()
    return BucketStore(YearsOfKeys(), network), network
