"""What is asked of a statement's text before any parser sees it: size and characters.

All of it takes microseconds, so that it may be asked on the loop.
"""

import re
from functools import lru_cache

from query_api.core.problems import RefusedSqlError
from trino_sql.lexer import Token, tokens

MAX_BYTES = 16 * 1024
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def check_text(sql: str) -> None:
    """Refuse what is empty, too long or holds characters that no statement needs."""
    # The number of characters first: counting bytes makes a copy.
    if len(sql) > MAX_BYTES or len(sql.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise RefusedSqlError("too_long", f"a statement may have at most {MAX_BYTES} bytes")
    if not sql.strip():
        raise RefusedSqlError("statements", "send exactly one statement")
    if _CONTROL.search(sql):
        raise RefusedSqlError("syntax", "control characters are not allowed")
    if _SURROGATE.search(sql):
        raise RefusedSqlError("syntax", "the statement is not valid Unicode")


@lru_cache(maxsize=2)
def read_tokens(sql: str) -> tuple[Token, ...]:
    """The statement's tokens, the END behind them; read once for all that look at them."""
    return tuple(tokens(sql))
