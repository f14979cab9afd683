"""Which token a question is sent under: one for all replicas, until that one is spent."""

import secrets
from collections import OrderedDict
from collections.abc import Callable

from query_api.core.attempts import MAX_SHARED_ATTEMPTS
from query_api.core.question import Question, Sharing, fingerprint, request_token

_REMEMBERED = 4096


class Tokens:
    """Tokens of the process. Without a salt of its own a process shares with no other."""

    def __init__(self, salt: str, where: str, new_id: Callable[[], str]) -> None:
        self._salt = salt.encode() if salt else secrets.token_bytes(32)
        self._where = where
        self._new_id = new_id
        self._spent: OrderedDict[bytes, int] = OrderedDict()

    def token(self, question: Question) -> str:
        """What to send with the question now.

        Only rows that follow from the version alone are worth a token that others have: Athena
        would give an old query for it. After several spent ones it is a token of our own.
        """
        attempt = self._spent.get(fingerprint(question), 0)
        if question.sharing is not Sharing.KEPT or attempt > MAX_SHARED_ATTEMPTS:
            return self._new_id()
        return request_token(question, where=self._where, attempt=attempt, salt=self._salt)

    def spend(self, question: Question) -> None:
        """The query of the token is of no use any more: the next one is another attempt."""
        key = fingerprint(question)
        self._spent[key] = self._spent.get(key, 0) + 1
        self._spent.move_to_end(key)
        if len(self._spent) > _REMEMBERED:
            self._spent.popitem(last=False)
