"""What asks the questions: each in a process of its own, in the venv of the released clients."""
