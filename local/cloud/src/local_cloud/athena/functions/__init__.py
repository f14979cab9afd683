"""Athena's functions: what Trino declares, how a call finds one, and what each of them does."""
