"""Caps on the text of a statement, before any parser sees it: one pass, no recursion."""

from query_api.core.problems import RefusedSqlError

MAX_BYTES = 16 * 1024
# Far more than people write; the parser goes a dozen frames deep per bracket.
MAX_NESTING = 24
_OPEN = "([{"
_CLOSE = ")]}"


def check_text(sql: str) -> None:
    """Refuse what is too long, nested too deeply or holds control characters."""
    if not sql.strip():
        raise RefusedSqlError("statements", "send exactly one statement")
    if len(sql.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise RefusedSqlError("too_long", f"a statement may have at most {MAX_BYTES} bytes")
    if any((char < " " and char not in "\t\n\r") or char == "\x7f" for char in sql):
        raise RefusedSqlError("syntax", "control characters are not allowed")
    if any("\ud800" <= char <= "\udfff" for char in sql):
        raise RefusedSqlError("syntax", "the statement is not valid Unicode")
    if _nesting(sql) > MAX_NESTING:
        raise RefusedSqlError("too_complex", "the statement is nested too deeply")


def _nesting(sql: str) -> int:
    # Brackets inside of strings count too: knowing strings would need the parser's own rules.
    depth = deepest = 0
    for char in sql:
        if char in _OPEN:
            depth += 1
            deepest = max(deepest, depth)
        elif char in _CLOSE:
            depth = max(0, depth - 1)
    return deepest
