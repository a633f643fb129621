"""The door to the cluster: connecting, the function library, and the errors of both as ours."""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import cast

from glide import (
    AdvancedGlideClusterClientConfiguration,
    AllPrimaries,
    BackoffStrategy,
    ClusterBatch,
    ClusterBatchOptions,
    GlideClusterClient,
    GlideClusterClientConfiguration,
    GlideError,
    Logger,
    LogLevel,
    NodeAddress,
    PeriodicChecksManualInterval,
    PubSubMsg,
    RequestError,
    ServerCredentials,
    TlsAdvancedConfiguration,
)

log = logging.getLogger(__name__)

LIBRARY_VERSION = 1
_TOPOLOGY_SECONDS = 1
_RESUBSCRIBE_MS = 500
_CONNECT_AGAIN_SECONDS = 0.5
_RECONNECT = BackoffStrategy(num_of_retries=4, factor=50, exponent_base=2)

Argument = bytes | str
Reply = object
"""What a function answers: bytes, integers, None, or lists of these."""
OnMessage = Callable[[bytes, bytes], None]
"""Called in the event loop with the channel and the message."""


class RedisError(Exception):
    """A command was not carried out, or nobody knows whether it was."""


class RedisAwayError(RedisError):
    """The cluster, or the node asked, does not answer in time."""


@dataclass(frozen=True, slots=True)
class RedisSettings:
    """Where the cluster is and how it is spoken to; any of its nodes is enough."""

    addresses: Sequence[tuple[str, int]]
    username: str | None = None
    password: str = field(default="", repr=False)
    tls: bool = False
    tls_ca_file: Path | None = None
    """Certificates to trust instead of the system's."""
    tls_certificate_file: Path | None = None
    """What we show of ourselves, with its key."""
    tls_key_file: Path | None = None
    request_ms_max: int = 500
    connect_ms_max: int = 1_000


def _configuration(
    settings: RedisSettings, on_message: OnMessage | None
) -> GlideClusterClientConfiguration:
    certificates: TlsAdvancedConfiguration | None = None
    if settings.tls:
        ca, certificate, key = (
            None if path is None else path.read_bytes()
            for path in (
                settings.tls_ca_file,
                settings.tls_certificate_file,
                settings.tls_key_file,
            )
        )
        certificates = TlsAdvancedConfiguration(
            root_pem_cacerts=ca, client_cert_pem=certificate, client_key_pem=key
        )
    subscriptions: GlideClusterClientConfiguration.PubSubSubscriptions | None = None
    if on_message is not None:
        loop = asyncio.get_running_loop()

        def heard(message: PubSubMsg, _context: object) -> None:
            try:
                on_message(cast("bytes", message.channel), cast("bytes", message.message))
            except Exception as error:  # noqa: BLE001 - a root: the client would swallow it
                loop.call_exception_handler({"message": "a message failed", "exception": error})

        subscriptions = GlideClusterClientConfiguration.PubSubSubscriptions({}, heard, None)
    credentials = None
    if settings.password:
        credentials = ServerCredentials(settings.password, settings.username)
    return GlideClusterClientConfiguration(
        [NodeAddress(host, port) for host, port in settings.addresses],
        use_tls=settings.tls,
        credentials=credentials,
        request_timeout=settings.request_ms_max,
        reconnect_strategy=_RECONNECT,
        periodic_checks=PeriodicChecksManualInterval(_TOPOLOGY_SECONDS),
        pubsub_subscriptions=subscriptions,
        client_name="openoutcry",
        advanced_config=AdvancedGlideClusterClientConfiguration(
            connection_timeout=settings.connect_ms_max,
            tls_config=certificates,
            pubsub_reconciliation_interval=_RESUBSCRIBE_MS,
        ),
    )


def library(source: str | None = None) -> tuple[str, str]:
    """Return (name, code) of the function library; its name changes with its code."""
    if source is None:
        source = files("openoutcry.adapters.redis").joinpath("functions.lua").read_text()
    digest = hashlib.sha256(source.encode()).hexdigest()[:8]
    name = f"openoutcry_{LIBRARY_VERSION}_{digest}"
    return name, source.replace("@NAME@", name)


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """One call of a library function; all its keys have one hash tag."""

    function: str
    keys: Sequence[str]
    arguments: Sequence[Argument]


class Redis:
    """A connected client. Functions are loaded where they are missing, whenever that is."""

    def __init__(
        self,
        client: GlideClusterClient,
        settings: RedisSettings,
        on_message: OnMessage | None,
        source: str | None,
    ) -> None:
        self._client = client
        self._settings = settings
        self._on_message = on_message
        self._channels: set[str] = set()
        self.library_name, self._code = library(source)

    @classmethod
    async def connect(
        cls,
        settings: RedisSettings,
        *,
        on_message: OnMessage | None = None,
        source: str | None = None,
    ) -> "Redis":
        """Connect to the cluster and load the functions; raises RedisAwayError when it is not up.

        `on_message` hears the shard channels subscribed to later; `source` is for tests.
        """
        Logger.init(LogLevel.ERROR)
        try:
            client = await GlideClusterClient.create(_configuration(settings, on_message))
        except GlideError as error:
            raise RedisAwayError(f"no cluster at {_where(settings)}: {error}") from error
        redis = cls(client, settings, on_message, source)
        await redis.load_functions()
        return redis

    @classmethod
    async def connect_when_up(
        cls, settings: RedisSettings, *, on_message: OnMessage | None = None
    ) -> "Redis":
        """Connect as soon as there is a cluster to connect to: nothing else may wait for it."""
        while True:
            try:
                return await cls.connect(settings, on_message=on_message)
            except RedisError as error:
                log.warning("Redis is not up: %s", error)
                await asyncio.sleep(_CONNECT_AGAIN_SECONDS)

    async def renew(self) -> None:
        """Change to new connections, with the same subscriptions.

        The client finds a new primary for its calls at once, but may try to subscribe at a lost
        one for a quarter of a minute.
        """
        try:
            spare = await GlideClusterClient.create(
                _configuration(self._settings, self._on_message)
            )
            try:
                if self._channels:
                    wait_ms = self._settings.request_ms_max
                    await spare.ssubscribe(set(self._channels), timeout_ms=wait_ms)
                spare, self._client = self._client, spare
            finally:
                await spare.close()
        except GlideError as error:
            raise _translated(error) from error

    async def close(self) -> None:
        """Disconnect."""
        await self._client.close()

    async def load_functions(self) -> None:
        """Load the library on every primary that lacks it."""
        try:
            await self._client.function_load(self._code, replace=True, route=AllPrimaries())
        except GlideError as error:
            raise _translated(error) from error

    async def call(
        self, function: str, keys: Sequence[str], arguments: Sequence[Argument] = ()
    ) -> Reply:
        """Call one function; raises RedisError."""
        reply = (await self.call_all([FunctionCall(function, keys, arguments)]))[0]
        if isinstance(reply, RedisError):
            raise reply
        return reply

    async def call_all(self, calls: Sequence[FunctionCall]) -> list[Reply | RedisError]:
        """Call functions in one go; each answers for itself, unless all fail: RedisAwayError."""
        replies = await self._call_all(calls)
        missing = [at for at, reply in enumerate(replies) if _is_missing(reply)]
        if missing:
            log.warning("functions are missing in Redis: loading them")
            await self.load_functions()
            again = await self._call_all([calls[at] for at in missing])
            for at, reply in zip(missing, again, strict=True):
                replies[at] = reply
        return replies

    async def _call_all(self, calls: Sequence[FunctionCall]) -> list[Reply | RedisError]:
        batch = ClusterBatch(is_atomic=False)
        for call in calls:
            name = f"{self.library_name}_{call.function}"
            batch.fcall(name, list(call.keys), list(call.arguments))
        options = ClusterBatchOptions(timeout=self._settings.request_ms_max)
        try:
            replies = await self._client.exec(batch, raise_on_error=False, options=options)
        except GlideError as error:
            raise _translated(error) from error
        assert replies is not None
        return [_translated(r) if isinstance(r, GlideError) else r for r in replies]

    async def send(self, channel: str, message: bytes) -> None:
        """Send a message on a shard channel to whoever listens now."""
        try:
            await self._client.publish(message, channel, sharded=True)
        except GlideError as error:
            raise _translated(error) from error

    async def listen(self, channels: Sequence[str]) -> None:
        """Subscribe to shard channels, and return when the nodes have confirmed."""
        self._channels.update(channels)
        try:
            await self._client.ssubscribe(set(channels), timeout_ms=self._settings.request_ms_max)
        except GlideError as error:
            raise _translated(error) from error

    async def ignore(self, channels: Sequence[str]) -> None:
        """Unsubscribe from shard channels soon."""
        self._channels.difference_update(channels)
        try:
            await self._client.sunsubscribe_lazy(set(channels))
        except GlideError as error:
            raise _translated(error) from error


def _where(settings: RedisSettings) -> str:
    return ", ".join(f"{host}:{port}" for host, port in settings.addresses)


def _is_missing(reply: object) -> bool:
    return isinstance(reply, RedisError) and "Function not found" in str(reply)


def _translated(error: GlideError) -> RedisError:
    """Return our error for the client's: what the server said, or that it did not answer."""
    if type(error) is RequestError:
        return RedisError(str(error))
    return RedisAwayError(f"{type(error).__name__}: {error}")
