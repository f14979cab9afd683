"""Looks whether another process is a member of the group under our name, and tells it."""

import asyncio
import time
from collections.abc import Callable, Collection

from coinlake import logs
from coinlake.errors import TransientError
from s3_sink.core.namesakes import Namesakes
from s3_sink.core.ports import GroupMembers

log = logs.get(__name__)

_EVERY_S = 5.0


class NamesakeWatch:
    """`trouble` says that our name is not ours alone; None while nobody else was seen."""

    def __init__(
        self,
        group: GroupMembers,
        ids: Callable[[], Collection[str]],
        instance_id: str,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._group = group
        self._ids = ids
        self._namesakes = Namesakes(instance_id)
        self._now_s = now_s
        self.trouble: str | None = None

    async def follow(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.look()
            except TransientError as error:
                log.warning("members_unknown", reason=str(error))
            await asyncio.sleep(_EVERY_S)

    async def look(self) -> None:
        """One look. Raises TransientError."""
        # Before the question: who comes in while it is answered is no stranger.
        was_member = bool(self._ids())
        members = await self._group.members()
        known = members if was_member and members is not None else ()
        before = self.trouble
        self.trouble = self._namesakes.look(known, self._ids(), self._now_s())
        if self.trouble is not None and before is None:
            log.error("instance_id_shared", reason=self.trouble)
