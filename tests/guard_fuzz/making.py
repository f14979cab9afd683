"""Statements by chance: generated ones, and generated and hostile ones that are taken apart."""

import random
from collections.abc import Callable

from tests.conformance.generate.statements import generated
from tests.conformance.tables import SCHEMA
from tests.guard_fuzz.corpus import BYPASSES, USEFUL
from tests.guard_fuzz.lake import ALLOWED, FORBIDDEN, SECRETS
from trino_sql.lexer import END, QUOTED, WORD, Token, tokens

# Out of ten: six as the generator made them over allowed tables, two over any, two taken apart.
_KEPT, _ANY = 6, 8
_FOREIGN = (
    *sorted(FORBIDDEN),
    *(f"{SECRETS}.{name}" for name in ("nation", "t1", "odd_texts")),
    f"awsdatacatalog.{SECRETS}.nation",
    f"{SCHEMA}.t8",
    f'"{SECRETS}"."t1"',
    '"t8"',
    "T2",
    "information_schema.tables",
    '"nation$partitions"',
)


def statement(seed: int, index: int) -> str:
    """The statement with this number; the same always, as long as the generators are."""
    chance = random.Random(f"guard {seed} {index}")
    place = index % 10
    made = generated(seed, index).text.sql
    if place < _KEPT:
        return _allowed(made)
    if place < _ANY:
        return made
    hostile = chance.choice([*BYPASSES.values(), *USEFUL.values()])
    text = made if chance.random() < 0.6 or len(hostile) > 2000 else _of_this_lake(hostile)
    for _ in range(chance.randint(1, 3)):
        text = chance.choice(_CHANGES)(text, chance)
    return text


def _allowed(sql: str) -> str:
    """The statement with allowed tables in place of the others: their columns may be missing."""
    return _with_names(sql, dict.fromkeys(FORBIDDEN, "nation"))


def _of_this_lake(sql: str) -> str:
    names = {"quotes": "nation", "rates": "odd_numbers", "candles_1m": "t1", "secret": "t8"}
    return _with_names(sql, names | {"coinlake": SCHEMA, "passwords": "t2"})


def _with_names(sql: str, names: dict[str, str]) -> str:
    return _joined([names.get(text.lower(), text) for text in _texts(sql)])


def _texts(sql: str) -> list[str]:
    return [one.text for one in tokens(sql) if one.kind != END]


def _joined(texts: list[str]) -> str:
    return " ".join(texts)


# ---- changes --------------------------------------------------------------------------------


def _foreign_name(sql: str, chance: random.Random) -> str:
    """A table's name becomes one that nobody may read."""
    texts = _texts(sql)
    places = [at for at, one in enumerate(texts) if one.lower().strip('"') in ALLOWED]
    if places:
        texts[chance.choice(places)] = chance.choice(_FOREIGN)
    return _joined(texts)


def _any_name(sql: str, chance: random.Random) -> str:
    """Any name becomes a table's that nobody may read: an alias, a column, a WITH query."""
    read = [one for one in tokens(sql) if one.kind != END]
    places = [at for at, one in enumerate(read) if _is_name(one)]
    texts = [one.text for one in read]
    if places:
        texts[chance.choice(places)] = chance.choice(_FOREIGN)
    return _joined(texts)


def _is_name(token: Token) -> bool:
    return token.kind == QUOTED or (token.kind == WORD and not token.text.isupper())


def _dropped(sql: str, chance: random.Random) -> str:
    texts = _texts(sql)
    if len(texts) > 2:
        del texts[chance.randrange(len(texts))]
    return _joined(texts)


def _swapped(sql: str, chance: random.Random) -> str:
    texts = _texts(sql)
    if len(texts) > 2:
        one, other = chance.sample(range(len(texts)), 2)
        texts[one], texts[other] = texts[other], texts[one]
    return _joined(texts)


def _put_in(sql: str, chance: random.Random) -> str:
    """Something foreign where a value may stand."""
    texts = _texts(sql)
    foreign = chance.choice(_FOREIGN)
    inner = chance.choice(
        [
            f"(SELECT count(*) FROM {foreign})",
            f"EXISTS (SELECT 1 FROM {foreign})",
            f"1 IN (SELECT 1 FROM {foreign})",
            f"(WITH {foreign} AS (SELECT 1 AS c) SELECT c FROM {foreign})",
            f"1 = ANY (SELECT 1 FROM {foreign})",
            f"(TABLE {foreign})",
        ]
    )
    places = [at for at, one in enumerate(texts) if one.isdigit()]
    if places:
        texts[chance.choice(places)] = inner
    return _joined(texts)


def _in_a_with(sql: str, chance: random.Random) -> str:
    """The whole statement beside a WITH query that has the name of a table."""
    name, foreign = chance.choice([*sorted(FORBIDDEN), "w"]), chance.choice(_FOREIGN)
    reads = chance.choice([name, foreign, "nation"])
    return f"WITH {name} AS (SELECT * FROM {reads}) SELECT * FROM ({sql}) AS s, {name}"


def _with_a_comment(sql: str, chance: random.Random) -> str:
    texts = _texts(sql)
    texts.insert(chance.randrange(len(texts) + 1), chance.choice(["/* ; */", "-- x\n", ";"]))
    return _joined(texts)


_CHANGES: tuple[Callable[[str, random.Random], str], ...] = (
    _foreign_name,
    _foreign_name,
    _any_name,
    _put_in,
    _put_in,
    _in_a_with,
    _dropped,
    _swapped,
    _with_a_comment,
)
