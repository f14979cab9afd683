"""All implementations: importing this registers them."""

from local_cloud.athena.functions import (
    aggregates,
    arithmetic,
    bits,
    chance,
    encodings,
    greatest_least,
    hashing,
    mathematics,
    number_texts,
    rounding,
    urls,
    vectors,
    window_functions,
)

REGISTERED = (
    aggregates,
    arithmetic,
    bits,
    chance,
    encodings,
    greatest_least,
    hashing,
    mathematics,
    number_texts,
    rounding,
    urls,
    vectors,
    window_functions,
)
