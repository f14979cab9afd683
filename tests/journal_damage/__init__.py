"""A journal at full size, damaged in every way that a disk knows, each of many seeded times."""
