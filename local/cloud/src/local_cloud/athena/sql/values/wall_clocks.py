"""From what a zone's clocks show to the moment that is meant, as Joda-Time and java.time find it.

They differ where clocks are turned: java.time takes the first of two moments and moves what is
left out ahead by the gap; Joda-Time stays with the offset that it comes from where it can.
All numbers are seconds, as in `zones`.
"""

from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.values.zones import DAY_S, Change, Zone

# No offset differs from UTC by more than a day, so no other change matters.
_NEAR = 2 * DAY_S


def _changes_near(zone: Zone, local: int) -> list[Change]:
    zone.offset(local)
    found = zone.changes(local - _NEAR, local + _NEAR)
    if any(one.before is None or one.after is None for one in found):
        raise not_supported(f"times in {zone.name} where Trino's libraries disagree")
    return found


def java_moment(zone: Zone, local: int) -> int:
    """ZonedDateTime.of: of two moments the first, of none the one after the gap."""
    turned = _turned(zone, local)
    if turned is not None:
        assert turned.before is not None
        return local - turned.before
    return _only(zone, local)


def is_skipped(zone: Zone, local: int) -> bool:
    """Whether the clocks never show this (ZoneRules.getValidOffsets is empty)."""
    turned = _turned(zone, local)
    return turned is not None and (turned.after or 0) > (turned.before or 0)


def _turned(zone: Zone, local: int) -> Change | None:
    """The change within whose gap or overlap the local time is."""
    if zone.fixed:
        return None
    for one in _changes_near(zone, local):
        assert one.before is not None
        assert one.after is not None
        low, high = sorted((one.before, one.after))
        if one.at + low <= local < one.at + high:
            return one
    return None


def _only(zone: Zone, local: int) -> int:
    """The moment at which the clocks show this, where there is exactly one."""
    offset = zone.offset(local - _NEAR)
    for one in () if zone.fixed else _changes_near(zone, local):
        assert one.after is not None
        if one.at + one.after <= local:
            offset = one.after
    return local - offset


def joda_moment(zone: Zone, local: int, coming_from: int | None = None) -> int:
    """DateTimeZone.convertLocalToUTC, not strict; `coming_from` is the moment before the change."""
    if zone.fixed:
        return local - zone.offset(local)
    if coming_from is not None:
        same = zone.offset(coming_from)
        if zone.offset(local - same) == same:
            return local - same
    changes = _changes_near(zone, local)
    as_if_utc = zone.offset(local)
    offset = zone.offset(local - as_if_utc)
    if as_if_utc == offset or as_if_utc >= 0:
        return local - offset
    # Where a change lies between the two moments, the local time is in a gap.
    in_gap = _next(changes, local - as_if_utc) != _next(changes, local - offset)
    return local - (as_if_utc if in_gap else offset)


def joda_offset(zone: Zone, local: int) -> int:
    """DateTimeZone.getOffsetFromLocal: of two offsets the first."""
    if zone.fixed:
        return zone.offset(local)
    changes = _changes_near(zone, local)
    as_if_utc = zone.offset(local)
    adjusted = local - as_if_utc
    offset = zone.offset(adjusted)
    if as_if_utc != offset:
        if as_if_utc < offset and _next(changes, adjusted) != _next(changes, local - offset):
            return as_if_utc
    elif as_if_utc >= 0:
        before = [one for one in changes if one.at <= adjusted]
        if before:
            last = before[-1]
            assert last.before is not None
            # previousTransition is the last moment before the change.
            if adjusted - last.at < last.before - as_if_utc:
                return last.before
    return offset


def _next(changes: list[Change], moment: int) -> int | None:
    return next((one.at for one in changes if one.at > moment), None)
