"""What a request says beside its question: how old, of which version, and what the client has."""

import re
from dataclasses import dataclass

from aiohttp import web

from query_api.core.keys import ANONYMOUS
from query_api.core.problems import BadRequestError
from query_api.routes.formats import OFFER
from query_api.routes.headers import joined
from query_api.routes.middleware import CALLER

FRESHNESS = ("max_age", "as_of")
JSON = "application/json"
_VERSION = re.compile(r"[0-9a-f]{16}")
_SECONDS = re.compile(r"\d{1,9}(?:\.\d{1,3})?")
_MAX_AGE = re.compile(r'\s*max-age\s*=\s*"?(\d{1,9})"?\s*', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """Seconds; None where nothing was asked.

    `max_age_s`: how old the newest data may be. `kept_age_s`: how long ago an answer may have been
    made that is given again. `as_of`: the dataset version that the answer must be of.
    """

    payer: str = ANONYMOUS.name
    scopes: frozenset[str] = frozenset()
    max_age_s: float | None = None
    kept_age_s: float | None = None
    as_of: str | None = None
    if_none_match: str | None = None
    representation: str = JSON

    @property
    def wants_new(self) -> bool:
        """Whether the age of an answer was spoken of at all."""
        return self.kept_age_s is not None or self.max_age_s is not None

    def wants_other(self, version: str) -> bool:
        """Whether the answer must be of another version than this one."""
        return self.as_of not in (None, version)

    def takes_kept(self, age_s: float) -> bool:
        """Whether an answer that was made so long ago may be given again."""
        limits = [one for one in (self.max_age_s, self.kept_age_s) if one is not None]
        return all(age_s <= one for one in limits)


def asked_of(
    request: web.Request,
    *,
    max_age: str | float | None = None,
    as_of: str | None = None,
) -> Asked:
    """The same of a request; `max_age` and `as_of` where they were not in the query string.

    `Cache-Control: max-age` and `no-cache` are about answers that are given again (RFC 9111,
    5.2.1), and a reload in a browser sends `max-age=0`: they refuse no data. `max_age` does.
    """
    caller = request[CALLER]
    return Asked(
        payer=caller.name,
        scopes=caller.scopes,
        max_age_s=_seconds(request.query.get("max_age", max_age)),
        kept_age_s=_kept_age_s(request.headers.get("Cache-Control", "")),
        as_of=_version(request.query.get("as_of", as_of)),
        if_none_match=joined(request, "If-None-Match"),
        representation=request[OFFER].media_type if OFFER in request else JSON,
    )


def _seconds(given: str | float | None) -> float | None:
    if given is None:
        return None
    if not _SECONDS.fullmatch(str(given)):
        raise BadRequestError("max_age must be a number of seconds")
    return float(given)


def _version(given: str | None) -> str | None:
    if given is not None and not _VERSION.fullmatch(given):
        raise BadRequestError("as_of must be the dataset_version of an earlier answer")
    return given


def _kept_age_s(cache_control: str) -> float | None:
    directives = cache_control.split(",")
    if any(one.strip().lower() == "no-cache" for one in directives):
        return 0.0
    ages = [float(match[1]) for one in directives if (match := _MAX_AGE.fullmatch(one))]
    return min(ages, default=None)
