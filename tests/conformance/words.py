"""Words of the engine underneath, which no answer of the local Athena may have."""

import re

from tests.conformance.outcome import Outcome

_WORDS = re.compile(
    r"its engine says"
    # DuckDB's classes of errors, as its texts begin (duckdb.Error's subclasses).
    r"|\b(?:Binder|Catalog|Connection|Constraint|Conversion|Data|Dependency|Fatal|Internal|"
    r"Invalid Input|Invalid Type|IO|Not implemented|Out of Memory|Out of Range|Parser|"
    r"Permission|Sequence|Serialization|Syntax|Transaction|Type Mismatch) Error\b"
    r"|\bOverflow in \w+ of\b|\bU?INT(?:8|16|32|64|128)\b|Traceback|lake_udf|<<coinlake-error",
)


def engines_words(outcome: Outcome) -> str | None:
    """The first of them in what the engine said, if there is one."""
    found = _WORDS.search(f"{outcome.message}\n{outcome.crash or ''}")
    return None if found is None else found[0]
