"""Values as Trino has them, in Python: how they are read, written, compared and computed."""
