"""What the command line takes and refuses."""

import pytest

from coinlake.errors import ConfigError
from coinlake_tools.__main__ import COMMANDS
from coinlake_tools.arguments import parser
from coinlake_tools.lake_commands import listening
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


@pytest.mark.parametrize(
    "address", ["127.0.0.1", ":9100", "9100", "127.0.0.1:", "127.0.0.1:http", "h:70000", "h:-1"]
)
def test_what_is_no_host_and_port_is_nowhere_to_listen(address: str) -> None:
    with pytest.raises(ConfigError, match="--listen wants HOST:PORT, not"):
        listening(address)


def test_a_host_and_a_port_are_where_the_auditor_listens() -> None:
    http = listening("::1:9100")

    assert (http.host, http.port) == ("::1", 9100)
