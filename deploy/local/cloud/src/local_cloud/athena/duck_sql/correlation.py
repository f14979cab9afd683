"""Which correlated queries Trino can decorrelate: of the others it answers none, and so do we."""

from collections.abc import Set

from local_cloud.athena.analysis.scope import Scope


def check_correlation(boundary: Scope, shape: Set[str], use: str) -> None:
    """Refuse a query of this shape that uses columns from around it in ways Trino cannot."""
