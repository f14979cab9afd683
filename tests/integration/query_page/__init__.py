"""The page in a real browser, over real services on the local Athena."""
