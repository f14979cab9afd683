"""Bodies are parsed without losing a digit; what a column makes of a value is in `test_cast_rules`."""

import pytest

from coinlake.contracts.values import Number, json_text, parse_json, plain_text


def test_a_number_instead_of_a_string_keeps_its_source_text() -> None:
    parsed = parse_json(b'{"p":0.1000000000000000055511151231257827,"n":12345678901234567890}')

    assert parsed["p"] == "0.1000000000000000055511151231257827"
    assert isinstance(parsed["n"], Number)
    assert json_text(parsed) == (
        '{"p":0.1000000000000000055511151231257827,"n":12345678901234567890}'
    )


def test_a_lone_surrogate_is_kept_as_its_escape() -> None:
    assert plain_text(parse_json(rb'"\ud800"')) == '"\\ud800"'


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b'{"a":', "not JSON"), (b"\xff", "not UTF-8")],
)
def test_a_body_that_is_no_json_says_why(body: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_json(body)
