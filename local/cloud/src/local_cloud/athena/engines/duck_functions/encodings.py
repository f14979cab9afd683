"""Bytes as text and back: hex, base32, base64, UTF-8, and the bytes of numbers.

(VarbinaryFunctions, StringFunctions)
"""

import base64
import re
import struct
import unicodedata

from local_cloud.athena.engines.duck_sql.registry import Signature, python, sql
from local_cloud.athena.sql.failures import invalid_argument, not_supported
from local_cloud.athena.sql.values.utf8 import repaired


def _ascii(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


# ---- hex and the bases --------------------------------------------------------------------------


@sql("to_hex(varbinary)", total=True)
def _to_hex(value: str) -> str:
    return f"hex({value})"


@python("from_hex(varchar(x))", "from_hex(varbinary)")
def _from_hex(value: str | bytes) -> bytes:
    digits = _ascii(value)
    if len(digits) % 2:
        raise invalid_argument(f"invalid input length {len(digits)}")
    if not re.fullmatch(rb"[0-9a-fA-F]*", digits):
        raise invalid_argument("not a hexadecimal digit")
    return bytes.fromhex(digits.decode())


@python("to_base64(varbinary)")
def _to_base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


@python("to_base64url(varbinary)")
def _to_base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode()


def _from_base64_digits(digits: bytes, letters: bytes) -> bytes:
    """java.util.Base64's decoder: padding may be missing, but not wrong or in the middle."""
    body = digits.rstrip(b"=")
    padding = len(digits) - len(body)
    if not re.fullmatch(b"[A-Za-z0-9" + letters + b"]*", body):
        raise invalid_argument("Illegal base64 character")
    rest = len(body) % 4
    if rest == 1 or padding not in (0, (-rest) % 4):
        raise invalid_argument("Input byte array has wrong 4-byte ending unit")
    return base64.b64decode(body + b"=" * (-rest % 4), b"-_" if b"_" in letters else None)


@python("from_base64(varchar(x))", "from_base64(varbinary)")
def _from_base64(value: str | bytes) -> bytes:
    return _from_base64_digits(_ascii(value), rb"+/")


@python("from_base64url(varchar(x))", "from_base64url(varbinary)")
def _from_base64url(value: str | bytes) -> bytes:
    return _from_base64_digits(_ascii(value), rb"\-_")


@python("to_base32(varbinary)")
def _to_base32(value: bytes) -> str:
    return base64.b32encode(value).decode()


@python("from_base32(varchar(x))", "from_base32(varbinary)")
def _from_base32(value: str | bytes) -> bytes:
    """Guava's BaseEncoding: padding is not looked at, left-over bits neither."""
    text = repaired(value, "\ufffd") if isinstance(value, bytes) else value
    body = text.rstrip("=")
    if not re.fullmatch(r"[A-Z2-7]*", body):
        raise invalid_argument("Unrecognized character")
    if len(body) % 8 in (1, 3, 6):
        raise invalid_argument(f"Invalid input length {len(body)}")
    return base64.b32decode(body + "=" * (-len(body) % 8))


# ---- UTF-8 --------------------------------------------------------------------------------------


@sql("to_utf8(varchar(x))", total=True)
def _to_utf8(value: str) -> str:
    return f"encode({value})"


@python("to_utf8(char(x))")
def _char_to_utf8(value: str, types: Signature) -> bytes:
    return value.ljust(types.arguments[0].precision or 0).encode()


@python("from_utf8(varbinary)")
def _from_utf8(value: bytes) -> str:
    return repaired(value, "\ufffd")


@python("from_utf8(varbinary,varchar(x))")
def _from_utf8_with_text(value: bytes, replacement: str) -> str:
    if len(replacement) > 1:
        raise invalid_argument("Replacement character string must empty or a single character")
    return repaired(value, replacement)


@python("from_utf8(varbinary,bigint)")
def _from_utf8_with_code(value: bytes, replacement: int) -> str:
    if replacement > 0x10FFFF or replacement < -(2**31):
        raise invalid_argument("Invalid replacement character")
    if replacement < 0:
        raise not_supported("a negative replacement character")
    if unicodedata.category(chr(replacement)) == "Cs":
        raise invalid_argument("Invalid replacement character")
    return repaired(value, chr(replacement))


# ---- numbers ------------------------------------------------------------------------------------


@python("to_big_endian_64(bigint)")
def _to_big_endian_64(value: int) -> bytes:
    return value.to_bytes(8, "big", signed=True)


@python("to_big_endian_32(integer)")
def _to_big_endian_32(value: int) -> bytes:
    return value.to_bytes(4, "big", signed=True)


def _sized(value: bytes, size: int, what: str) -> bytes:
    if len(value) != size:
        raise invalid_argument(what)
    return value


@python("from_big_endian_64(varbinary)")
def _from_big_endian_64(value: bytes) -> int:
    what = f"expected 8-byte input, but got instead: {len(value)}"
    return int.from_bytes(_sized(value, 8, what), "big", signed=True)


@python("from_big_endian_32(varbinary)")
def _from_big_endian_32(value: bytes) -> int:
    what = f"expected 4-byte input, but got instead: {len(value)}"
    return int.from_bytes(_sized(value, 4, what), "big", signed=True)


@python("to_ieee754_64(double)")
def _to_ieee754_64(value: float) -> bytes:
    # Double.doubleToLongBits knows one NaN.
    return struct.pack(">d", value) if value == value else b"\x7f\xf8" + bytes(6)


@python("to_ieee754_32(real)")
def _to_ieee754_32(value: float) -> bytes:
    if value != value:
        # Trino shows the bits as they are, and the sign of a NaN that a processor has made is up
        # to the processor.
        raise not_supported("to_ieee754_32 of NaN")
    return struct.pack(">f", value)


@python("from_ieee754_64(varbinary)")
def _from_ieee754_64(value: bytes) -> float:
    what = "Input floating-point value must be exactly 8 bytes long"
    found: float = struct.unpack(">d", _sized(value, 8, what))[0]
    return found


@python("from_ieee754_32(varbinary)")
def _from_ieee754_32(value: bytes) -> float:
    what = "Input floating-point value must be exactly 4 bytes long"
    found: float = struct.unpack(">f", _sized(value, 4, what))[0]
    return found
