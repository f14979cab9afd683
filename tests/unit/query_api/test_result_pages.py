"""Pages of a result object that is cut, gone, replaced or damaged: all its rows, or a reason."""

from collections.abc import Iterator
from typing import Any

import pytest

from coinlake.errors import TransientError
from query_api.adapters import result_objects, row_blocks
from query_api.adapters.result_objects import ResultObjects
from query_api.adapters.row_blocks import first_rows
from query_api.adapters.workers import Workers, open_workers
from query_api.core import result_csv
from query_api.core.answers import Place, Rows, text_rows
from query_api.core.problems import ProblemError
from query_api.routes.result_pages import ResultPages
from query_api.routes.row_feed import Page, RowFeed
from tests.unit.query_api.fake_results import COLUMNS, FakeS3, line, object_of, source

COUNT = 300
START = Place(0, 0)


@pytest.fixture
def workers() -> Iterator[Workers]:
    with open_workers(1) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a few rows, and few of them held."""
    monkeypatch.setattr(result_csv, "BLOCK_BYTES", 512)
    monkeypatch.setattr("query_api.routes.row_feed.HELD_BYTES", 2048)
    monkeypatch.setattr(row_blocks, "HELD_BYTES", 2048)


def pages_of(s3: FakeS3, workers: Workers, max_rows: int = 1000) -> ResultPages:
    return ResultPages(ResultObjects(s3, 1_000_000), workers, max_rows)


async def read(feed: RowFeed) -> tuple[list[int], Page, bool]:
    """The numbers of a feed's rows, what it says of them, and whether all were held before."""
    numbers = [int(n.as_py()) async for cells in feed.held() for n in cells.column(0)]
    is_finished, page = feed.is_finished, await feed.page()
    numbers += [int(n.as_py()) async for cells in feed.rest(page.rows) for n in cells.column(0)]
    return numbers, page, is_finished


async def stored(
    s3: FakeS3,
    workers: Workers,
    first: int,
    most: int,
    *,
    near: Place = START,
    rows: int | None = COUNT,
    head: Rows | None = None,
    max_rows: int = 1000,
) -> tuple[list[int], Page, bool]:
    pages = pages_of(s3, workers, max_rows)
    found = await pages.objects.described(source(rows))
    return await read(pages.stored(found, head, first, most, near))


@pytest.mark.parametrize("rows", [COUNT, None])
@pytest.mark.parametrize("first", [0, 1, 20, 150, 299])
@pytest.mark.parametrize("most", [1, 7, 120, 1000])
async def test_a_page_has_its_rows_and_knows_whether_there_are_more(
    workers: Workers, first: int, most: int, rows: int | None
) -> None:
    numbers, page, _ = await stored(FakeS3(object_of(COUNT)), workers, first, most, rows=rows)

    assert numbers == list(range(first, min(COUNT, first + most)))
    assert (page.first, page.rows) == (first, len(numbers))
    assert page.more == (first + most < COUNT)
    assert page.near.row <= first + len(numbers)


@pytest.mark.parametrize("most", [1, 13, 100, 500])
async def test_pages_one_after_the_other_are_the_whole_result(
    workers: Workers, most: int
) -> None:
    found: list[int] = []
    s3, near, more = FakeS3(object_of(COUNT)), START, True
    while more:
        numbers, page, _ = await stored(s3, workers, len(found), most, near=near)
        found += numbers
        near, more = page.near, page.more

    assert found == list(range(COUNT))


async def test_a_page_is_read_from_near_its_first_row_on(workers: Workers) -> None:
    s3 = FakeS3(object_of(COUNT))
    _, page, _ = await stored(s3, workers, 0, 100)
    s3.asked.clear()

    numbers, _, _ = await stored(s3, workers, 100, 10, near=page.near)

    assert numbers == list(range(100, 110))
    assert s3.asked[1:] == [f"bytes={page.near.byte}-"]
    assert page.near.row == 100


async def test_rows_that_are_kept_are_not_read_again(workers: Workers) -> None:
    s3 = FakeS3(object_of(COUNT))
    pages = pages_of(s3, workers)
    found = await pages.objects.described(source(COUNT))
    kept = await first_rows(pages.objects, workers, found, 50)
    s3.asked.clear()

    whole = pages.kept(kept, 10, 20)
    assert whole is not None
    assert (await read(whole))[0] == list(range(10, 30))
    assert s3.asked == []
    assert pages.kept(kept, 40, 20) is None
    assert (await read(pages.stored(found, kept, 40, 20, START)))[0] == list(range(40, 60))
    assert s3.asked == [f"bytes={kept.end.byte}-"]


async def test_rows_of_athenas_own_page_are_followed_by_those_of_the_object(
    workers: Workers,
) -> None:
    head = text_rows(COLUMNS, [[str(n), f"row {n}"] for n in range(5)], truncated=True)

    numbers, _, _ = await stored(FakeS3(object_of(COUNT)), workers, 3, 10, head=head)

    assert numbers == list(range(3, 13))


async def test_large_answers_are_not_held_and_small_ones_are(workers: Workers) -> None:
    s3 = FakeS3(object_of(COUNT))

    assert (await stored(s3, workers, 0, COUNT))[2] is False
    assert (await stored(s3, workers, 0, 10))[2] is True


async def test_no_row_beyond_the_most_of_a_result_is_given(workers: Workers) -> None:
    numbers, page, _ = await stored(FakeS3(object_of(COUNT)), workers, 90, 50, max_rows=100)

    assert numbers == list(range(90, 100))
    assert page.more


async def test_a_cut_connection_is_taken_up_where_it_ended(workers: Workers) -> None:
    data = object_of(COUNT)
    s3 = FakeS3(data, cuts=[700, 1, 900])

    numbers, _, _ = await stored(s3, workers, 0, COUNT)

    assert numbers == list(range(COUNT))
    assert s3.asked[1:] == ["bytes=0-", "bytes=700-", "bytes=701-", "bytes=1601-"]
    assert all(body.is_closed for body in s3.bodies)


async def test_an_s3_that_gives_nothing_is_away(workers: Workers) -> None:
    with pytest.raises(TransientError):
        await stored(FakeS3(object_of(COUNT), cuts=[0] * 9), workers, 0, COUNT)


@pytest.mark.parametrize("first", [0, 250])
async def test_an_object_with_too_few_rows_is_never_a_short_answer(
    workers: Workers, first: int
) -> None:
    s3 = FakeS3(object_of(COUNT - 1))

    with pytest.raises(ProblemError) as refused:
        await stored(s3, workers, first, COUNT, rows=COUNT)

    assert refused.value.problem.kind == "result_damaged"
    # Without Athena's count nobody can know.
    assert len((await stored(s3, workers, first, COUNT, rows=None))[0]) == COUNT - 1 - first


async def test_an_object_with_too_many_rows_is_damaged(workers: Workers) -> None:
    with pytest.raises(ProblemError) as refused:
        await stored(FakeS3(object_of(COUNT + 1)), workers, 0, 1000, rows=COUNT)

    assert refused.value.problem.kind == "result_damaged"


@pytest.mark.parametrize("end", [1, 5, 9])
async def test_an_object_that_ends_within_a_row_is_damaged(workers: Workers, end: int) -> None:
    with pytest.raises(ProblemError) as refused:
        await stored(FakeS3(object_of(COUNT)[:-end]), workers, 0, 1000, rows=None)

    assert refused.value.problem.status == 502


async def test_an_object_that_is_not_there_is_gone(workers: Workers) -> None:
    with pytest.raises(ProblemError) as refused:
        await stored(FakeS3(None), workers, 0, 1)

    assert (refused.value.problem.status, refused.value.problem.kind) == (410, "result_gone")


async def test_an_object_that_is_replaced_between_pages_is_gone(workers: Workers) -> None:
    s3 = FakeS3(object_of(COUNT))
    pages = pages_of(s3, workers)
    found = await pages.objects.described(source(COUNT))
    s3.etag = "e2"

    with pytest.raises(ProblemError) as refused:
        await read(pages.stored(found, None, 0, 10, START))

    assert refused.value.problem.kind == "result_gone"


async def test_an_object_that_is_too_large_is_refused_before_it_is_read(
    workers: Workers,
) -> None:
    s3 = FakeS3(object_of(COUNT))

    with pytest.raises(ProblemError) as refused:
        await ResultObjects(s3, len(object_of(COUNT)) - 1).described(source())

    assert refused.value.problem.kind == "result_too_large"
    assert s3.asked == ["bytes=0-0"]


async def test_the_first_rows_tell_whether_there_are_more(workers: Workers) -> None:
    pages = pages_of(FakeS3(object_of(COUNT)), workers)
    found = await pages.objects.described(source(COUNT))

    some = await first_rows(pages.objects, workers, found, 20)
    many = await first_rows(pages.objects, workers, found, 100_000)
    few = await pages.objects.described(source(2))
    pages.objects._client.data = object_of(2)
    few = await pages.objects.described(source(2))
    all_of_few = await first_rows(pages.objects, workers, few, 2)

    assert (len(some), some.truncated) == (20, True)
    assert many.truncated, "no more than are held"
    assert len(many) < COUNT
    assert (len(all_of_few), all_of_few.truncated) == (2, False)
    assert all_of_few.records()[1] == {"n": 1, "text": "row 1"}
    assert some.end.byte == len(b'"n","text"\n') + sum(len(line(n)) for n in range(20))


@pytest.mark.parametrize("head_bytes", [1, 7, 11, 512, 700, 4000, 1_000_000])
async def test_the_first_bytes_are_read_once(
    workers: Workers, head_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_objects, "_READ_BYTES", head_bytes)
    monkeypatch.setattr(row_blocks, "HELD_BYTES", 1_000_000)
    s3 = FakeS3(object_of(COUNT))
    objects = ResultObjects(s3, 1_000_000)

    begun = await objects.begun(source(COUNT))
    rows = await first_rows(objects, workers, begun.source, COUNT, begun.head)

    assert [record["n"] for record in rows.records()] == list(range(COUNT))
    assert (rows.truncated, rows.end) == (False, Place(COUNT, len(object_of(COUNT))))
    behind = [f"bytes={head_bytes}-"] if head_bytes < len(object_of(COUNT)) else []
    assert s3.asked == [f"bytes=0-{head_bytes - 1}", *behind]
    assert all(body.is_closed for body in s3.bodies)


async def test_an_object_that_is_replaced_behind_its_first_bytes_is_gone(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_objects, "_READ_BYTES", 100)
    s3 = FakeS3(object_of(COUNT))
    objects = ResultObjects(s3, 1_000_000)
    begun = await objects.begun(source(COUNT))
    s3.etag = "e2"

    with pytest.raises(ProblemError) as refused:
        await first_rows(objects, workers, begun.source, COUNT, begun.head)

    assert refused.value.problem.kind == "result_gone"


@pytest.mark.parametrize("said", ["bytes 0-98/4000", "bytes 1-99/4000", "bytes 0-100/4000"])
async def test_first_bytes_that_were_not_asked_for_are_not_taken(
    said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_objects, "_READ_BYTES", 100)
    s3 = FakeS3(object_of(COUNT))
    answered = s3.get_object

    async def other(**asked: str) -> dict[str, Any]:
        return {**await answered(**asked), "ContentRange": said}

    monkeypatch.setattr(s3, "get_object", other)

    with pytest.raises(TransientError):
        await ResultObjects(s3, 1_000_000).begun(source(COUNT))


async def test_a_result_without_rows_is_an_answer_without_rows(workers: Workers) -> None:
    s3 = FakeS3(object_of(0))

    numbers, page, is_finished = await stored(s3, workers, 0, 10, rows=0)

    assert (numbers, page.rows, page.more, is_finished) == ([], 0, False, True)
