"""The objects of a table, listed as the engine does: by days, a page of 1000 at a time."""

from collections import OrderedDict
from collections.abc import Callable

from coinlake.fan_out import fan_out
from coinlake.store import Listed, ObjectStore

_LISTS_AT_ONCE = 8
_MAX_AGE_MS = 5000
_MAX_KEPT = 1024
# More days than that are listed in one go, from the first one on.
_MAX_DAYS = 16


class Listings:
    """What lies below a prefix, as of seconds ago at most."""

    def __init__(self, store: ObjectStore, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._now_ms = now_ms
        self._kept: OrderedDict[str, tuple[int, list[Listed]]] = OrderedDict()
        self._folders: dict[str, tuple[int, list[str]]] = {}

    async def days(self, prefix: str) -> list[str]:
        """The folders right below a table, which are its days. Raises TransientError."""
        known = self._folders.get(prefix)
        if known is not None and self._is_fresh(known[0]):
            return known[1]
        found = [one async for one in self._store.list_folders(prefix)]
        self._folders[prefix] = self._now_ms(), found
        return found

    async def below(self, folders: list[str]) -> list[Listed]:
        """All objects in some days of a table. Raises TransientError."""
        if len(folders) <= _MAX_DAYS:
            found = await fan_out(self._all, folders, _LISTS_AT_ONCE)
            return [one for part in found for one in part]
        prefix = folders[0][: folders[0].rstrip("/").rindex("/") + 1]
        # The folder's own name sorts right before what is in it.
        listed = [one async for one in self._store.list(prefix, start_after=folders[0])]
        wanted = set(folders)
        return [
            one for one in listed if one.key[: one.key.find("/", len(prefix)) + 1] in wanted
        ]

    async def _all(self, prefix: str) -> list[Listed]:
        known = self._kept.get(prefix)
        if known is not None and self._is_fresh(known[0]):
            return known[1]
        found = [one async for one in self._store.list(prefix)]
        self._kept[prefix] = self._now_ms(), found
        self._kept.move_to_end(prefix)
        while len(self._kept) > _MAX_KEPT:
            self._kept.popitem(last=False)
        return found

    def _is_fresh(self, at_ms: int) -> bool:
        return 0 <= self._now_ms() - at_ms < _MAX_AGE_MS
