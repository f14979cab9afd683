"""The media types in which rows are answered: the one place that lists them."""

JSON = "application/json"
PROBLEM = "application/problem+json"
ROW_MEDIA: tuple[str, ...] = (JSON,)
"""What an answer with rows may be asked for as, the default first. JSON has the documented schema."""
