"""The corpus that the local Athena is held to is what a real Trino answers, value and type.

The corpus prints values as Athena's result file does, so each expression is asked for twice:
for its type, and for its text.
"""

import base64
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.trino_lab.client import Trino

pytestmark = pytest.mark.needs("jdk24")

CORPUS = Path(__file__).parents[2] / "data" / "athena" / "trino_agreement.json"
CASES: list[dict[str, Any]] = json.loads(CORPUS.read_text())


def _statement(case: dict[str, Any]) -> str:
    source = f" from {case['from']}" if "from" in case else ""
    return f"select {case['query']}{source}"


def _shown(value: Any, kind: str) -> str | None:
    """A value of Trino's protocol as Athena prints it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if kind in ("double", "real"):
        return _scientific(value)
    if kind == "varbinary":
        return base64.b64decode(value).hex(" ")
    if kind.startswith("row("):
        names = [field.strip().split(" ")[0] for field in kind[4:-1].split(",")]
        pairs = zip(names, value, strict=True)
        return f"{{{', '.join(f'{name}={item}' for name, item in pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(str(_shown(item, _inner(kind))) for item in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}={_shown(item, kind)}' for key, item in value.items())}}}"
    return str(value)


def _inner(kind: str) -> str:
    return kind.removeprefix("array(").removesuffix(")")


def _scientific(value: Any) -> str:
    """Java's Double.toString, which Athena prints doubles with."""
    number = float(value)
    if number != number or number in (float("inf"), float("-inf")):
        return str(value)
    if number == 0 or 1e-3 <= abs(number) < 1e7:
        return repr(number)
    sign, digits, exponent = Decimal(repr(number)).as_tuple()
    text = "".join(map(str, digits)).rstrip("0") or "0"
    assert isinstance(exponent, int)
    power = len(digits) + exponent - 1
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{power}"


def _comparable(kind: str) -> str:
    """A type without what the corpus does not promise: lengths of texts, digits of seconds."""
    plain = re.sub(r"(varchar|char|timestamp)\(\d+\)", r"\1", kind)
    return plain.replace(", ", ",")


def _named(case: dict[str, Any]) -> str:
    return str(case["query"])


@pytest.mark.parametrize("case", [c for c in CASES if "value" in c], ids=_named)
def test_trino_gives_the_value_and_the_type_of_the_corpus(
    trino: Trino, case: dict[str, Any]
) -> None:
    answer = trino.query(_statement(case))

    assert answer.error is None
    kind = answer.types[0]
    assert _comparable(kind) == _comparable(case["type"])
    assert _shown(answer.rows[0][0], kind) == case["value"]


@pytest.mark.parametrize("case", [c for c in CASES if "error" in c], ids=_named)
def test_trino_fails_with_the_error_of_the_corpus(trino: Trino, case: dict[str, Any]) -> None:
    assert trino.query(_statement(case)).error == case["error"]
