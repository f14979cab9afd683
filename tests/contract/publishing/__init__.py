"""What every implementation of the publishing port is held to."""
