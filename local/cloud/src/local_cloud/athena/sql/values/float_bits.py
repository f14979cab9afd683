"""The bits of a double: its upper half, its lower half, its exponent (fdlibm's macros).

fdlibm: Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved. Developed at SunSoft, a
Sun Microsystems, Inc. business. Permission to use, copy, modify, and distribute this software is
freely granted, provided that this notice is preserved.
"""

import struct


def high_word(x: float) -> int:
    """The upper 32 bits without the sign."""
    return int(struct.unpack(">I", struct.pack(">d", x)[:4])[0]) & 0x7FFFFFFF


def without_low_word(x: float) -> float:
    """`x` with its lower 32 bits zero."""
    found: float = struct.unpack(">d", struct.pack(">d", x)[:4] + b"\0\0\0\0")[0]
    return found


def scaled(x: float, k: int) -> float:
    """`x` with k added to its exponent, whatever that makes of it."""
    bits = struct.unpack(">Q", struct.pack(">d", x))[0]
    found: float = struct.unpack(">d", struct.pack(">Q", (bits + (k << 52)) & (2**64 - 1)))[0]
    return found
