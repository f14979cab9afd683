"""Requests as they come over the wire, read by AWS's model: which operation, and which fields."""
