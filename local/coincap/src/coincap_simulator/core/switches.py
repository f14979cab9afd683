"""Where the real CoinCap's behaviour is not known, and a setting chooses."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Switches:
    """`refuse_over`: answer 400 to a limit over 2000 rather than clamp it.

    `exponents`: print change and vwap below 1e-6 as JavaScript does, `1.2e-7`.
    """

    refuse_over: bool = False
    exponents: bool = True


USUAL = Switches()
