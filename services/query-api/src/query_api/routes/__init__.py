"""The HTTP side of the query service."""
