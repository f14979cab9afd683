"""A share of the generated queries with Trino's answers, kept so that no Trino is needed.

The texts are ours: other than those of Trino's tests they are kept beside the answers.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from tests.conformance.corpus import Text, text_of
from tests.conformance.generate.statements import generated
from tests.conformance.record import record
from tests.conformance.recorded import Recorded, as_json, lines_of, of_json, write_lines
from tests.conformance.tables import DATA
from tests.trino_lab.client import Trino

FILE = DATA / "generated.jsonl.gz"
COUNT, SEED = 1_000, 20261128


def texts(seed: int = SEED) -> Iterator[Text]:
    """The texts of a seed in the order of their numbers, without end and each once."""
    seen: set[str] = set()
    index = 0
    while True:
        text = generated(seed, index).text
        index += 1
        if text.hash not in seen:
            seen.add(text.hash)
            yield text


def recorded(
    trino: Trino, count: int = COUNT, seed: int = SEED
) -> Iterator[tuple[Text, Recorded]]:
    """So many of the texts that Trino says something about, with what it says."""
    asked = islice(texts(seed), count)
    for text, found, _ in record(trino, asked):
        if found.unusable is None:
            yield text, found


def save(pairs: Iterable[tuple[Text, Recorded]], file: Path = FILE) -> None:
    """In the order of the hashes, which a text has by itself."""
    ordered = sorted(pairs, key=lambda pair: pair[0].hash)
    lines = ({"q": text.sql, **as_json(found)} for text, found in ordered)
    write_lines(({k: v for k, v in one.items() if k != "h"} for one in lines), file)


def load(file: Path = FILE) -> list[tuple[Text, Recorded]]:
    """What was kept; nothing where nothing was recorded yet."""
    found = []
    for line in lines_of(file):
        text = text_of(line.pop("q"))
        found.append((text, of_json({"h": text.hash, **line})))
    return found
