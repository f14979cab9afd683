"""Whether each field of each form of the grammar has a say in what a statement does."""
