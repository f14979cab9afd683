"""What the stack tells the person at the terminal when it cannot go on."""


class StackError(Exception):
    """Something the person can act on. The text is one sentence, with a log's end if any."""
