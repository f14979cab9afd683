"""The loop, and the steps of a batch that it is made of: find, freeze, run, verify, publish."""
