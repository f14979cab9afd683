"""All implementations: importing this registers them."""

from local_cloud.athena.functions import (
    aggregates,
    arithmetic,
    array_sets,
    arrays,
    comparators,
    json_extraction,
    lambdas,
    map_lambdas,
    maps,
    sequences,
    subscripts,
    window_functions,
)

REGISTERED = (
    aggregates,
    arithmetic,
    array_sets,
    arrays,
    comparators,
    json_extraction,
    lambdas,
    map_lambdas,
    maps,
    sequences,
    subscripts,
    window_functions,
)
