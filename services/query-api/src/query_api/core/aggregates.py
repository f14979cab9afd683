"""The names of Trino's aggregate functions (Trino 476, "Aggregate functions"): they wait for all rows."""

_NAMES = """
    any_value approx_distinct approx_most_frequent approx_percentile approx_set arbitrary array_agg avg
    bitwise_and_agg bitwise_or_agg bitwise_xor_agg bool_and bool_or checksum corr count count_if
    covar_pop covar_samp entropy every evaluate_classifier_predictions geometric_mean histogram kurtosis
    learn_classifier listagg map_agg map_union max max_by merge min min_by multimap_agg
    numeric_histogram qdigest_agg reduce_agg regr_avgx regr_avgy regr_count regr_intercept regr_r2
    regr_slope regr_sxx regr_sxy regr_syy skewness stddev stddev_pop stddev_samp sum tdigest_agg var_pop
    var_samp variance
"""
AGGREGATES = frozenset(_NAMES.split())
