"""Decisions of the sink: what to cut, where the chain ends, what a 412 means. No I/O of its own."""
