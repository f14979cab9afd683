"""The loops of the ingestor: one polls, one sends, one watches that both still run."""
