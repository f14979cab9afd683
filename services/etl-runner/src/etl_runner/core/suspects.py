"""Which hour of a failed batch is it? Found by halving, in at most log2(n) further runs."""

from collections.abc import Sequence

from etl_runner.core.tracked import FeedHour


class Suspects:
    """The hours of a batch that failed, while it is looked for the one that fails.

    A half of them is run. Where it fails, the others are as good as any hour; where it succeeds,
    the one is among the others, which need no run to show it. An hour that is left alone fails by
    itself from then on. Several groups may be under suspicion at once.
    """

    def __init__(self) -> None:
        self._groups: list[tuple[FeedHour, ...]] = []

    @property
    def groups(self) -> Sequence[tuple[FeedHour, ...]]:
        """The groups, each of two hours or more with one that fails, the oldest first."""
        return tuple(self._groups)

    def holds(self, hour: FeedHour) -> bool:
        """Whether the hour is in some group: it is in no ordinary batch meanwhile."""
        return any(hour in group for group in self._groups)

    def next_half(self, group: Sequence[FeedHour]) -> tuple[FeedHour, ...]:
        """The hours of a group to run next."""
        return tuple(group[: (len(group) + 1) // 2])

    def failed(self, hours: Sequence[FeedHour]) -> FeedHour | None:
        """A batch of these hours failed; the one that fails, where it is known now."""
        batch = set(hours)
        self._groups = [group for group in self._groups if not batch & set(group)]
        if len(hours) == 1:
            return hours[0]
        self._groups.append(tuple(hours))
        return None

    def succeeded(self, hours: Sequence[FeedHour]) -> FeedHour | None:
        """A batch of these hours succeeded; the one that fails, where it is known now."""
        batch, kept, found = set(hours), [], None
        for group in self._groups:
            rest = tuple(hour for hour in group if hour not in batch)
            if len(rest) == len(group) or len(rest) > 1:
                kept.append(rest)
            elif rest:
                (found,) = rest
        self._groups = kept
        return found

    def drop(self, hour: FeedHour) -> None:
        """There is nothing to do with the hour any more."""
        groups = (tuple(one for one in group if one != hour) for group in self._groups)
        self._groups = [group for group in groups if len(group) > 1]
