"""The local Athena's parser beside Trino's own, on every string in the jars of Trino's tests."""

import random
from collections import Counter
from collections.abc import Callable, Mapping

import pytest

from tests.conformance import parses
from tests.trino_lab.maven import PARSER_JARS, jars_of_tests

SHARE, SEED = 6000, 20261128


@pytest.fixture(scope="module")
def letters() -> Mapping[str, str]:
    return parses.load(parses.strings(jars_of_tests(PARSER_JARS)))


@pytest.mark.timeout(600)
def test_the_parser_takes_what_trinos_takes(
    letters: Mapping[str, str], full_size: bool, measured: Callable[[str], None]
) -> None:
    texts = list(letters)
    if not full_size:
        texts = random.Random(SEED).sample(texts, SHARE)

    found = Counter(parses.verdict(text, letters[text]) for text in texts)

    measured(f"Trino's parser and ours, {len(texts)} strings: {dict(found)}")
    assert set(found) == {parses.SAME, parses.REFUSED}


@pytest.mark.parametrize(
    ("text", "letter", "verdict"),
    [
        ("SELECT 1", "n", "taken for a query"),
        ("1 +", "e", "not taken for an expression"),
        ("SELECT", "q", "not taken for a query"),
        ("1 + 1", "n", "taken for an expression"),
    ],
)
def test_a_letter_that_is_wrong_is_seen(text: str, letter: str, verdict: str) -> None:
    assert parses.verdict(text, letter).startswith(verdict)


def test_a_record_of_other_strings_is_not_used() -> None:
    with pytest.raises(ValueError, match="record them anew"):
        parses.load(["SELECT 1"])
