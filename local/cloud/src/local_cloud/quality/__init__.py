"""Glue Data Quality: rulesets in DQDL, evaluated over tables of the catalog."""
