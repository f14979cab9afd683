"""What the runner does, one step of a batch each, over ports."""
