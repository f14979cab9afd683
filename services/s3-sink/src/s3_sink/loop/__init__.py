"""The loops: what the sink does, and when."""
