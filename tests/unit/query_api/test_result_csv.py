"""Athena's result object, in pieces of any size: the same rows, or a failure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from query_api.core import result_csv
from query_api.core.answers import ResultColumn
from query_api.core.result_csv import (
    Block,
    BlockCutter,
    DamagedResultError,
    header_end,
    parsed,
    rows_end,
    whole_rows,
)

Row = list[str | None]
CELLS = st.none() | st.text(
    st.sampled_from('ab",\n\r\\\x00€') | st.characters(codec="utf-8"), max_size=8
)
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=8)
)


def line(row: Row) -> bytes:
    """A row as Athena writes it."""
    cells = ("" if cell is None else '"' + cell.replace('"', '""') + '"' for cell in row)
    return (",".join(cells) + "\n").encode()


def columns(width: int) -> list[ResultColumn]:
    return [ResultColumn(f"c{number}", "varchar") for number in range(width)]


def rows_of(blocks: list[Block], width: int) -> list[Row]:
    tables = [parsed(block.data, width) for block in blocks]
    return [list(row.values()) for table in tables for row in table.to_pylist()]


def cut(data: bytes, width: int, piece: int, start: int = 0) -> list[Block]:
    cutter = BlockCutter(columns(width), start)
    pieces = [data[at : at + piece] for at in range(0, len(data), piece)]
    return [block for block in (*map(cutter.fed, pieces), cutter.last()) if block]


@given(TABLES, st.integers(1, 40), st.integers(1, 60))
def test_rows_are_the_same_however_their_bytes_come(
    table: list[Row], piece: int, enough: int
) -> None:
    width = len(table[0]) if table else 1
    header = line([column.name for column in columns(width)])
    data = header + b"".join(map(line, table))
    usual, result_csv.BLOCK_BYTES = result_csv.BLOCK_BYTES, max(enough, len(header))
    try:
        blocks = cut(data, width, max(piece, len(header)))
    finally:
        result_csv.BLOCK_BYTES = usual

    assert rows_of(blocks, width) == table
    for block in blocks:
        assert data[block.start : block.start + len(block.data)] == block.data


@given(TABLES, st.data())
def test_a_count_of_rows_ends_where_the_next_begins(
    table: list[Row], data: st.DataObject
) -> None:
    count = data.draw(st.integers(0, len(table)))
    lines = [line(row) for row in table]

    assert rows_end(b"".join(lines), count) == sum(map(len, lines[:count]))


@given(TABLES, st.data())
def test_what_ends_within_a_row_is_seen(table: list[Row], data: st.DataObject) -> None:
    lines = [line(row) for row in table]
    whole = b"".join(lines)
    ends = {sum(map(len, lines[:count])) for count in range(len(lines) + 1)}
    length = data.draw(st.integers(0, len(whole)))

    assert whole_rows(whole[:length]) == max(end for end in ends if end <= length)


def test_an_object_that_ends_within_a_row_is_damaged() -> None:
    with pytest.raises(DamagedResultError, match="within a row"):
        cut(b'"c0"\n"1"\n"2', 1, 100)


def test_a_line_without_quotes_is_a_row_of_null() -> None:
    assert rows_of(cut(b'"c0"\n\n""\n\n', 1, 100), 1) == [[None], [""], [None]]


def test_the_objects_labels_must_be_those_of_the_result() -> None:
    assert header_end(b'"c0","c1"\n"1","2"\n', ["c0", "c1"]) == 10
    with pytest.raises(DamagedResultError):
        header_end(b'"c0","other"\n', ["c0", "c1"])
    with pytest.raises(DamagedResultError):
        header_end(b'"c0"\n', ["c0", "c1"])


@pytest.mark.parametrize("rows", [b'"1"\n', b'"1","2","3"\n', b'"1","2"'])
def test_rows_of_another_width_or_without_an_end_are_damaged(rows: bytes) -> None:
    with pytest.raises(DamagedResultError):
        parsed(rows, 2)


def test_fewer_rows_than_are_asked_for_are_damage() -> None:
    with pytest.raises(DamagedResultError):
        rows_end(b'"1"\n', 2)


def test_a_row_that_is_too_long_is_refused_before_it_is_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(result_csv, "BLOCK_BYTES", 64)
    monkeypatch.setattr(result_csv, "MAX_ROW_BYTES", 256)
    fits, too_long = line(["x" * 200]), line(["x" * 2000])

    assert rows_of(cut(b'"c0"\n' + fits + fits, 1, 16), 1) == [["x" * 200]] * 2
    with pytest.raises(DamagedResultError, match="256 bytes"):
        cut(b'"c0"\n' + too_long, 1, 16)


def test_rows_behind_the_first_page_have_no_labels() -> None:
    assert rows_of(cut(b'"c0"\n', 1, 100, start=5), 1) == [["c0"]]
