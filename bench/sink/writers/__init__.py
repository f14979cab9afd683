"""The loops that the sink is measured against; each runs as a process of its own."""
