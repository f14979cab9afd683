"""Parameters of a request: each is said once, for whoever reads it and for the OpenAPI document."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Generic, Literal, TypeVar, cast
from unicodedata import category

from coinlake.contracts.answers import MAX_ID_BYTES
from query_api.core.problems import BadRequestError
from query_api.core.window import instant_ms

T = TypeVar("T")
# No control character: the contract takes none in an id (contracts/quality.py, `…_is_valid`).
_ID_PATTERN = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"
_ID = {"type": "string", "minLength": 1, "maxLength": MAX_ID_BYTES, "pattern": _ID_PATTERN}
_SECONDS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,300})?(?:[eE][+-]?[0-9]{1,3})?")
_AMOUNT = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,18})?")
_TIME_PATTERN = (
    r"^([0-9]{12,13}|(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?"
    r"(Z|[+-]([01][0-9]|2[0-3]):?[0-5][0-9])?)?)$"
)


@dataclass(frozen=True, slots=True)
class Parameter(Generic[T]):
    """One parameter. `read` takes its text and raises BadRequestError with what would be right."""

    name: str
    meaning: str
    schema: Mapping[str, Any]
    read: Callable[[str], T]
    default: T
    where: Literal["query", "path"] = "query"
    is_required: bool = False


class Given:
    """What a request said, by the parameters that its operation declares."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getitem__(self, parameter: Parameter[T]) -> T:
        """The value that was read, or the default. KeyError for a parameter that is not declared."""
        return cast("T", self._values[parameter.name])


def whole(name: str, meaning: str, *, default: int, low: int, high: int) -> Parameter[int]:
    """A whole number from `low` to `high`."""

    def read(text: str) -> int:
        # Nine digits are enough for every limit, and int() of more text is work.
        is_number = text.isascii() and text.isdigit() and len(text) <= 9
        if not is_number or not low <= int(text) <= high:
            raise BadRequestError(f"{name} must be a whole number from {low} to {high}")
        return int(text)

    schema = {"type": "integer", "minimum": low, "maximum": high, "default": default}
    return Parameter(name, meaning, schema, read, default)


def whole_or_none(name: str, meaning: str, *, low: int, high: int) -> Parameter[int | None]:
    """The same, None where nothing is said."""
    one = whole(name, meaning, default=low, low=low, high=high)
    schema = {key: value for key, value in one.schema.items() if key != "default"}
    return Parameter(name, meaning, schema, one.read, None)


def shaped(name: str, meaning: str, pattern: str) -> Parameter[str | None]:
    """A text that a pattern fits, which is anchored at both ends."""
    known = re.compile(pattern)

    def read(text: str) -> str:
        if not known.fullmatch(text):
            raise BadRequestError(f"{name} is not valid: {meaning}")
        return text

    return Parameter(name, meaning, {"type": "string", "pattern": pattern}, read, None)


def seconds(name: str, meaning: str, most: float) -> Parameter[float]:
    """A number of seconds from 0 to `most`, by default 0."""

    def read(text: str) -> float:
        if not _SECONDS.fullmatch(text) or float(text) > most:
            raise BadRequestError(f"{name} must be a number from 0 to {most:g}")
        return float(text)

    schema = {"type": "number", "minimum": 0, "maximum": most, "default": 0}
    return Parameter(name, meaning, schema, read, 0.0)


def flag(name: str, meaning: str) -> Parameter[bool]:
    """Whether something holds: `true`, or the name alone; by default not."""

    def read(text: str) -> bool:
        if text not in ("", "true", "false"):
            raise BadRequestError(f"{name} must be true or false")
        return text != "false"

    schema = {"type": "boolean", "default": False}
    return Parameter(name, meaning, schema, read, False)


def choice(name: str, meaning: str, options: tuple[str, ...], default: str) -> Parameter[str]:
    """One of a few words."""

    def read(text: str) -> str:
        if text not in options:
            raise BadRequestError(f"{name} must be one of {', '.join(options)}")
        return text

    schema = {"type": "string", "enum": list(options), "default": default}
    return Parameter(name, meaning, schema, read, default)


def instant(name: str, meaning: str) -> Parameter[int | None]:
    """A moment in ms since the epoch: so many, or RFC 3339 (UTC where no zone is given)."""
    schema = {"type": "string", "pattern": _TIME_PATTERN}
    return Parameter(name, meaning, schema, lambda text: instant_ms(text, name), None)


def amount(name: str, meaning: str) -> Parameter[Decimal | None]:
    """A decimal that is not negative, without exponent."""

    def read(text: str) -> Decimal:
        if not _AMOUNT.fullmatch(text):
            raise BadRequestError(
                f"{name} must be a number without sign and exponent, such as 1000000"
            )
        return Decimal(text)

    schema = {"type": "string", "pattern": r"^[0-9]{1,20}(\.[0-9]{1,18})?$"}
    return Parameter(name, meaning, schema, read, None)


def word(name: str, meaning: str) -> Parameter[str | None]:
    """A text as ids and names are: see `fitting`."""
    return Parameter(name, meaning, _ID, lambda text: fitting(text, name), None)


def path_id(name: str, meaning: str) -> Parameter[str]:
    """An id in the path."""
    return Parameter(name, meaning, _ID, lambda text: fitting(text, name), "", "path", True)


def ids(name: str, meaning: str, most: int) -> Parameter[tuple[str, ...]]:
    """Ids with commas between them, each once; an id that holds a comma cannot be asked for here."""

    def read(text: str) -> tuple[str, ...]:
        found = text.split(",")
        if len(found) > most:
            raise BadRequestError(f"{name} must name at most {most}, with commas between them")
        return tuple(dict.fromkeys(fitting(one, name) for one in found))

    schema = {"type": "array", "items": _ID, "minItems": 1, "maxItems": most}
    return Parameter(name, meaning, schema, read, ())


def required(parameter: Parameter[T]) -> Parameter[T]:
    """The same where a request without it is refused."""
    return replace(parameter, is_required=True)


def fitting(text: str, name: str) -> str:
    """An id by the contract's rule (contracts/answers.py): not blank, no control characters, and of at
    most 256 bytes. Raises BadRequestError."""
    is_long = len(text) > MAX_ID_BYTES or len(text.encode("utf-8", "replace")) > MAX_ID_BYTES
    if is_long or not text.strip() or any(category(one) in ("Cc", "Cs") for one in text):
        raise BadRequestError(
            f"{name} must be 1 to {MAX_ID_BYTES} bytes without control characters, and not blank"
        )
    return text
