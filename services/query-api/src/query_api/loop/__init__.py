"""The work behind the requests: queries from submission to their end."""
