"""What lies in S3 and in the catalog: tables, files, views, and results as they are stored."""
