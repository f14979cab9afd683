"""The Glue job: raw objects in, Parquet tables out."""
