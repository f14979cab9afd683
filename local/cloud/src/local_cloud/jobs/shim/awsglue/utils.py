"""`getResolvedOptions` with Glue's behaviour: named options, the rest is ignored.

(awslabs/aws-glue-libs, awsglue/utils.py.)
"""

import argparse
from collections.abc import Sequence


class GlueArgumentError(Exception):
    """An option that the script requires was not passed."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        raise GlueArgumentError(message)


def getResolvedOptions(args: Sequence[str], options: Sequence[str]) -> dict[str, str]:  # noqa: N802 - Glue's name
    """Values of `options` (all required) from `args`, which is `sys.argv`."""
    parser = _Parser(allow_abbrev=False)
    for name in options:
        parser.add_argument(f"--{name}", dest=name, required=True)
    known, _ = parser.parse_known_args(list(args)[1:])
    return dict(vars(known))
