"""The functions that Trino 476 declares, and which of them a call means."""
