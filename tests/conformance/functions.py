"""The functions that a real Trino lists (SHOW FUNCTIONS), recorded once."""

from dataclasses import astuple, dataclass
from pathlib import Path

from tests.trino_lab.client import Trino

FILE = Path(__file__).resolve().parents[1] / "data" / "conformance" / "functions.tsv"
_FIXED, _CHANGING = "deterministic", "not deterministic"


@dataclass(frozen=True, slots=True, order=True)
class Listed:
    """A function's name, its kind (scalar, aggregate, window, table), and what Trino calls it."""

    name: str
    kind: str
    determinism: str

    @property
    def deterministic(self) -> bool:
        return self.determinism == _FIXED


def asked(trino: Trino) -> list[Listed]:
    """What the server lists now, each name and kind once."""
    rows = trino.query("show functions").rows
    return sorted(
        {Listed(row[0].lower(), row[3], _FIXED if row[4] else _CHANGING) for row in rows}
    )


def recorded() -> list[Listed]:
    """What is kept."""
    return [Listed(*line.split("\t")) for line in FILE.read_text().splitlines()]


def save(listed: list[Listed]) -> None:
    """Keep what was asked."""
    FILE.write_text("".join("\t".join(astuple(one)) + "\n" for one in listed))
