"""Which places of a module are changed, and into what."""

import ast

import pytest

from tests.mutants.changes import Change, changes, is_real

MODULE = b'''"""A module; `1 + 1` stands here for people."""

import os
from typing import Literal

Kind = Literal["a", "b"]
LIMIT_S = 3


class Shop:
    """Sells."""

    def price(self, amount: int = 1, told: bool | None = None) -> int | None:
        """The price; \xc3\xa9."""
        log.info("asked", amount=amount + 1)
        if amount < LIMIT_S and not told:
            raise ValueError("\xc3\xa9: " + str(amount))
        self.sold += amount
        self.last = amount
        self.tell()
        for one in range(amount):
            if one is not None:
                continue
        return amount * 2
'''


def made() -> list[Change]:
    return [one for one in changes("shop.py", MODULE) if is_real(one, MODULE)]


def texts(kind: str) -> set[tuple[str, str]]:
    return {(one.was, one.becomes) for one in made() if one.kind == kind}


def test_each_change_is_valid_python_and_another_program() -> None:
    programs = [ast.dump(ast.parse(one.applied(MODULE))) for one in made()]

    assert len(set(programs)) > 15
    assert ast.dump(ast.parse(MODULE)) not in programs


def test_a_change_touches_its_place_only() -> None:
    for one in made():
        changed = one.applied(MODULE)

        assert changed.startswith(MODULE[: one.start])
        assert changed.endswith(MODULE[one.end :])
        assert MODULE[one.start : one.end].decode() == one.was


@pytest.mark.parametrize(
    ("kind", "was", "becomes"),
    [
        ("operator", "<", "<="),
        ("operator", "and", "or"),
        ("operator", "not told", "(told)"),
        ("operator", "+=", "-="),
        ("operator", "is not", "is"),
        ("operator", "*", "//"),
        ("constant", "3", "(3 + 1)"),
        ("branch", "one is not None", "(not (one is not None))"),
        ("statement", "self.sold += amount", "pass"),
        ("statement", "self.last = amount", "pass"),
        ("statement", "self.tell()", "pass"),
        ("statement", "continue", "pass"),
        ("statement", "return amount * 2", "return None"),
        ("raise", 'raise ValueError("é: " + str(amount))', "pass"),
    ],
)
def test_it_changes(kind: str, was: str, becomes: str) -> None:
    # An operator of an assignment stands without its `=`, which stays.
    expected = ("+", "-") if was == "+=" else (was, becomes)

    assert expected in texts(kind)


def test_docstrings_log_lines_messages_and_types_are_left_alone() -> None:
    touched = {MODULE.splitlines()[one.line - 1] for one in made()}

    assert not any(b"log.info" in line or b"Literal[" in line for line in touched)
    assert not any(b'"""' in line or b"import" in line for line in touched)
    assert not any("ValueError" in one.was for one in made() if one.kind != "raise")
    assert ("|", "&") not in texts("operator")


def test_a_change_in_a_head_is_told_from_one_in_the_body() -> None:
    head = next(one for one in made() if (one.was, one.becomes) == ("<", "<="))
    body = next(one for one in made() if one.kind == "raise")

    assert head.last_line < body.first_line
