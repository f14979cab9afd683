"""The Glue crawler: real Parquet footers and folders become tables and partitions."""
