"""Random values: each row has its own, so DuckDB must not compute them once.

Its random() is an argument of each call, for a function of something random is not folded.
"""

import random
import uuid
from typing import Any

from local_cloud.athena.engines.duck_sql.registry import Signature, sql
from local_cloud.athena.engines.duck_sql.text import CHANCE, Text
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import invalid_argument
from local_cloud.athena.sql.types import INTEGERS

_SOURCE = random.SystemRandom()
_NAMES = ("rand", "random")


@sql(*(f"{name}()" for name in _NAMES))
def _double() -> str:
    return CHANCE


def _below(bound: int, _: float) -> int:
    if bound <= 0:
        raise invalid_argument("bound must be positive")
    return _SOURCE.randrange(bound)


def _between(start: int, stop: int, _: float) -> int:
    if start >= stop:
        raise invalid_argument("start value must be less than stop value")
    return _SOURCE.randrange(start, stop)


@sql(*(f"{name}({kind})" for name in _NAMES for kind in INTEGERS))
def _whole_below(bound: str, types: Signature, text: Text) -> str:
    of = types.result
    return text.python(_below, (of, t.DOUBLE), of, bound, CHANCE)


@sql(*(f"{name}({kind},{kind})" for name in _NAMES for kind in INTEGERS))
def _whole_between(start: str, stop: str, types: Signature, text: Text) -> str:
    of = types.result
    return text.python(_between, (of, of, t.DOUBLE), of, start, stop, CHANCE)


@sql("uuid()")
def _uuid(text: Text) -> str:
    # Version 4, as java.util.UUID.randomUUID makes it.
    def made(_: float) -> str:
        return str(uuid.uuid4())

    return text.python(made, (t.DOUBLE,), t.UUID, CHANCE, key="uuid")


@sql("shuffle(array(e))")
def _shuffle(values: str, types: Signature, text: Text) -> str:
    def shuffled(array: list[Any], _: float) -> list[Any]:
        return _SOURCE.sample(array, len(array))

    of = types.result
    return text.python(shuffled, (of, t.DOUBLE), of, values, CHANCE, key=("shuffle", of))
