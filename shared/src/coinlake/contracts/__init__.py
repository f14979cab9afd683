"""What the services agree on: topics, headers, keys, objects, tables, ledger. Standard library only."""
