"""The text that Athena gets: the client's own tokens, but for the few that the guard replaces."""

from collections.abc import Sequence
from dataclasses import dataclass

from query_api.core.sql_text import read_tokens
from trino_sql.lexer import END


@dataclass(frozen=True, slots=True)
class Edit:
    """`text` in place of the characters from `start`, where a token begins, to `end`.

    One that starts at the statement's end is put behind it.
    """

    start: int
    end: int
    text: str


def assembled(sql: str, edits: Sequence[Edit]) -> str:
    """The statement's tokens with the edits made, comments gone, without a last semicolon.

    What is between two tokens becomes one space, or nothing where nothing is: so the text has
    the tokens that were read, and no other.
    """
    read = list(read_tokens(sql)[:-1])
    while read and read[-1].text == ";":
        read.pop()
    by_start = {one.start: one for one in edits}
    pieces: list[str] = []
    end = 0
    at = 0
    while at < len(read):
        token = read[at]
        if pieces and token.at > end:
            pieces.append(" ")
        edit = by_start.get(token.at)
        if edit is None:
            pieces.append(token.text)
            end = token.at + len(token.text)
            at += 1
            continue
        pieces.append(edit.text)
        end = edit.end
        while at < len(read) and read[at].at < end:
            at += 1
    behind = [one.text for one in edits if one.start >= len(sql)]
    return " ".join(["".join(pieces), *behind])


def end_of(sql: str, at: int) -> int:
    """Where the token that starts at `at` ends."""
    return next(
        one.at + len(one.text) for one in read_tokens(sql) if one.at == at and one.kind != END
    )
