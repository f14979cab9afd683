"""All implementations: importing this registers them."""

from local_cloud.athena.functions import aggregates, arithmetic, window_functions

REGISTERED = (aggregates, arithmetic, window_functions)
