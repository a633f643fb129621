"""One signed POST to a person's program: bounded in time and size, following nothing."""

import asyncio
import ssl
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

import httptools
import msgspec

from openoutcry.notifications.signing import SIGNATURE_HEADER, signature
from openoutcry.notifications.targets import Address, Target, TargetError, resolve, target_of
from openoutcry.notifications.templates import render
from openoutcry.ports.notifications import Notification

SECONDS_MAX = 10.0
"""From the first packet to the status."""
ASKED_AT_ONCE_MAX = 8
"""Names whose addresses are asked for at once; in threads that nobody else waits for."""
ADDRESSES_MAX = 4
"""So many addresses of a host are tried."""
ANSWER_BYTES_MAX = 16_384
RETRY_AFTER_SECONDS_MAX = 3_600
GONE = 410
_OK = range(200, 300)
_READ_BYTES = 4_096


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request. The body of an answer is never read: it is nobody's business."""

    ok: bool
    outcome: str
    for_good: bool = False
    """Whether trying again makes no sense."""
    retry_after_seconds: int | None = None
    gone: bool = False
    """Whether the receiver says that it wants nothing more."""


class _Head:
    """Takes in an answer until its headers are complete."""

    def __init__(self) -> None:
        self.is_complete = False
        self.retry_after = ""
        self._parser = httptools.HttpResponseParser(self)

    @property
    def status(self) -> int:
        return int(self._parser.get_status_code())

    def feed(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"retry-after":
            self.retry_after = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.is_complete = self.status >= 200


class _FormatError(Exception):
    """The answer is not HTTP, or its headers have no end."""


def body_of(notification: Notification) -> bytes:
    """Return what a receiver gets, the same bytes at each attempt."""
    words = render(notification)
    seconds, micros = divmod(notification.time_us, 1_000_000)
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return msgspec.json.encode(
        {
            "id": notification.notification_id,
            "kind": notification.kind.value,
            "event": notification.template,
            "created_at": f"{moment}.{micros:06d}Z",
            "title": words.title,
            "text": words.text,
            "facts": dict(notification.facts),
        }
    )


class Poster:
    """Sends signed requests."""

    def __init__(
        self,
        *,
        allow_loopback: bool = False,
        wall_seconds: Callable[[], float] = time.time,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.allow_loopback = allow_loopback
        self._wall_seconds = wall_seconds
        self._tls = tls if tls is not None else ssl.create_default_context()
        self._asking = ThreadPoolExecutor(ASKED_AT_ONCE_MAX, thread_name_prefix="webhook-names")

    async def post(
        self,
        url: str,
        secret: str,
        notification: Notification,
        delivery: str,
        *,
        seconds_max: float = SECONDS_MAX,
    ) -> Answer:
        """Send a notification; says what came of it, and raises nothing for what others do."""
        try:
            target = target_of(url, allow_loopback=self.allow_loopback)
            async with asyncio.timeout(seconds_max):
                addresses = await resolve(
                    target, allow_loopback=self.allow_loopback, threads=self._asking
                )
                request = self._request(target, secret, notification, delivery)
                return await self._exchange(target, addresses, request)
        except TargetError as error:
            return Answer(ok=False, outcome=str(error), for_good=True)
        except TimeoutError:
            return Answer(ok=False, outcome=f"no answer within {seconds_max:g} s")
        except ssl.SSLCertVerificationError as error:
            return Answer(ok=False, outcome=f"its certificate is not good: {error.verify_message}")
        except ssl.SSLError:
            return Answer(ok=False, outcome="no TLS connection")
        except _FormatError as error:
            return Answer(ok=False, outcome=str(error))
        except (OSError, EOFError):
            return Answer(ok=False, outcome="no connection")

    def _request(
        self, target: Target, secret: str, notification: Notification, delivery: str
    ) -> bytes:
        body = body_of(notification)
        lines = (
            f"POST {target.path} HTTP/1.1",
            f"Host: {target.host_header}",
            "User-Agent: Openoutcry-Webhook/1",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            f"Outcry-Notification: {notification.notification_id}",
            f"Outcry-Delivery: {delivery}",
            f"{SIGNATURE_HEADER}: {signature(secret, int(self._wall_seconds()), body)}",
            "Accept: */*",
            "Connection: close",
        )
        return "\r\n".join((*lines, "", "")).encode("ascii") + body

    async def _exchange(self, target: Target, addresses: list[Address], request: bytes) -> Answer:
        reader, writer = await self._connect(target, addresses)
        try:
            writer.write(request)
            await writer.drain()
            return _answer_of(await _read_head(reader))
        finally:
            writer.transport.abort()  # nothing of the answer's body is of interest

    async def _connect(
        self, target: Target, addresses: list[Address]
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to an address that was judged, whatever the name means by now."""
        *others, last = addresses[:ADDRESSES_MAX]
        for address in others:
            with suppress(ConnectionError):
                return await self._open(target, address)
        return await self._open(target, last)

    async def _open(
        self, target: Target, address: Address
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(
            str(address),
            target.port,
            ssl=self._tls if target.is_secure else None,
            server_hostname=target.host if target.is_secure else None,
            limit=ANSWER_BYTES_MAX,
        )


async def _read_head(reader: asyncio.StreamReader) -> _Head:
    head, count = _Head(), 0
    try:
        while not head.is_complete:
            data = await reader.read(_READ_BYTES)
            count += len(data)
            if not data or count > ANSWER_BYTES_MAX:
                raise _FormatError("its answer has no end" if data else "no answer")
            head.feed(data)
    except httptools.HttpParserUpgrade as error:
        raise _FormatError("its answer is not HTTP") from error
    except httptools.HttpParserError as error:
        if not head.is_complete:
            raise _FormatError("its answer is not HTTP") from error
    return head


def _answer_of(head: _Head) -> Answer:
    status = head.status
    if status in _OK:
        return Answer(ok=True, outcome=f"it answered {status}")
    seconds = None
    if head.retry_after.isascii() and head.retry_after.isdigit() and len(head.retry_after) < 9:
        seconds = min(int(head.retry_after), RETRY_AFTER_SECONDS_MAX)
    return Answer(
        ok=False,
        outcome=f"it answered {status}",
        for_good=status == GONE,
        retry_after_seconds=seconds,
        gone=status == GONE,
    )
