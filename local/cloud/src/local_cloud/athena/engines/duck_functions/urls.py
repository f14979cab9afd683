"""URLs (UrlFunctions): parts of an address, null where it is none, and percent signs."""

import re
from urllib.parse import quote_plus

from local_cloud.athena.engines.duck_sql.registry import python
from local_cloud.athena.sql.failures import invalid_argument
from local_cloud.athena.sql.values import java_uri
from local_cloud.athena.sql.values.utf8 import java_decoded


def _uri(text: str) -> java_uri.Uri | None:
    try:
        return java_uri.parsed(text)
    except java_uri.URISyntaxError:
        return None


@python("url_extract_protocol(varchar(x))")
def _protocol(url: str) -> str | None:
    uri = _uri(url)
    return None if uri is None else uri.scheme or ""


@python("url_extract_host(varchar(x))")
def _host(url: str) -> str | None:
    uri = _uri(url)
    return None if uri is None else uri.host or ""


@python("url_extract_port(varchar(x))")
def _port(url: str) -> int | None:
    uri = _uri(url)
    return None if uri is None or uri.port < 0 else uri.port


@python("url_extract_path(varchar(x))")
def _path(url: str) -> str | None:
    uri = _uri(url)
    return None if uri is None else java_uri.decoded(uri.path) or ""


@python("url_extract_query(varchar(x))")
def _query(url: str) -> str | None:
    uri = _uri(url)
    return None if uri is None else java_uri.decoded(uri.query) or ""


@python("url_extract_fragment(varchar(x))")
def _fragment(url: str) -> str | None:
    uri = _uri(url)
    return None if uri is None else java_uri.decoded(uri.fragment) or ""


@python("url_extract_parameter(varchar(x),varchar(y))")
def _parameter(url: str, name: str) -> str | None:
    """The first parameter of that name, which is compared as it is written."""
    uri = _uri(url)
    if uri is None or uri.query is None:
        return None
    for one in uri.query.split("&"):
        found, sign, value = one.partition("=")
        if found == name:
            return _decoded(value) if sign else ""
    return None


@python("url_encode(varchar(x))")
def _encode(text: str) -> str:
    # Guava's urlFormParameterEscaper leaves * and escapes ~; quote_plus does the opposite.
    return quote_plus(text, safe="*").replace("~", "%7E")


@python("url_decode(varchar(x))")
def _decode(text: str) -> str:
    return _decoded(text)


def _decoded(text: str) -> str:
    """java.net.URLDecoder."""

    def octets(run: re.Match[str]) -> str:
        values = [_octet(run[0][at + 1 : at + 3]) for at in range(0, len(run[0]), 3)]
        return java_decoded(bytes(values))

    return re.sub(r"(?:%.{0,2})+?(?!%)", octets, text.replace("+", " "), flags=re.DOTALL)


def _octet(digits: str) -> int:
    if not re.fullmatch("[0-9A-Fa-f]{2}", digits):
        raise invalid_argument("URLDecoder: Illegal hex characters")
    return int(digits, 16)
