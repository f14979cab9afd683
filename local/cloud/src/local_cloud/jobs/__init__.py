"""Glue jobs: definitions, runs as real Spark processes, slots and histories."""
