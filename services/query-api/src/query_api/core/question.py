"""What is asked, exactly: by what two questions are the same, and the token that Athena knows it by."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from enum import Enum

from query_api.core.statements import Statement


class Sharing(Enum):
    """How far one answer may serve others who ask the same."""

    ALONE = "alone"
    """Each gets a query of its own: the rows depend on who asks when (`now()`)."""
    RUNNING = "running"
    """Those who ask while it runs share it: which hours it reads is not known."""
    KEPT = "kept"
    """The version names everything that the rows depend on: one answer for as long as it stands."""


@dataclass(frozen=True, slots=True)
class Question:
    """A statement with its bound values, over one version of the data, and who may share it.

    `version` changes with everything that the rows depend on. `scopes`: an answer never goes to
    somebody who may not ask what its asker may.
    """

    statement: Statement
    max_rows: int
    version: str
    sharing: Sharing
    scopes: frozenset[str] = frozenset()


def fingerprint(question: Question) -> bytes:
    """32 bytes that differ between any two questions: every part of them, none next to another.

    JSON, since no list of texts can be read there as another one.
    """
    parts = [
        question.statement.sql,
        list(question.statement.parameters),
        question.max_rows,
        question.version,
        sorted(question.scopes),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).digest()


def request_token(question: Question, *, where: str, attempt: int, salt: bytes) -> str:
    """A ClientRequestToken: the same in every process that asks the same with the same salt.

    Athena gives the query of a token to whoever knows it, also to somebody without rights on its
    tables (Athena API, StartQueryExecution: ClientRequestToken), so it must not be guessed:
    HMAC-SHA256, 64 hex digits of the 32 to 128 characters that it may have. `where` names all
    else that Athena compares: database, workgroup, output.
    """
    text = json.dumps([where, attempt]).encode() + fingerprint(question)
    return hmac.new(salt, text, hashlib.sha256).hexdigest()
