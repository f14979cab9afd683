"""What is to be remembered of a chain that was found to be sound."""

from collections.abc import Mapping

from coinlake_tools.audit_memory import (
    ChainMemory,
    Counted,
    DayLook,
    DayProof,
    Span,
    digest_of,
    joined,
)
from coinlake_tools.chain_audit import Audited, Chain
from coinlake_tools.full_look import FullLook
from coinlake_tools.remembered_look import RememberedLook


def memory_of(
    chain: Chain,
    result: Audited,
    sums: Counted,
    look: FullLook | RememberedLook,
    before: ChainMemory | None,
    differing: Mapping[str, DayLook],
) -> ChainMemory:
    """The chain up to its end now, with each day that was looked at as it is now."""
    at = (chain.epoch, chain.partition)
    spans: dict[str, list[Span]] = {}
    for tile in result.tiles:
        day = tile.key.hour.dt
        spans.setdefault(day, []).append((tile.key.link, tile.meta.next_offset))
    days = {} if before is None else dict(before.days)
    for day, objects in look.by_day(at, result.end).items():
        old = days[day].spans if day in days else ()
        gone = differing[day].missing if day in differing else ()
        days[day] = DayProof(
            len(objects),
            digest_of(listed for _, listed in objects),
            joined([*_without(old, gone), *spans.get(day, ())]),
            look.now_ms,
        )
    return ChainMemory(
        chain.topic,
        chain.epoch,
        chain.partition,
        chain.origin,
        result.end,
        result.watermark_ms,
        sums,
        days,
        look.now_ms,
    )


def _without(spans: tuple[Span, ...], gone: tuple[Span, ...]) -> list[Span]:
    """What is left of spans where a rule of the bucket has taken some."""
    left = list(spans)
    for start, stop in gone:
        left = [
            part
            for one in left
            for part in ((one[0], min(one[1], start)), (max(one[0], stop), one[1]))
            if part[0] < part[1]
        ]
    return left
