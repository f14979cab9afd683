"""The process's heap: what is freed goes back to the machine, and the collector has little to do."""

import ctypes
import gc

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_MIB = 1024 * 1024
# New objects that may be left over before the collector looks for cycles among them.
_COLLECT_AFTER = 20_000


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


def spare_the_collector() -> None:
    """Spare the collector what is here to stay, and most of its rounds.

    Each batch makes thousands of objects that hold no cycles and are gone at once; looking through
    all modules and API models that often took a twentieth of the sink's CPU time, as measured.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 10, 10)
