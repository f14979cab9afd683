"""Decisions of the runner: no I/O, no clock."""
