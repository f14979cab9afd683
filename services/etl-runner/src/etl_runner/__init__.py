"""Finds dirty hours, runs the Glue job over them, publishes the tables and keeps the ledger."""
