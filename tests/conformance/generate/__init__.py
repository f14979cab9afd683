"""Generated queries: typed, made again from a seed and a number, cut down where they differ."""
