"""What the doctor says: a short table for people first, and everything as JSON."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from coinlake.differences import Difference, Kind, Remedy
from coinlake_tools.doctor import Diagnosis
from coinlake_tools.lake_requests import usd

PAGE = "docs/how-to/look-at-what-differs.md"
# More lines would hide the first, which tells most; --json has the others.
_SHOWN = 20
_WHO = {
    Remedy.TIME: "time",
    Remedy.RUNNER: "the runner, in one of its next passes",
    Remedy.PERSON: "a person",
}


def lines(diagnosis: Diagnosis) -> Iterator[str]:
    """The report for people."""
    yield _looked_at(diagnosis)
    if diagnosis.expired:
        yield f"{diagnosis.expired} raw objects have expired, as --raw-expires says"
    if not diagnosis.counts:
        yield "nothing differs" if diagnosis.hours else "there is nothing of these days"
        return
    yield f"{'kind':<20} {'how many':>8}  {'who makes it good':<38} what to do"
    for kind in _by_weight(diagnosis):
        who = _who(diagnosis, kind)
        yield f"{kind:<20} {diagnosis.counts[kind]:>8}  {who:<38} {PAGE}#{kind}"
    for kind in _by_weight(diagnosis):
        own = [one for one in diagnosis.found if one.kind is kind]
        yield from (_line(diagnosis, one) for one in own[:_SHOWN])
        if diagnosis.counts[kind] > _SHOWN:
            yield f"… and {diagnosis.counts[kind] - _SHOWN} more of {kind}"
    left = diagnosis.must_be_seen_to
    yield f"somebody must see to {left}" if left else "nothing that anybody must see to"


def body(diagnosis: Diagnosis, requests: Mapping[str, int]) -> dict[str, Any]:
    """The report in JSON's types."""
    return {
        "verdict": _verdict(diagnosis),
        "must_be_seen_to": diagnosis.must_be_seen_to,
        "days": diagnosis.days,
        "hours": diagnosis.hours,
        "counts": {str(kind): count for kind, count in sorted(diagnosis.counts.items())},
        "expired_inputs": diagnosis.expired,
        "differences": [
            {
                **asdict(one),
                "at": None if one.at is None else {"dt": one.at.dt, "hour": one.at.hour},
                "remedy": str(one.kind.remedy),
                "must_be_seen_to": diagnosis.judgement.must_be_seen_to(one),
                "page": f"{PAGE}#{one.kind}",
            }
            for one in diagnosis.found
        ],
        "requests": dict(requests),
        "usd": f"{usd(requests):.8f}",
    }


def _verdict(diagnosis: Diagnosis) -> str:
    if diagnosis.must_be_seen_to:
        return "differs"
    return "under way" if diagnosis.counts else "nothing differs"


def _looked_at(diagnosis: Diagnosis) -> str:
    days = diagnosis.days
    span = "no day" if not days else days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    return f"{span}: {diagnosis.hours} hours of feeds looked at"


def _by_weight(diagnosis: Diagnosis) -> list[Kind]:
    """What a person must see to comes first."""
    order = list(Remedy)[::-1]
    return sorted(diagnosis.counts, key=lambda kind: (order.index(kind.remedy), kind))


def _who(diagnosis: Diagnosis, kind: Kind) -> str:
    late = diagnosis.late[kind]
    if not late:
        return _WHO[kind.remedy]
    return f"time, but {late} for over {diagnosis.judgement.patience_h:g} hours"


def _line(diagnosis: Diagnosis, one: Difference) -> str:
    hour = "no hour" if one.at is None else f"{one.at.dt} {one.at.hour}"
    late = " (too long)" if diagnosis.judgement.is_late(one) else ""
    named = one.key or one.table or ""
    return f"{one.kind}: {one.feed} {hour}: {named}: {one.said}{late}"
