"""What is done with each field of each request: carried out, of no consequence here, or refused."""
