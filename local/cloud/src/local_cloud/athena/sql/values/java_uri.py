"""java.net.URI: the parts of an address, or that it is none (RFC 2396, 2732, and its deviations).

The documentation of java.net.URI gives the grammar, what it calls a server-based and a
registry-based authority, and which characters of other scripts it allows.
"""

import re
import unicodedata
from dataclasses import dataclass

from local_cloud.athena.sql.values.utf8 import java_decoded


class URISyntaxError(ValueError):
    """Not an address by java.net.URI's grammar."""


@dataclass(frozen=True, slots=True)
class Uri:
    """The raw parts; None where there is none."""

    scheme: str | None = None
    host: str | None = None
    port: int = -1
    path: str | None = None
    query: str | None = None
    fragment: str | None = None


_ALPHANUM = "A-Za-z0-9"
_UNRESERVED = _ALPHANUM + r"\-_.!~*'()"
_PATH = _UNRESERVED + ":@&=+$,;/"
_URIC = _UNRESERVED + r";/?:@&=+$,\[\]"
_REG_NAME = _UNRESERVED + "$,;:@&=+"
_USER_INFO = _UNRESERVED + ";:&=+$,"
_SERVER = _USER_INFO + r"@\[\]"

_SPLIT = re.compile(
    r"(?:([^/?#:]*):)?"  # scheme
    r"([^#]*)"
    r"(?:#(.*))?",
    re.DOTALL,
)
_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}")


def parsed(text: str) -> Uri:
    """Raises URISyntaxError."""
    found = _SPLIT.fullmatch(text)
    assert found is not None
    scheme, rest, fragment = found.groups()
    if scheme is not None and not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.\-]*", scheme):
        raise URISyntaxError("scheme name")
    if fragment is not None:
        _check(fragment, _URIC)
    if scheme is not None and not rest.startswith("/"):
        if not rest:
            raise URISyntaxError("scheme-specific part")
        _check(rest, _URIC)
        return Uri(scheme=scheme, fragment=fragment)
    host, port, rest = _authority(rest, fragment is None)
    path, mark, query = rest.partition("?")
    _check(path, _PATH)
    _check(query, _URIC)
    return Uri(scheme, host, port, path, query if mark else None, fragment)


def _check(text: str, allowed: str) -> None:
    """Each character is allowed, an escaped octet, or visible and not ASCII."""
    at = 0
    plain = re.compile(f"[{allowed}]+")
    while at < len(text):
        if found := plain.match(text, at) or _ESCAPED.match(text, at):
            at = found.end()
        elif _is_other(text[at]):
            at += 1
        else:
            raise URISyntaxError(f"illegal character at {at}")


def _is_other(char: str) -> bool:
    """Beyond ASCII, no space and no control character (the "other" category)."""
    kind = unicodedata.category(char)
    return ord(char) > 128 and not kind.startswith("Z") and kind != "Cc"


def _fits(text: str, allowed: str, *, escapes: bool) -> bool:
    if not escapes:
        return re.fullmatch(f"[{allowed}]*", text) is not None
    try:
        _check(text, allowed)
    except URISyntaxError:
        if re.search("%(?![0-9A-Fa-f]{2})", text) and _stops_at_escape(text, allowed):
            raise
        return False
    return True


def _stops_at_escape(text: str, allowed: str) -> bool:
    """Whether the first character that does not fit is a malformed escape, which is fatal."""
    plain = re.compile(f"(?:[{allowed}]|{_ESCAPED.pattern})*")
    at = 0
    while True:
        found = plain.match(text, at)
        assert found is not None
        at = found.end()
        if at < len(text) and _is_other(text[at]):
            at += 1
        else:
            return at < len(text) and text[at] == "%"


# ---- the authority ------------------------------------------------------------------------------


def _authority(rest: str, is_last: bool) -> tuple[str | None, int, str]:
    """(host, port, what follows)."""
    if not rest.startswith("//"):
        return None, -1, rest
    end = re.compile("[/?]|$").search(rest, 2)
    assert end is not None
    at = end.start()
    authority = rest[2:at]
    if not authority:
        if at == len(rest) and is_last:
            raise URISyntaxError("authority")
        return None, -1, rest[at:]
    host, port = _server_or_registry(authority)
    return host, port, rest[at:]


def _server_or_registry(authority: str) -> tuple[str | None, int]:
    if authority.find("]") > 0:
        server = _fits(authority, _SERVER + "%", escapes=True)
    else:
        server = _fits(authority, _SERVER, escapes=True)
    registry = _fits(authority, _REG_NAME, escapes=True)
    if registry and not server:
        return None, -1
    if server:
        try:
            return _server(authority)
        except URISyntaxError:
            if not registry:
                raise
            return None, -1
    raise URISyntaxError("illegal character in authority")


def _server(authority: str) -> tuple[str, int]:
    user, at, rest = authority.partition("@")
    if at:
        _check(user, _USER_INFO)
    else:
        rest = authority
    if rest.startswith("["):
        end = rest.find("]")
        if end <= 1:
            raise URISyntaxError("closing bracket for IPv6 address")
        _check_ipv6(rest[1:end])
        host, rest = rest[: end + 1], rest[end + 1 :]
    else:
        host, rest = _named_host(rest)
    if rest.startswith(":"):
        digits = rest[1:]
        if not digits:
            return host, -1
        if not re.fullmatch("[0-9]+", digits) or int(digits) >= 2**31:
            raise URISyntaxError("port number")
        return host, int(digits)
    if rest:
        raise URISyntaxError("end of authority")
    return host, -1


def _named_host(text: str) -> tuple[str, str]:
    """(host, what follows): numbers of an IPv4 address, or a name."""
    name = text.partition(":")[0]
    rest = text[len(name) :]
    if is_ipv4(name):
        return name, rest
    labels = name.removesuffix(".").split(".")
    for label in labels:
        if not re.fullmatch(f"[{_ALPHANUM}]([{_ALPHANUM}-]*[{_ALPHANUM}])?", label):
            raise URISyntaxError("hostname")
    if len(labels) > 1 and not re.match("[A-Za-z]", labels[-1]):
        raise URISyntaxError("hostname")
    return name, rest


def is_ipv4(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == 4 and all(
        re.fullmatch("[0-9]+", one) is not None and int(one) <= 255 for one in parts
    )


def _check_ipv6(text: str) -> None:
    address, percent, scope = text.partition("%")
    if percent and address:
        if not re.fullmatch(f"[{_ALPHANUM}_.]+", scope):
            raise URISyntaxError("scope id")
    elif percent:
        raise URISyntaxError("malformed IPv6 address")
    if not _is_ipv6(address):
        raise URISyntaxError("malformed IPv6 address")


def _is_ipv6(text: str) -> bool:
    if ":::" in text or text.count("::") > 1:
        return False
    compressed = "::" in text
    groups = []
    for half in text.split("::"):
        groups += half.split(":") if half else []
    size = 0
    for place, group in enumerate(groups):
        if place == len(groups) - 1 and "." in group:
            if not is_ipv4(group):
                return False
            size += 4
        elif re.fullmatch("[0-9A-Fa-f]{1,4}", group):
            size += 2
        else:
            return False
    return size < 16 if compressed else size == 16


# ---- percent signs ------------------------------------------------------------------------------


def decoded(raw: str | None) -> str | None:
    """URI.getPath and its like: escaped octets as UTF-8."""
    if raw is None:
        return None

    def text(run: re.Match[str]) -> str:
        return java_decoded(bytes.fromhex(run[0].replace("%", "")))

    return re.sub(f"(?:{_ESCAPED.pattern})+", text, raw)
