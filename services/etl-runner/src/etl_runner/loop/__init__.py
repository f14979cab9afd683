"""The loop and what it does each turn: reconcile, freeze, run, publish."""
