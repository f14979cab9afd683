"""The exam: each promise of `TablePublisher`, at every outside call of an undisturbed publication."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import Hour
from etl_runner.core.batch import FinishedBatch, PublicationOutcome
from etl_runner.core.hours import FeedHour
from etl_runner.core.publication import OF_STAGED
from etl_runner.steps import commit_terms
from tests.contract.publishing.lab import KilledError, PublishingLab, Rows

NOW_MS = 1_795_600_000_000
HOUR = Hour("2026-11-20", "07")
RATES, MARKETS = FeedHour("rates", HOUR), FeedHour("markets", HOUR)
BOTH = (RATES, MARKETS)
NewLab = Callable[[], PublishingLab]
When = Literal["before", "after"]
WHENS: tuple[When, When] = ("before", "after")


def rows_of(hour: FeedHour, name: str, count: int = 2) -> Rows:
    """Rows for each table of an hour, that tell of which batch they are."""
    return {
        table: [f"{name} {table} {number}" for number in range(count)]
        for table in TABULAR[hour.feed].published
    }


async def staged(
    lab: PublishingLab, name: str, over: int = 0, hours: Sequence[FeedHour] = BOTH
) -> FinishedBatch:
    return await lab.staged({hour: rows_of(hour, name) for hour in hours}, over)


async def published(
    lab: PublishingLab, batch: FinishedBatch, hours: Sequence[FeedHour] = BOTH
) -> Sequence[PublicationOutcome]:
    return await lab.publisher().publish(batch, hours, commit_terms(NOW_MS))


async def versions(lab: PublishingLab, hour: FeedHour) -> list[tuple[int, str]]:
    return [(entry.version, entry.batch_id) for entry in await lab.committed(hour)]


async def what_was_staged_is_read(new_lab: NewLab) -> None:
    lab = new_lab()
    batch = await staged(lab, "a")

    outcomes = await published(lab, batch)

    assert {outcome.hour for outcome in outcomes} == set(BOTH)
    for outcome in outcomes:
        assert (outcome.refused, outcome.waits) == (None, None)
        assert outcome.entry == outcome.head == (await lab.committed(outcome.hour))[-1]
        assert await lab.read(outcome.hour) == rows_of(outcome.hour, "a")
        assert await versions(lab, outcome.hour) == [(1, batch.manifest.batch_id)]
        outputs = {out.table: out.rows for out in outcome.entry.outputs}
        assert outputs == dict.fromkeys(TABULAR[outcome.hour.feed].published, 2)


async def versions_count_up(new_lab: NewLab) -> None:
    lab = new_lab()
    for over, name in enumerate("abc"):
        await published(lab, await staged(lab, name, over))
    for hour in BOTH:
        assert [entry.version for entry in await lab.committed(hour)] == [1, 2, 3]
        assert await lab.read(hour) == rows_of(hour, "c")


async def only_what_was_accepted_is_published(new_lab: NewLab) -> None:
    lab = new_lab()
    await published(lab, await staged(lab, "a"), [RATES])
    assert await lab.read(RATES) == rows_of(RATES, "a")
    assert await lab.read(MARKETS) == {}
    assert await versions(lab, MARKETS) == []


async def again_changes_nothing(new_lab: NewLab) -> None:
    lab = new_lab()
    batch = await staged(lab, "a")
    await published(lab, batch)

    outcomes = await published(lab, batch)

    assert [outcome.entry for outcome in outcomes] == [None, None]
    for hour in BOTH:
        assert await versions(lab, hour) == [(1, batch.manifest.batch_id)]
        assert await lab.read(hour) == rows_of(hour, "a")


async def each_outcome_is_told_once(new_lab: NewLab) -> None:
    lab, told = new_lab(), list[PublicationOutcome]()
    terms = commit_terms(NOW_MS)
    heard = type(terms)(terms.closing_of, NOW_MS, told.append)
    outcomes = await lab.publisher().publish(await staged(lab, "a"), BOTH, heard)
    assert told == list(outcomes)


async def an_old_version_is_refused(new_lab: NewLab) -> None:
    lab = new_lab()
    late = await staged(lab, "late")
    await published(lab, await staged(lab, "a"))

    outcomes = await published(lab, late)

    assert all(outcome.refused and outcome.entry is None for outcome in outcomes)
    for outcome in outcomes:
        assert outcome.head is not None
        assert outcome.head.version == 1
        assert await lab.read(outcome.hour) == rows_of(outcome.hour, "a")
        assert len(await versions(lab, outcome.hour)) == 1


async def other_bytes_are_refused(new_lab: NewLab) -> None:
    for is_gone in (False, True):
        lab = new_lab()
        batch = await staged(lab, "a")
        await lab.damage(batch, RATES, is_gone=is_gone)

        became = {one.hour: one for one in await published(lab, batch)}

        assert became[RATES].refused in OF_STAGED
        assert await lab.read(RATES) == {}
        assert await versions(lab, RATES) == []
        # Each hour by itself.
        assert await lab.read(MARKETS) == rows_of(MARKETS, "a")


async def what_is_away_holds_up_no_other(new_lab: NewLab) -> None:
    lab = new_lab()
    batch = await staged(lab, "a")
    lab.take_away(RATES)

    became = {one.hour: one for one in await published(lab, batch)}

    assert became[RATES].waits
    assert became[RATES].entry is None
    assert became[MARKETS].entry is not None
    assert await lab.read(MARKETS) == rows_of(MARKETS, "a")


async def cleaning_takes_what_is_its_own(new_lab: NewLab) -> None:
    lab = new_lab()
    mine, others = await staged(lab, "mine"), await staged(lab, "others")
    await lab.publisher().clean(mine.manifest.batch_id)
    assert (lab.is_staged(mine), lab.is_staged(others)) == (False, True)


async def killed_at_each_call_and_done_again(new_lab: NewLab) -> None:
    for over in (0, 1):
        for number, when in await _places(new_lab, over):
            lab, batch = await _begun(new_lab, over)
            await _killed(lab, batch, number, when)

            await published(lab, batch)

            await _is_committed(lab, batch, over + 1, (number, when))


async def killed_at_each_call_and_another_batch(new_lab: NewLab) -> None:
    """What was begun is finished, or nothing of it is left: never a mixture."""
    for over in (0, 1):
        for number, when in await _places(new_lab, over):
            lab, batch = await _begun(new_lab, over)
            other = await staged(lab, "other", over)
            await _killed(lab, batch, number, when)

            outcomes = await published(lab, other)

            for outcome in outcomes:
                assert outcome.head is not None, (number, when)
                committed = (await lab.committed(outcome.hour))[-1]
                assert committed.version == over + 1, (number, when)
                is_other = committed.batch_id == other.manifest.batch_id
                expected = rows_of(outcome.hour, "other" if is_other else "a")
                assert await lab.read(outcome.hour) == expected, (number, when)
                assert bool(outcome.refused) != is_other, (number, when)
            # And the way on is free.
            await published(lab, await staged(lab, "next", over + 1))
            for hour in BOTH:
                assert await lab.read(hour) == rows_of(hour, "next"), (number, when)


async def two_at_once_with_one_batch(new_lab: NewLab) -> None:
    for over in (0, 1):
        for number, when in await _places(new_lab, over):
            lab, batch = await _begun(new_lab, over)

            async def second(lab: PublishingLab = lab, batch: FinishedBatch = batch) -> None:
                await published(lab, batch)

            lab.calls.at(lab.calls.made + number, when, second)
            await published(lab, batch)

            await _is_committed(lab, batch, over + 1, (number, when))


async def two_at_once_with_two_batches(new_lab: NewLab) -> None:
    for over in (0, 1):
        for number, when in await _places(new_lab, over):
            lab, batch = await _begun(new_lab, over)
            other = await staged(lab, "other", over)

            said: list[PublicationOutcome] = []

            async def second(
                lab: PublishingLab = lab,
                other: FinishedBatch = other,
                said: list[PublicationOutcome] = said,
            ) -> None:
                said += await published(lab, other)

            lab.calls.at(lab.calls.made + number, when, second)
            said += await published(lab, batch)
            # Whoever was told to wait does it again.
            said += await published(lab, other)
            said += await published(lab, batch)

            entries = [one.entry for one in said if one.entry is not None]
            assert len({(one.feed, one.version) for one in entries}) == len(entries), number

            for hour in BOTH:
                found = await lab.committed(hour)
                assert [entry.version for entry in found][over:] == [over + 1], (number, when)
                name = "other" if found[-1].batch_id == other.manifest.batch_id else "a"
                assert await lab.read(hour) == rows_of(hour, name), (number, when)


async def a_mixture_of_two_batches_ends(new_lab: NewLab) -> None:
    """Hands removed an object between two batches, and an object of each lies there."""
    lab = new_lab()
    one, two = await staged(lab, "one"), await staged(lab, "two")
    await lab.mix(one, two, RATES)

    for batch in (one, two):
        became = {outcome.hour: outcome for outcome in await published(lab, batch)}
        assert became[RATES].refused == "foreign"
    assert await versions(lab, RATES) == []
    assert await lab.read(MARKETS) != {}


async def readers_see_one_version_at_every_call(new_lab: NewLab) -> None:
    lab = new_lab()
    seen: set[tuple[str, str]] = set()

    async def look() -> None:
        for hour in BOTH:
            for table, rows in (await lab.read(hour)).items():
                names = {row.split(" ")[0] for row in rows}
                assert len(names) == 1, f"{table} has rows of {names}"
                assert len(rows) == 2, f"{table} has {len(rows)} rows"
                seen.add((table, names.pop()))
            for entry in await lab.committed(hour):
                # A version is committed after its rows can be read.
                assert await lab.read(hour), entry

    lab.calls.after_each = look
    await published(lab, await staged(lab, "a"))
    await published(lab, await staged(lab, "b", 1))
    assert {name for _, name in seen} == {"a", "b"}


async def _begun(new_lab: NewLab, over: int) -> tuple[PublishingLab, FinishedBatch]:
    lab = new_lab()
    for version in range(over):
        await published(lab, await staged(lab, f"v{version + 1}", version))
    return lab, await staged(lab, "a", over)


async def _places(new_lab: NewLab, over: int) -> list[tuple[int, When]]:
    """Before and after each call of an undisturbed publication."""
    lab, batch = await _begun(new_lab, over)
    before = lab.calls.made
    await published(lab, batch)
    made = lab.calls.made - before
    assert made > 4, "the lab does not count the calls"
    return [(number, when) for number in range(1, made + 1) for when in WHENS]


async def _killed(lab: PublishingLab, batch: FinishedBatch, number: int, when: When) -> None:
    async def die() -> None:
        raise KilledError

    lab.calls.at(lab.calls.made + number, when, die)
    try:
        await published(lab, batch)
    except KilledError:
        return
    raise AssertionError(f"nobody died at call {number}")


async def _is_committed(
    lab: PublishingLab, batch: FinishedBatch, version: int, where: tuple[int, When]
) -> None:
    for hour in BOTH:
        found = await versions(lab, hour)
        assert len(found) == version, where
        assert found[-1] == (version, batch.manifest.batch_id), where
        assert await lab.read(hour) == rows_of(hour, "a"), where


QUESTIONS: tuple[Callable[[NewLab], Awaitable[None]], ...] = (
    what_was_staged_is_read,
    versions_count_up,
    only_what_was_accepted_is_published,
    again_changes_nothing,
    each_outcome_is_told_once,
    an_old_version_is_refused,
    other_bytes_are_refused,
    what_is_away_holds_up_no_other,
    cleaning_takes_what_is_its_own,
    killed_at_each_call_and_done_again,
    killed_at_each_call_and_another_batch,
    two_at_once_with_one_batch,
    two_at_once_with_two_batches,
    a_mixture_of_two_batches_ends,
    readers_see_one_version_at_every_call,
)
