"""The query service of coinlake as tools for agents (Model Context Protocol)."""
