"""The shares by group, and each survivor with its place."""

from collections.abc import Iterable, Mapping, Sequence

from tests.mutants.changes import Change
from tests.mutants.judged import Key, key_of, line_of
from tests.mutants.results import Result
from tests.mutants.services import GROUPS, group_of

Tried = tuple[Change, Result]


def report(tried: Sequence[Tried], judged: Mapping[Key, str]) -> str:
    """What a person reads at the end of a run."""
    lines = [*_survivors(tried, judged), ""]
    for group in GROUPS:
        lines += _share(group, [one for one in tried if group_of(one[0].file) == group], judged)
    return "\n".join([*lines, *_share("all", tried, judged)])


def _share(name: str, tried: Sequence[Tried], judged: Mapping[Key, str]) -> Iterable[str]:
    if not tried:
        return
    noticed = [result for _, result in tried if result.noticed]
    known = sum(not result.noticed and key_of(change) in judged for change, result in tried)
    by = {
        suite: sum(one.by == suite for one in noticed)
        for suite in sorted({r.by for r in noticed})
    }
    yield (
        f"{name:9} {len(tried):4} tried, {len(noticed):4} killed "
        f"({100 * len(noticed) / len(tried):.0f} %), {known} of the others judged; {by}"
    )


def _survivors(tried: Sequence[Tried], judged: Mapping[Key, str]) -> Iterable[str]:
    for change, result in sorted(tried, key=lambda one: one[0]):
        if not result.noticed:
            why = judged.get(key_of(change))
            yield f"alive {change.file}:{change.line} {told(change)}" + (
                f"\n      judged: {why}" if why else ""
            )


def told(change: Change) -> str:
    """One change in a line."""
    was = " ".join(change.was.split())
    becomes = " ".join(change.becomes.split())
    return (
        f"{change.kind}: `{_short(was)}` -> `{_short(becomes)}` in `{_short(line_of(change))}`"
    )


def _short(text: str) -> str:
    return text if len(text) <= 70 else f"{text[:67]}..."
