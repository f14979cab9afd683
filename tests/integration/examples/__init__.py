"""What a reader copies from `examples/`, run as its pages say."""
