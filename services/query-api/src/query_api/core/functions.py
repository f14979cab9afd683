"""Every function of the engine, judged once: allowed, or refused with the reason.

The names are those that Trino's own SHOW FUNCTIONS gives (`tests/data/conformance/functions.tsv`);
a test fails where it lists one that stands in neither half. Whether a function is deterministic
is what Trino says there. What an allowed one may be given is bounded where its work or its result
could grow without a byte being scanned (`core/growth.py`, `core/patterns.py`).
"""

from collections.abc import Mapping

_ALLOWED: Mapping[str, str] = {
    "aggregates": """
        any_value approx_distinct approx_most_frequent approx_percentile approx_set arbitrary
        array_agg avg bitwise_and_agg bitwise_or_agg bitwise_xor_agg bool_and bool_or checksum
        corr count count_if covar_pop covar_samp every geometric_mean histogram kurtosis listagg
        make_set_digest map_agg map_union max max_by merge merge_set_digest min min_by
        multimap_agg numeric_histogram qdigest_agg reduce_agg regr_intercept regr_slope skewness
        stddev stddev_pop stddev_samp sum tdigest_agg var_pop var_samp variance
    """,
    "windows": """
        cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank
        row_number
    """,
    "numbers": """
        abs acos asin atan atan2 beta_cdf bit_count bitwise_and bitwise_left_shift bitwise_not
        bitwise_or bitwise_right_shift bitwise_right_shift_arithmetic bitwise_xor cbrt ceil
        ceiling cos cosh degrees e exp floor from_base greatest infinity inverse_beta_cdf
        inverse_normal_cdf is_finite is_infinite is_nan least ln log log10 log2 mod nan normal_cdf
        pi pow power radians round sign sin sinh sqrt t_cdf t_pdf tan tanh to_base truncate
        width_bucket wilson_interval_lower wilson_interval_upper
    """,
    "text": """
        bar chr codepoint color concat concat_ws format_number hamming_distance length
        levenshtein_distance lower lpad ltrim luhn_check normalize parse_data_size
        parse_presto_data_size render replace reverse rgb rpad rtrim soundex split split_part
        split_to_map split_to_multimap starts_with strpos substr substring translate trim typeof
        upper word_stem
    """,
    "regular expressions": """
        regexp_count regexp_extract regexp_extract_all regexp_like regexp_position regexp_replace
        regexp_split
    """,
    "bytes and hashes": """
        crc32 from_base32 from_base64 from_base64url from_big_endian_32 from_big_endian_64
        from_hex from_ieee754_32 from_ieee754_64 from_utf8 hmac_md5 hmac_sha1 hmac_sha256
        hmac_sha512 md5 murmur3 sha1 sha256 sha512 spooky_hash_v2_32 spooky_hash_v2_64 to_base32
        to_base64 to_base64url to_big_endian_32 to_big_endian_64 to_hex to_ieee754_32
        to_ieee754_64 to_utf8 xxhash64
    """,
    "time": """
        at_timezone current_date current_timezone date date_add date_diff date_format date_parse
        date_trunc day day_of_month day_of_week day_of_year dow doy format_datetime
        from_iso8601_date from_iso8601_timestamp from_iso8601_timestamp_nanos from_unixtime
        from_unixtime_nanos hour human_readable_seconds last_day_of_month millisecond minute month
        now parse_datetime parse_duration quarter second timezone timezone_hour timezone_minute
        to_iso8601 to_milliseconds to_unixtime week week_of_year with_timezone year year_of_week
        yow
    """,
    "arrays": """
        all_match any_match array_distinct array_except array_histogram array_intersect array_join
        array_max array_min array_position array_remove array_sort array_union arrays_overlap
        cardinality contains contains_sequence cosine_distance cosine_similarity dot_product
        element_at euclidean_distance filter flatten ngrams none_match reduce repeat sequence
        slice transform trim_array zip zip_with
    """,
    "maps": """
        map map_concat map_entries map_filter map_from_entries map_keys map_values map_zip_with
        multimap_from_entries transform_keys transform_values
    """,
    "JSON": """
        is_json_scalar json_array_contains json_array_get json_array_length json_extract
        json_extract_scalar json_format json_parse json_size
    """,
    "sketches": """
        empty_approx_set hash_counts intersection_cardinality jaccard_index quantile_at_value
        value_at_quantile values_at_quantiles
    """,
    "URLs": """
        url_decode url_encode url_extract_fragment url_extract_host url_extract_parameter
        url_extract_path url_extract_port url_extract_protocol url_extract_query
    """,
}
_REFUSED: Mapping[str, str] = {
    "it gives another answer each time": "rand random shuffle uuid",
    "it tells of the account": "current_groups",
    "it is a table function: no table but the lake's may be in FROM": "exclude_columns",
    "it makes up to 100,000 rows' worth of one row": "combinations",
}
REGULAR_EXPRESSIONS = frozenset(_ALLOWED["regular expressions"].split())
"""Those whose second argument is a regular expression."""
# What an allowed function may be given; the others take anything.
BOUNDS: Mapping[str, str] = {
    "sequence": "bounds and step must be literals",
    "repeat": "the count must be a literal",
    "lpad": "the length must be a literal",
    "rpad": "the length must be a literal",
    "ngrams": "the length must be a literal",
    "bar": "the width must be a literal",
    "numeric_histogram": "the number of buckets must be a literal of at most 10000",
    "approx_most_frequent": "buckets and capacity must be literals of at most 10000",
    **dict.fromkeys(
        REGULAR_EXPRESSIONS,
        "the pattern must be a literal that cannot take exponential time",
    ),
}

ALLOWED: Mapping[str, str] = {
    name: about for about, names in _ALLOWED.items() for name in names.split()
}
"""What each allowed function is about, by its name in lower case."""

REFUSED: Mapping[str, str] = {
    name: reason for reason, names in _REFUSED.items() for name in names.split()
}
"""Why each of the others is refused."""
