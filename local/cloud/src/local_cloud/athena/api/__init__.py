"""Athena's API: its operations, executions and their states, and what carries a statement out."""
