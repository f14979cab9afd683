"""All implementations: importing this registers them."""

from local_cloud.athena.functions import (
    aggregates,
    arithmetic,
    date_arithmetic,
    date_parts,
    date_texts,
    date_units,
    durations,
    interval_arithmetic,
    time_zones,
    window_functions,
)

REGISTERED = (
    aggregates,
    arithmetic,
    date_arithmetic,
    date_parts,
    date_texts,
    date_units,
    durations,
    interval_arithmetic,
    time_zones,
    window_functions,
)
