"""What a process under test inherits of the environment, beside what its test sets."""

import os


def source_path() -> dict[str, str]:
    """Whoever tries another source puts it first on this path (`tests.mutants`)."""
    return {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
