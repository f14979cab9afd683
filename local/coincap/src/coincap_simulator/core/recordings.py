"""Recorded answers, for routes that are not simulated."""

from collections.abc import Mapping
from dataclasses import dataclass

from coincap_simulator.core.answers import HttpAnswer, json_answer
from coincap_simulator.core.paging import MAX_LIMIT, Query, page

Body = Mapping[str, object]


class RecordingError(ValueError):
    """A file that holds no answer of the API."""


@dataclass(frozen=True, slots=True)
class Recordings:
    """Bodies by route, as the API served them; a route is what stands behind `/v3/`."""

    bodies: Mapping[str, Body]

    def answer(
        self, route: str, query: Query, now_ms: int, *, refuse_over: bool
    ) -> HttpAnswer | None:
        """The recording of a route as if it were served now; None where there is none.

        The keys keep their order. A list is cut by `limit` and `offset`, and given whole
        without them: how much a route gives by default is what its recording shows.
        """
        body = self.bodies.get(route)
        if body is None:
            return None
        made = dict(body)
        if "timestamp" in made:
            made["timestamp"] = now_ms
        rows = made.get("data")
        if isinstance(rows, list):
            default = min(max(len(rows), 1), MAX_LIMIT)
            made["data"] = page(query, default, refuse_over=refuse_over).of(rows)
        return json_answer(made)


NOTHING = Recordings({})
