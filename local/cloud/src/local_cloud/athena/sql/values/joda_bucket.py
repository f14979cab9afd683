"""What a text of a date or time says, as Joda-Time collects it (DateTimeParserBucket)."""

from dataclasses import dataclass, field

from local_cloud.athena.sql.values import joda_fields
from local_cloud.athena.sql.values.date_fields import DAY_MS
from local_cloud.athena.sql.values.joda_fields import MONTH_MS, ParsedField
from local_cloud.athena.sql.values.wall_clocks import joda_offset
from local_cloud.athena.sql.values.zone_names import trino_id
from local_cloud.athena.sql.values.zones import zone

# DateTimeFormatter.withDefaultYear: for texts whose largest field is a month or a day.
_DEFAULT_YEAR = 2000


@dataclass(slots=True)
class Bucket:
    """What has been read: fields with values, an offset in milliseconds, a zone."""

    fields: list[tuple[ParsedField, int]] = field(default_factory=list)
    offset: int | None = None
    zone: str | None = None

    def state(self) -> tuple[list[tuple[ParsedField, int]], int | None, str | None]:
        return self.fields[:], self.offset, self.zone

    def restore(
        self, state: tuple[list[tuple[ParsedField, int]], int | None, str | None]
    ) -> None:
        self.fields, self.offset, self.zone = state[0][:], state[1], state[2]

    def milliseconds(self) -> int:
        """DateTimeParserBucket.computeMillis: UTC. ValueError where a field is out of bounds."""
        found = sorted(self.fields, key=lambda one: one[0].order)
        if found and DAY_MS <= found[0][0].size <= MONTH_MS:
            found = sorted(
                [*found, (joda_fields.YEAR, _DEFAULT_YEAR)], key=lambda one: one[0].order
            )
        ms = 0
        for one, value in found:
            ms = one.floor(one.set(ms, value))
        # Once more: a later field may have moved an earlier one.
        for index, (one, value) in enumerate(found):
            ms = one.set(ms, value)
            if index == len(found) - 1:
                ms = one.floor(ms)
        if self.offset is not None:
            return ms - self.offset
        return _in_zone(ms, self.zone) if self.zone is not None else ms


def _in_zone(ms: int, name: str) -> int:
    of = zone(trino_id(name))
    offset = joda_offset(of, ms // 1000)
    if of.offset(ms // 1000 - offset) != offset:
        raise ValueError(f"Illegal instant due to time zone offset transition ({name})")
    return ms - offset * 1000
