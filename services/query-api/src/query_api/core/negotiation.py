"""What a client accepts: media types and codings, by their weights (RFC 9110, 12.5.1 and 12.5.3)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

_WEIGHT = re.compile(r"0(?:\.\d{0,3})?|1(?:\.0{0,3})?")
# Parameters that say what we send anyway; a range with any other asks for what we do not have.
_KNOWN_PARAMETERS = frozenset({("charset", "utf-8"), ("header", "present")})


class Format(Enum):
    """A form in which rows are given; the value is the extension that asks for it."""

    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    ARROW = "arrow"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Offer:
    """A media type that can be sent, and the form behind it."""

    media_type: str
    format: Format


MEDIA_TYPES: dict[Format, str] = {
    Format.JSON: "application/json",
    Format.NDJSON: "application/x-ndjson",
    Format.CSV: "text/csv",
    Format.ARROW: "application/vnd.apache.arrow.stream",
    Format.PARQUET: "application/vnd.apache.parquet",
}
"""The one media type of each form that answers carry; the first is what a client gets that does not
care."""
# Other names of the same bytes that clients ask by.
_ALIASES = {
    "application/ndjson": Format.NDJSON,
    "application/jsonl": Format.NDJSON,
    "application/x-jsonlines": Format.NDJSON,
    "application/x-parquet": Format.PARQUET,
}
OFFERS = (
    *(Offer(media_type, form) for form, media_type in MEDIA_TYPES.items()),
    *(Offer(media_type, form) for media_type, form in _ALIASES.items()),
)


@dataclass(frozen=True, slots=True)
class _Wish:
    """One element of the header: what it takes, and how much it is wanted, 0 to 1."""

    name: str
    weight: float


def wanted_offer(accept: str | None) -> Offer | None:
    """The offer that the client wants most; None where it takes none of them.

    The most specific range that takes an offer gives its weight. Of equal weights an offer that is
    named comes before one that a `*` takes, then ours in their order.
    """
    if accept is None or not accept.strip():
        return OFFERS[0]
    wishes = _wishes(accept, _KNOWN_PARAMETERS)
    weights = [_weight(offer.media_type, wishes) for offer in OFFERS]
    best = max(weights)
    return OFFERS[weights.index(best)] if best[0] > 0 else None


def wanted_coding(accept_encoding: str | None, offered: Sequence[str]) -> str:
    """The coding of `offered`, the best first, that the client wants most, or `identity`.

    A client that says nothing gets none, though it says that it takes all: clients that do not
    send the header do not decode. One that refuses even `identity` gets it: a body that it may be
    able to read is better than none (RFC 9110, 12.5.3).
    """
    wishes = {wish.name: wish.weight for wish in _wishes(accept_encoding or "", frozenset())}
    others = wishes.get("*", 0.0)
    weights = [wishes.get(coding, others) for coding in offered]
    # Where nothing is said of it, it is the last choice and not refused.
    plain = wishes.get("identity", 0.0)
    best = max(weights, default=0.0)
    if best == 0.0 or best < plain:
        return "identity"
    return offered[weights.index(best)]


def _weight(media_type: str, wishes: Sequence[_Wish]) -> tuple[float, int]:
    """How much an offer is wanted, 0 to 1, and how exactly it was named."""
    main = media_type.partition("/")[0]
    for exactness, name in ((2, media_type), (1, f"{main}/*"), (0, "*/*")):
        found = [wish.weight for wish in wishes if wish.name == name]
        if found:
            return max(found), exactness
    return 0.0, 0


def _wishes(header: str, known: frozenset[tuple[str, str]]) -> list[_Wish]:
    """The elements that can be read; others ask for nothing that we have."""
    read = (_wish(element, known) for element in header.split(","))
    return [wish for wish in read if wish is not None]


def _wish(element: str, known: frozenset[tuple[str, str]]) -> _Wish | None:
    name, *parameters = (part.strip() for part in element.lower().split(";"))
    weight = 1.0
    for parameter in parameters:
        key, _, value = (part.strip(' "') for part in parameter.partition("="))
        if key == "q":
            if not _WEIGHT.fullmatch(value):
                return None
            weight = float(value)
        elif (key, value) not in known:
            return None
    return _Wish(name, weight) if name else None
