"""Raw objects to typed Arrow tables, tallies and rejects: no Spark, no I/O."""
