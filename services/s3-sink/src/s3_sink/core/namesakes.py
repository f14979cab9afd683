"""Does another process hold our name in the group? Both would then push each other out for ever."""

import re
from collections.abc import Collection

SHARED = (
    "another process has joined the group with the instance id {name!r}, "
    "and each keeps evicting the other: give every sink its own instance id"
)
# A broker makes ids of static members so (Kafka 4.3, ClassicGroup.generateMemberId).
_ID = r"{name}-[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}"
# Each look sees one of the two.
_REMEMBERED_S = 60.0


class Namesakes:
    """Knows from the group's members which of them bear our name and are not us."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._is_ours = re.compile(_ID.format(name=re.escape(name))).fullmatch
        self._doubted: frozenset[str] = frozenset()
        self._seen_s: float | None = None

    def look(self, members: Collection[str], been: Collection[str], now_s: float) -> str | None:
        """What is wrong, if anything. `been` are the ids that we had; before we have any, a member
        of our name is the process that was here before us.

        What is seen in one look is told in the next: the id that we have just been given may be
        known to the broker before it is to us.
        """
        if self._doubted - set(been):
            self._seen_s = now_s
        named = {member for member in members if self._is_ours(member)}
        self._doubted = frozenset(named - set(been))
        if self._seen_s is None or now_s - self._seen_s > _REMEMBERED_S:
            return None
        return SHARED.format(name=self._name)
