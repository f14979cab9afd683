"""The media types and headers of answers with rows, as the document lists them."""

from query_api.core.negotiation import MEDIA_TYPES

JSON = "application/json"
PROBLEM = "application/problem+json"
ROW_MEDIA: tuple[str, ...] = tuple(MEDIA_TYPES.values())
"""What rows may be asked for as, the default first. JSON has the documented schema."""
ROW_HEADERS = ("Link", "Vary", "ETag")
