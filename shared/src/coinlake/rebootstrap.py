"""aiokafka's client, going back to the bootstrap addresses when no broker that it knows answers.

aiokafka 0.14 asks the configured addresses once, at the start, and then only the brokers it has
learned of (`AIOKafkaClient._metadata_update`; aiokafka #456, #459, #703). Kafka's Java client
goes back to them since KIP-899, by default since 4.0.
"""

import asyncio
import math
from typing import Any, TypeVar

from aiokafka import AIOKafkaClient
from aiokafka.conn import CloseReason

from coinlake import logs, reach

log = logs.get(__name__)
Owner = TypeVar("Owner")

# A broker answers within milliseconds; an election or a pause of its JVM takes a few seconds.
_SILENT_S = 5.0
_LOOK_EVERY_S = 1.0
# From one look at the bootstrap addresses to the next, while they lead nowhere.
_PAUSE_S, _PAUSE_CAP_S = 1.0, 8.0
_LOOK_TIMEOUT_S = 12.0
_PROBE_TIMEOUT_MS = 4_000
# To an address where nobody is; aiokafka waits as long as for an answer, and all others with it
# (aiokafka 0.14, client.py: _get_conn).
_CONNECT_S = 8.0
# Between two metadata requests. aiokafka's sender (`Sender._sender_routine`) asks again at once,
# without a pause, for as long as a partition it has a record for has no leader or is missing. So
# the gap grows to the cap while somebody waits for the next one, as Java's does (KIP-580).
_GAP_S, _GAP_CAP_S = 0.05, 1.0

_CONNECTION_OPTIONS = (
    "bootstrap_servers",
    "security_protocol",
    "ssl_context",
    "sasl_mechanism",
    "sasl_plain_username",
    "sasl_plain_password",
)


def rebootstrapping(owner: Owner) -> Owner:
    """A consumer, producer, admin or bare client of aiokafka that was not started yet, the same
    again: from now on it bootstraps anew, and `coinlake.reach` knows of it.

    The first three make their client themselves and take none that is handed in.
    """
    client: Any = next(
        one
        for one in (getattr(owner, "_client", None), getattr(owner, "client", None), owner)
        if isinstance(one, AIOKafkaClient)
    )
    kind = type(client)
    client.__class__ = type("RebootstrappingClient", (_Rebootstrapping, kind), {})
    client.reach = reach.Reach(client._client_id)
    client.healer = None
    client.gap_s, client.asked_at_s = _GAP_S, -math.inf
    return owner


class _Rebootstrapping(AIOKafkaClient):  # type: ignore[misc]
    """What is different. Its own fields are set by `rebootstrapping`."""

    reach: reach.Reach
    healer: asyncio.Task[None] | None
    gap_s: float
    asked_at_s: float

    async def bootstrap(self) -> None:
        await super().bootstrap()
        reach.watch(self.reach)
        if self.healer is None:
            self.healer = asyncio.create_task(self._heal(), name=f"heal {self._client_id}")
            self.healer.add_done_callback(_told)

    async def close(self) -> None:
        reach.forget(self.reach)
        if self.healer is not None:
            self.healer.cancel()
            await asyncio.wait([self.healer])
            self.healer = None
        await super().close()

    async def send(self, node_id: Any, request: Any, **how: Any) -> Any:
        with self.reach.asking():
            return await super().send(node_id, request, **how)

    async def _get_conn(self, node_id: Any, **how: Any) -> Any:
        # One lock serves the connections to all nodes: nobody may hold it for long.
        try:
            async with asyncio.timeout(_CONNECT_S):
                return await super()._get_conn(node_id, **how)
        except TimeoutError:
            log.warning("connect_timed_out", client=self._client_id, node=node_id)
            self.force_metadata_update()
            return None

    async def _metadata_update(self, cluster_metadata: Any, topics: Any) -> bool:
        await self._not_too_soon()
        try:
            with self.reach.asking():
                if not await super()._metadata_update(cluster_metadata, topics):
                    raise _NobodyAnsweredError
        except _NobodyAnsweredError:
            return False
        except Exception as error:
            # At an old address anybody may answer anything; aiokafka's task would end with it
            # (aiokafka 0.14, client.py: _md_synchronizer).
            log.error("metadata_unreadable", client=self._client_id, reason=repr(error))
            return False
        return True

    async def _not_too_soon(self) -> None:
        loop = asyncio.get_running_loop()
        ago_s = loop.time() - self.asked_at_s
        # Who asks in a loop pauses a little himself: the cap and a half still is in a hurry.
        hurried = ago_s < 1.5 * _GAP_CAP_S
        self.gap_s = min(self.gap_s * 2, _GAP_CAP_S) if hurried else _GAP_S
        await asyncio.sleep(max(0.0, self.gap_s - ago_s))
        self.asked_at_s = loop.time()

    async def _heal(self) -> None:
        pause_s = _PAUSE_S
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            if self.reach.silent_s < _SILENT_S:
                pause_s = _PAUSE_S
                continue
            brokers = await self._brokers_by_bootstrap()
            self.reach.others_are_answered(bool(brokers))
            if brokers:
                pause_s = _PAUSE_S
                self._learn(brokers)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _PAUSE_CAP_S)

    async def _brokers_by_bootstrap(self) -> set[Any]:
        """The brokers that the bootstrap addresses name; none where none of them answers."""
        options = {name: getattr(self, f"_{name}") for name in _CONNECTION_OPTIONS}
        probe = AIOKafkaClient(
            **options,
            client_id=f"{self._client_id}-bootstrap",
            request_timeout_ms=_PROBE_TIMEOUT_MS,
        )
        try:
            async with asyncio.timeout(_LOOK_TIMEOUT_S):
                await probe.bootstrap()
                brokers: set[Any] = probe.cluster.brokers()
                for broker in brokers:
                    if await probe.ready(broker.nodeId):
                        return brokers
        except Exception as error:
            # Whatever it is, the next look may be better.
            log.warning("bootstrap_failed", client=self._client_id, reason=repr(error))
        finally:
            await probe.close()
        return set()

    def _learn(self, brokers: set[Any]) -> None:
        """Take their addresses for those that were known, and let go of connections to others."""
        known = self.cluster.brokers()
        if known != brokers:
            log.warning(
                "brokers_learned_anew",
                client=self._client_id,
                before=_addresses(known),
                after=_addresses(brokers),
                silent_s=round(self.reach.silent_s, 1),
            )
            # Only where they are: what they lead comes with the metadata that they give.
            self.cluster._brokers = {broker.nodeId: broker for broker in brokers}
            for (node, _), connection in list(self._conns.items()):
                broker = self.cluster.broker_metadata(node)
                now_at = None if broker is None else (broker.host, broker.port)
                if (connection.host, connection.port) != now_at:
                    connection.close(reason=CloseReason.CONNECTION_BROKEN)
        self.force_metadata_update()


class _NobodyAnsweredError(Exception):
    """No broker that is known has answered."""


def _addresses(brokers: set[Any]) -> list[str]:
    return sorted(f"{broker.host}:{broker.port}" for broker in brokers)


def _told(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("rebootstrap_ended", exc_info=error)
