"""Names as Athena takes them: in any case, bare or in quotes, in statements and in requests.

"Names for Tables, Databases, and Columns" in Athena's user guide: mixed case is taken and lower-cased;
DDL quotes with backticks, queries with double quotes.
"""

CATALOG = "awsdatacatalog"
_QUOTES = '`"'


def folded(name: str) -> str:
    """A name in lower case, without the quotes around it if it has some."""
    text = name.strip()
    if len(text) > 1 and text[0] in _QUOTES and text[-1] == text[0]:
        text = text[1:-1].replace(text[0] * 2, text[0])
    return text.lower()
