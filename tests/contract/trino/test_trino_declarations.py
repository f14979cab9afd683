"""What the local Athena knows of Trino's functions and grammar is what Trino's classes say."""

import random
from pathlib import Path

import pytest

from local_cloud.athena.sql.signatures import declared
from tests.conformance import parses
from tests.conformance import record as conformance
from tests.trino_lab.java import run_java
from tests.trino_lab.maven import PARSER_JARS, jars_of_tests

pytestmark = [pytest.mark.full_size, pytest.mark.needs("jdk24"), pytest.mark.timeout(900)]

JAVA = Path(conformance.__file__).with_name("java")


def test_the_list_of_functions_is_what_trino_prints() -> None:
    kept = Path(declared.__file__).with_name("trino_476.tsv").read_text()

    assert run_java(JAVA / "Signatures.java") == kept


def test_the_recorded_letters_are_what_the_parser_says() -> None:
    letters = parses.load(parses.strings(jars_of_tests(PARSER_JARS)))
    some = random.Random(20261128).sample(list(letters), 2000)

    assert parses.ask(some) == "".join(letters[one] for one in some)
