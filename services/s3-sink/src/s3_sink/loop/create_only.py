"""What must be true of a store before the sink runs: it refuses to overwrite."""

from coinlake.contracts.raw_layout import CHAIN_PREFIX
from coinlake.errors import ConfigError, PreconditionFailedError, TransientError
from s3_sink.core.ports import Store

# Kept for ever: a probe that has to be deleted would need a right that the sink should not have.
PROBE_KEY = f"{CHAIN_PREFIX}probe"
_PROBE_BODY = b"The sink puts this key twice at each start; the second must be refused (412).\n"


async def require_create_only(store: Store) -> None:
    """Put a key twice: a store that takes it twice would let zombies overwrite data.

    Raises ConfigError where it does, TransientError where its answers do not go together.
    """
    taken = ""
    for _ in range(2):
        try:
            taken = await store.put(PROBE_KEY, _PROBE_BODY, if_none_match=True)
        except PreconditionFailedError:
            if await store.head(PROBE_KEY) is not None:
                return
            raise TransientError(
                f"{PROBE_KEY} is refused as if it existed, but it does not exist"
            ) from None
    there = await store.head(PROBE_KEY)
    if there is None or there.etag != taken:
        # A restart by hand would be needed after a ConfigError: first be sure whose word it is.
        raise TransientError(f"{PROBE_KEY} was accepted twice, but it does not exist")
    raise ConfigError(
        "the object store ignores If-None-Match: two sinks could overwrite each other"
    )
