"""GetQueryResults: pages of rows, read from the result object."""

from typing import Any

from local_cloud.athena.api.executions import QueryExecution
from local_cloud.athena.storage.lake import S3Lake
from local_cloud.athena.storage.results import parsed_rows
from local_cloud.errors import AwsError

MAX_ROWS = 1000


class ResultPages:
    """Cuts result objects into pages; a page's token is the place in the object's text."""

    def __init__(self, lake: S3Lake) -> None:
        self._lake = lake
        # The object that was read last: pages of one result come one after the other.
        self._last: tuple[str, str] | None = None

    def page(self, one: QueryExecution, size: int, start: int) -> dict[str, Any]:
        """At most `size` rows from `start`; the first row of a SELECT repeats the labels.

        (Athena API, GetQueryResults; PyAthena 3.35, result_set.py: _is_first_row_column_labels.)
        """
        if not 1 <= size <= MAX_ROWS:
            raise AwsError("InvalidRequestException", "MaxResults must be 1 to 1000")
        text = self._text(one) if one.has_rows else ""
        cells, end = _rows(one, text, start, size)
        answer: dict[str, Any] = {
            "UpdateCount": one.updated,
            "ResultSet": {
                "Rows": [{"Data": [_datum(cell) for cell in row]} for row in cells],
                "ResultSetMetadata": {"ColumnInfo": one.columns},
            },
        }
        if end < len(text):
            answer["NextToken"] = str(end)
        return answer

    def _text(self, one: QueryExecution) -> str:
        last = self._last
        if last is not None and last[0] == one.id:
            return last[1]
        try:
            text = self._lake.get(one.output).decode()
        except KeyError as error:
            raise AwsError(
                "InvalidRequestException", f"Could not find results at {one.output}"
            ) from error
        self._last = (one.id, text)
        return text


def _rows(
    one: QueryExecution, text: str, start: int, size: int
) -> tuple[list[list[str | None]], int]:
    found: list[list[str | None]] = []
    end = start
    if one.output.endswith(".csv"):
        if not one.columns:
            return [], len(text)
        for row, at in parsed_rows(text[start:], len(one.columns)):
            found.append(row)
            end = start + at
            if len(found) == size:
                break
        return found, end
    while end < len(text) and len(found) < size:
        stop = text.index("\n", end)
        found.append(list(text[end:stop].split("\t")))
        end = stop + 1
    return found, end


def _datum(cell: str | None) -> dict[str, str]:
    """A missing value is null; an empty one is the empty text (PyAthena 3.35, result_set.py)."""
    return {} if cell is None else {"VarCharValue": cell}
