"""Hashes of bytes (VarbinaryFunctions, HmacFunctions)."""

import hashlib
import hmac
import zlib
from collections.abc import Callable

from local_cloud.athena.engines.duck_sql.registry import python
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.values import hashes


def _digest(algorithm: str) -> Callable[[bytes], bytes]:
    return lambda value: hashlib.new(algorithm, value, usedforsecurity=False).digest()


def _keyed(algorithm: str) -> Callable[[bytes, bytes], bytes]:
    def computed(value: bytes, key: bytes) -> bytes:
        if not key:
            # javax.crypto.spec.SecretKeySpec refuses an empty key.
            raise QueryError("GENERIC_INTERNAL_ERROR", "Empty key")
        return hmac.digest(key, value, algorithm)

    return computed


for _name in ("md5", "sha1", "sha256", "sha512"):
    python(f"{_name}(varbinary)")(_digest(_name))
    python(f"hmac_{_name}(varbinary,varbinary)")(_keyed(_name))

python("crc32(varbinary)")(zlib.crc32)
python("murmur3(varbinary)")(hashes.murmur3)


@python("xxhash64(varbinary)")
def _xxhash64(value: bytes) -> bytes:
    return hashes.xxhash64(value).to_bytes(8, "big")


@python("spooky_hash_v2_32(varbinary)")
def _spooky_hash_32(value: bytes) -> bytes:
    return (hashes.spooky_hash_64(value) & 0xFFFFFFFF).to_bytes(4, "big")


@python("spooky_hash_v2_64(varbinary)")
def _spooky_hash_64(value: bytes) -> bytes:
    return hashes.spooky_hash_64(value).to_bytes(8, "big")
