"""What pyspark itself warns of, on either version."""

import pytest

IGNORED = [
    # pyspark 3.5 asks distutils for versions, and py4j leaves its sockets to the collector.
    pytest.mark.filterwarnings("ignore:distutils Version classes:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
