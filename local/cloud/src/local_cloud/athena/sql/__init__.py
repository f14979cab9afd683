"""Athena's language without any engine: statements, types, analysis, and Trino's values."""
