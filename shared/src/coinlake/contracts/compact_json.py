"""Records as one canonical line of JSON: sorted names, no blanks, ASCII."""

import json


def compact_json(value: object) -> bytes:
    """A dataclass with all that it holds. Equal values give equal bytes."""
    return json.dumps(value, default=fields_of, separators=(",", ":"), sort_keys=True).encode()


def fields_of(value: object) -> dict[str, object]:
    """The fields of a dataclass by name, as they are: `json` asks again for what is inside."""
    try:
        names = value.__dataclass_fields__  # type: ignore[attr-defined]
    except AttributeError:
        raise TypeError(f"no field of a record: {type(value).__name__}") from None
    return {name: getattr(value, name) for name in names}
