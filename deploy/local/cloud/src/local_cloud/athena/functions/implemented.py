"""All implementations: importing this registers them."""

from local_cloud.athena.functions import (
    aggregates,
    arithmetic,
    binary,
    concatenation,
    distances,
    regular_expressions,
    splitting,
    text,
    trimming,
    window_functions,
)

REGISTERED = (
    aggregates,
    arithmetic,
    binary,
    concatenation,
    distances,
    regular_expressions,
    splitting,
    text,
    trimming,
    window_functions,
)
