"""Which rules the controls of the chain drop."""

from tests.labs.sim_chain.controls import Control


def controls() -> dict[str, Control]:
    """Every control by name."""
    found: tuple[Control, ...] = ()
    return {control.name: control for control in found}
