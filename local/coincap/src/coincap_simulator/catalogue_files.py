"""Reads the package's data files."""

from importlib.resources import files

import orjson

from coincap_simulator.core.catalogue import Catalogue, catalogue


def load_catalogue(listed: int) -> Catalogue:
    """The catalogue with so many assets in `/assets`."""
    data = files("coincap_simulator") / "data"
    return catalogue(
        assets=(data / "assets.psv").read_text("utf-8"),
        rates=(data / "rates.psv").read_text("utf-8"),
        exchanges=(data / "exchanges.psv").read_text("utf-8"),
        tokens=orjson.loads((data / "tokens.json").read_bytes()),
        listed=listed,
    )
