"""How fast one core of this machine packs the corpus: figures of two machines need a common measure."""

import time
import zlib
from collections.abc import Callable

from isal import isal_zlib

from bench.sink.corpus import Corpus, values

_SAMPLE = Corpus(1200, 10_000)


def packing() -> dict[str, float]:
    """MB of values per CPU second of each gzip that takes part, the best of three."""
    sample = b"\n".join(values(_SAMPLE, 1_790_000_000_000))
    return {
        "zlib level 1": _speed(sample, lambda data: zlib.compress(data, 1)),
        "zlib level 9": _speed(sample, lambda data: zlib.compress(data, 9)),
        "ISA-L level 1": _speed(sample, lambda data: isal_zlib.compress(data, 1)),
    }


def _speed(sample: bytes, pack: Callable[[bytes], object]) -> float:
    best_s = min(_once(sample, pack) for _ in range(3))
    return round(len(sample) / 1e6 / best_s, 1)


def _once(sample: bytes, pack: Callable[[bytes], object]) -> float:
    began = time.process_time()
    pack(sample)
    return time.process_time() - began
