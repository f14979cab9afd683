"""What stops a release."""


class ReleaseError(Exception):
    """A release that cannot be made; its text is one sentence for the person who asked for it."""
