"""Entity tags of answers, and the conditions that clients set on them (RFC 9110, 8.8.3 and 13.1.2)."""

import hashlib
import re

from query_api.core.question import Question, fingerprint

# entity-tag = [ "W/" ] DQUOTE *etagc DQUOTE (RFC 9110, 8.8.3), and what may stand before and behind it
# in a list. Each character has one place to be read at, so that no header costs more than its length.
_TAG = re.compile(r'[ \t,]*(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*(?=,|$)')


def etag(question: Question, representation: str) -> str:
    """The tag of an answer in a representation (its media type).

    Weak: two answers of one version hold the same rows, but each says when it was asked and what
    it cost (`meta`), and may be compressed otherwise.
    """
    digest = hashlib.sha256(fingerprint(question) + representation.encode()).hexdigest()
    return f'W/"{digest[:32]}"'


def matches(if_none_match: str | None, tag: str | None) -> bool:
    """Whether the client has this already: `*`, or a list that holds the tag by weak comparison.

    `tag` is None where an answer has none: only `*` matches it. A field that is no list of tags
    says nothing (RFC 9110, 13.1.2).
    """
    if if_none_match is None:
        return False
    if if_none_match.strip() == "*":
        return True
    if tag is None:
        return False
    return tag.removeprefix("W/").strip('"') in _opaque_tags(if_none_match)


def _opaque_tags(field: str) -> list[str]:
    """The tags of a list without their strength; nothing where it is no list."""
    found, at, end = list[str](), 0, len(field.rstrip(" \t,"))
    while at < end:
        match = _TAG.match(field, at)
        if match is None:
            return []
        found.append(match[1])
        at = match.end()
    return found
