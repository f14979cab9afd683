"""What the command line takes and refuses."""

import pytest

from coinlake_tools.__main__ import COMMANDS
from coinlake_tools.arguments import parser
from coinlake_tools.provision import STEPS


def test_every_command_of_the_parser_can_be_run() -> None:
    for command in COMMANDS:
        with pytest.raises(SystemExit) as raised:
            parser().parse_args([command, "--help"])
        assert raised.value.code == 0


def test_parts_of_the_provisioning_can_be_named_one_by_one() -> None:
    args = parser().parse_args(["provision", *(f"--{name}" for name in STEPS)])

    assert args.parts == list(STEPS)


def test_an_unknown_feed_is_refused() -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(
            ["rebuild", "--feed", "dreams", "--dt", "2026-11-22", "--hour", "07"]
        )


def test_a_cost_option_changes_the_plan() -> None:
    assert parser().parse_args(["cost", "--runs-per-hour", "4"]).runs_per_hour == 4.0
