"""Decisions of the query service: no I/O, no clock."""
