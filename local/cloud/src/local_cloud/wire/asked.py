"""One request in the model's words."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class AskedOperation:
    """An operation and its members; `strange` are parts of the request that the model has not."""

    operation: str
    fields: dict[str, Any]
    strange: tuple[str, ...] = ()
