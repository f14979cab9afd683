"""Athena's SQL as text and as a tree: Trino's grammar, read by a parser of our own (ADR 0060)."""
