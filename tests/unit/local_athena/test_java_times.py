"""Moments as java.time prints them, from the examples of its documentation."""

from datetime import datetime

from local_cloud.athena.sql.values import java_format_times


def test_a_moment_in_a_region_is_shown_by_its_clocks_and_by_its_name() -> None:
    # java.time.ZonedDateTime: "such as 2007-12-03T10:15:30+01:00 Europe/Paris"; toString() puts
    # the name into brackets.
    instant = datetime.fromisoformat("2007-12-03T10:15:30+01:00")

    moment = java_format_times.of_zoned(round(instant.timestamp()) * 1_000_000, "Europe/Paris")

    assert java_format_times.text(moment) == "2007-12-03T10:15:30+01:00[Europe/Paris]"
