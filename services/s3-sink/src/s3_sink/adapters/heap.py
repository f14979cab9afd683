"""The C library's heap: what is freed goes back, or memory is the sum of all peaks of all stages."""

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_MIB = 1024 * 1024


def give_back() -> bool:
    """Tell the allocator, before threads are started; False where it is not glibc's.

    Left alone glibc keeps an arena for each thread, and after the first big block that is freed it
    takes blocks of up to 32 MiB from its heap (mallopt(3): M_ARENA_MAX, M_MMAP_THRESHOLD), where
    what is small and stays keeps holes open: the sink then had half as much again as it held, as
    measured.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    # An answer of Kafka is below 4 MiB and gone at once, an object above it.
    wanted = ((_MMAP_THRESHOLD, 4 * _MIB), (_TRIM_THRESHOLD, 8 * _MIB), (_ARENA_MAX, 2))
    return all(mallopt(name, value) == 1 for name, value in wanted)
