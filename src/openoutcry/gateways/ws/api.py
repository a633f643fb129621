"""The session of a WebSocket API connection: `/ws-api/v3`.

Most methods are REST endpoints under another name and run through the same handlers. What only this
API has is here: log-on, and subscriptions to user data.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import msgspec
from websockets.frames import CloseCode

from openoutcry.gateways.edge import auth, errors, params
from openoutcry.gateways.edge.auth import Authenticator
from openoutcry.gateways.edge.market_shapes import MICROSECONDS
from openoutcry.gateways.edge.page_sessions import Caller, PageSessions
from openoutcry.gateways.edge.service import ApiError, Call, Endpoint, Exchange, Security
from openoutcry.gateways.ws import user_events
from openoutcry.gateways.ws.connection import Connection
from openoutcry.gateways.ws.page_log_on import BAD_TICKET, PageLogOn
from openoutcry.gateways.ws.requests import (
    ApiRequest,
    RequestError,
    error_reply,
    parse_request,
    result_reply,
)
from openoutcry.gateways.ws.user_data import UserDataHub
from openoutcry.ports.notifications import InboxChange
from openoutcry.ports.rate_limits import (
    ORDERS_PER_10_SECONDS,
    ORDERS_PER_DAY,
    REQUEST_WEIGHT_PER_MINUTE,
    Limited,
)
from openoutcry.ports.users import ApiKey, KeyType

logger = logging.getLogger("openoutcry.websocket")

REQUESTS_IN_FLIGHT_MAX = 64
SUBSCRIPTIONS_MAX = 1_000
SUBSCRIPTIONS_LIFETIME_MAX = 65_535
SESSION_WEIGHT = 2
PROCESSING_US_MAX = 10_000_000
_AUTHENTICATION = ("apiKey", "signature", "timestamp", "recvWindow", "returnRateLimits")
_UNSUPPORTED_KEY = -4056
KEY_IS_NO_MORE = "API key is no longer valid"


@dataclass(slots=True)
class ApiServices:
    """What sessions of the WebSocket API share."""

    exchange: Exchange
    endpoints: Mapping[str, Endpoint]
    """By method of this API."""
    authenticator: Authenticator
    user_data: UserDataHub
    people: PageSessions | None = None
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    """Requests in flight, over all sessions."""
    sessions: dict["ApiSession", None] = field(default_factory=dict)


class SubscriptionSink:
    """One user data subscription of a session."""

    __slots__ = ("_prefix", "_session", "account_id", "by_session", "key", "subscription_id")

    def __init__(
        self, session: "ApiSession", subscription_id: int, key: ApiKey, *, by_session: bool
    ) -> None:
        self._session = session
        self.subscription_id = subscription_id
        self.account_id = key.account_id
        self.key = key
        self.by_session = by_session
        self._prefix = f'{{"subscriptionId":{subscription_id},"event":'.encode()

    @property
    def unit_us(self) -> int:
        """Microseconds in the unit of the connection's times."""
        return self._session.unit_us

    def user_event(self, event: str) -> None:
        """Send one event."""
        self._session.connection.send(self._prefix + event.encode() + b"}")

    def events_lost(self) -> None:
        """End the subscription."""
        self._session.end_subscription(self)


class ApiSession:
    """One connection to `/ws-api/v3`."""

    def __init__(
        self,
        connection: Connection,
        services: ApiServices,
        unit_us: int,
        *,
        return_rate_limits: bool,
        caller: Caller | None = None,
    ) -> None:
        self.connection = connection
        self.unit_us = unit_us
        self._services = services
        self._exchange = services.exchange
        self._return_rate_limits = return_rate_limits
        self._connected_us = self._exchange.clock()
        self._authorized_us = 0
        self._key: ApiKey | None = None
        self._key_revoked = False
        self._page = PageLogOn(services.people, caller, self._inbox_changed)
        self._in_flight: dict[_Job, None] = {}
        self._subscriptions: dict[int, SubscriptionSink] = {}
        self._next_subscription_id = 0
        self._own: dict[str, Callable[[ApiRequest, int], object]] = {
            "session.logon": self._log_on,
            "session.ticket": self._log_on_by_ticket,
            "session.status": self._status,
            "session.logout": self._log_out,
            "session.subscriptions": self._list_subscriptions,
            "userDataStream.subscribe": self._subscribe_session,
            "userDataStream.subscribe.signature": self._subscribe_signed,
            "userDataStream.unsubscribe": self._unsubscribe,
        }
        services.sessions[self] = None
        self._exchange.limiter.charge(connection.peer_ip, SESSION_WEIGHT, self._connected_us)

    # -- requests

    def received(self, message: bytes) -> None:
        """Answer one request, now or when its handler is done."""
        now_us = self._exchange.clock()
        try:
            request = parse_request(message)
        except RequestError as refusal:
            limited = self._exchange.limiter.admit(self.connection.peer_ip, 1, now_us)
            error = refusal.error if limited is None else _limit_error(limited, now_us)
            limits = self._rate_limits(None) if self._return_rate_limits else None
            self.connection.send(error_reply(refusal.request_id, error, limits))
            return
        job = _Job(request, now_us)
        self._page.used()
        try:
            body = self._begin(job)
        except ApiError as error:
            self._refuse(job, error)
            return
        except Exception:
            logger.exception("method %r failed", request.method[:64])
            self._refuse(job, errors.unknown_error())
            return
        if isinstance(body, bytes):
            self._reply(job, body)
            return
        self._in_flight[job] = None
        if len(self._in_flight) >= REQUESTS_IN_FLIGHT_MAX:
            self.connection.hold_reading(hold=True)
        task = asyncio.get_running_loop().create_task(self._finish(job, body))
        self._services.tasks.add(task)
        task.add_done_callback(self._services.tasks.discard)

    async def _finish(self, job: "_Job", work: Awaitable[bytes]) -> None:
        """Wait for a handler; whatever it raises becomes the API's own error."""
        try:
            body = await work
        except ApiError as error:
            self._refuse(job, error)
        except errors.UNANSWERED as error:
            self._refuse(job, errors.of_call(error))
        except Exception:
            logger.exception("method %r failed", job.request.method[:64])
            self._refuse(job, errors.unknown_error())
        else:
            self._reply(job, body)
        finally:
            self._in_flight.pop(job, None)
            if len(self._in_flight) < REQUESTS_IN_FLIGHT_MAX:
                self.connection.hold_reading(hold=False)

    def check_late(self, now_us: int) -> None:
        """Answer requests that take too long: their outcome is unknown."""
        for job in list(self._in_flight):
            if now_us - job.now_us >= PROCESSING_US_MAX:
                self._refuse(job, errors.outcome_unknown())

    def _reply(self, job: "_Job", body: bytes) -> None:
        if job.answered:
            return
        job.answered = True
        self.connection.send(result_reply(job.request.request_id, body, self._limits_of(job)))

    def _refuse(self, job: "_Job", error: ApiError) -> None:
        if job.answered:
            return
        job.answered = True
        now_us = self._exchange.clock()
        if job.weight_on_failure:
            self._exchange.limiter.charge(self.connection.peer_ip, job.weight_on_failure, now_us)
        if error.data is None and "Retry-After" in error.headers:
            retry_us = now_us + int(error.headers["Retry-After"]) * 1_000_000
            error.data = _retry_data(now_us, retry_us)
        self.connection.send(error_reply(job.request.request_id, error, self._limits_of(job)))

    def _limits_of(self, job: "_Job") -> bytes | None:
        wanted = job.request.parameters.get("returnRateLimits", "").lower()
        show = self._return_rate_limits if wanted not in {"true", "false"} else wanted == "true"
        return self._rate_limits(job.account_id) if show else None

    def _rate_limits(self, account_id: int | None) -> bytes:
        """Return the counts that a request was held against; order counts for orders only."""
        limiter, now_us = self._exchange.limiter, self._exchange.clock()
        limits: list[dict[str, object]] = []
        if account_id is not None:
            in_10_seconds, in_day = limiter.order_counts(account_id, now_us)
            limits.append(_limit("ORDERS", "SECOND", 10, ORDERS_PER_10_SECONDS, in_10_seconds))
            limits.append(_limit("ORDERS", "DAY", 1, ORDERS_PER_DAY, in_day))
        used = limiter.used_weight(self.connection.peer_ip, now_us)
        limits.append(_limit("REQUEST_WEIGHT", "MINUTE", 1, REQUEST_WEIGHT_PER_MINUTE, used))
        return msgspec.json.encode(limits)

    def _begin(self, job: "_Job") -> bytes | Awaitable[bytes]:
        """Let a request in, authenticate it and start its handler."""
        request = job.request
        own = self._own.get(request.method)
        if own is not None:
            self._admit(SESSION_WEIGHT, job.now_us)
            result = own(request, job.now_us)
            if isinstance(result, Awaitable):
                return _encoded(result)
            return msgspec.json.encode(result)
        endpoint = self._services.endpoints.get(request.method)
        if endpoint is None:
            self._admit(1, job.now_us)
            raise errors.unsupported_operation()
        weight = endpoint.weight
        if not isinstance(weight, int):
            weight = weight(request.parameters)
        if endpoint.free_on_success:
            self._admit(0, job.now_us)
            job.weight_on_failure = weight
        else:
            self._admit(weight, job.now_us)
        call = self._call(endpoint, job)
        if endpoint.security is Security.TRADE:
            job.account_id = call.account_id
        return endpoint.handler(call)

    def _admit(self, weight: int, now_us: int) -> None:
        limited = self._exchange.limiter.admit(self.connection.peer_ip, weight, now_us)
        if limited is not None:
            raise _limit_error(limited, now_us)

    # -- who asks

    def _call(self, endpoint: Endpoint, job: "_Job") -> Call:
        """Authenticate a request as its endpoint demands and put its parameters in order."""
        sent = job.request.parameters
        parameters = {name: value for name, value in sent.items() if name not in _AUTHENTICATION}
        call = Call(
            exchange=self._exchange,
            parameters=parameters,
            peer_ip=self.connection.peer_ip,
            now_us=job.now_us,
            microseconds=self.unit_us == MICROSECONDS,
        )
        if endpoint.security is Security.KEY:
            call.key = self._key_of(sent, job.now_us)
        elif endpoint.security is not Security.NONE:
            call.key, call.deadline_us = self._signed(sent, endpoint.security, job.now_us)
            payload = auth.sorted_payload(sent)
            if "signature" not in sent:  # a log-on signs nothing: the id tells requests apart
                payload += b"\n%b" % msgspec.json.encode(job.request.request_id)
            call.digest_lo, call.digest_hi = auth.request_digest(
                call.key.api_key, endpoint.method, endpoint.path, payload
            )
        if not endpoint.lenient:
            params.check_known(parameters, endpoint.parameters, len(sent) - len(parameters))
        return call

    def _key_of(self, sent: Mapping[str, str], now_us: int) -> ApiKey:
        """Return the key that a request names, or else that of the session."""
        if "apiKey" in sent:
            return self._services.authenticator.key(sent["apiKey"], self.connection.peer_ip, now_us)
        return self._session_key(now_us)

    def _session_key(self, now_us: int) -> ApiKey:
        if self._key is not None and self._is_gone(self._key, now_us):
            self._forget_key()
        key = self._key or self._page.key
        if key is None:
            if self._key_revoked:
                raise errors.key_rejected()
            raise errors.key_format_invalid()
        return key

    def _signed(
        self, sent: Mapping[str, str], security: Security, now_us: int
    ) -> tuple[ApiKey, int]:
        """Check a signed request: by its own key and signature, or by the session's log-on."""
        if "apiKey" in sent or "signature" in sent:
            return self._sign_checked(sent, security, now_us)
        key = self._session_key(now_us)
        if key is self._page.key and "timestamp" not in sent:
            self._services.authenticator.permit(key, security, sent.get("symbol"))
            return key, now_us + auth.RECEIVE_WINDOW_US
        time_us, window_us = auth.timestamp_us(sent), auth.window_us(sent)
        if time_us >= now_us + auth.AHEAD_US_MAX:
            raise errors.ahead_of_time()
        if now_us - time_us > window_us:
            raise errors.outside_window()
        self._services.authenticator.permit(key, security, sent.get("symbol"))
        return key, time_us + window_us

    def _sign_checked(
        self, sent: Mapping[str, str], security: Security, now_us: int
    ) -> tuple[ApiKey, int]:
        """Check a request by its own key and signature."""
        payload, peer_ip = auth.sorted_payload(sent), self.connection.peer_ip
        return self._services.authenticator.signed(
            sent.get("apiKey"), sent, payload, security, now_us, peer_ip
        )

    # -- the session

    def _time(self, time_us: int) -> int:
        return time_us // self.unit_us

    def _log_on(self, request: ApiRequest, now_us: int) -> object:
        key, _ = self._sign_checked(request.parameters, Security.KEY, now_us)
        if key.key_type is not KeyType.ED25519:
            name = "HMAC_SHA256" if key.key_type is KeyType.HMAC else key.key_type.value
            raise ApiError(400, _UNSUPPORTED_KEY, f"{name} API key is not supported.")
        if self._key is not None and self._key.api_key != key.api_key:
            raise errors.key_rejected()
        if self._page.key is not None:
            raise errors.key_rejected()
        self._key = key
        self._key_revoked = False
        self._authorized_us = now_us
        return self._status(request, now_us)

    async def _log_on_by_ticket(self, request: ApiRequest, now_us: int) -> object:
        """Log the socket on as the session of a ticket of the page; a bad one ends it."""
        if not self._page.is_offered:
            raise errors.unsupported_operation()
        ticket = request.parameters.get("ticket", "")
        if self._key is not None or not await self._page.log_on(ticket, now_us):
            self._page.log_out()
            self.connection.close(BAD_TICKET, "Bad ticket")
            raise errors.key_rejected()
        self._authorized_us = now_us
        return self._status(request, now_us)

    def page_session_ended(self, session_id: str) -> None:
        """Close the socket when it acts for that session."""
        if self._page.is_of(session_id):
            self.connection.close(BAD_TICKET, "Session ended")

    def _inbox_changed(self, change: InboxChange) -> None:
        """Tell the page that there is something to read; it asks for the words itself."""
        now_us = self._exchange.clock()
        event = user_events.notice("inboxChanged", now_us, self.unit_us, unread=change.unread)
        self.connection.send(f'{{"event":{event}}}'.encode())

    def check_page_session(self, now_us: int) -> None:
        """Tell the session that it is used."""
        if self._page.is_due(now_us):
            task = asyncio.get_running_loop().create_task(self._renew(now_us))
            self._services.tasks.add(task)
            task.add_done_callback(self._services.tasks.discard)

    async def _renew(self, now_us: int) -> None:
        if not await self._page.renew(now_us):
            self.connection.close(BAD_TICKET, "Session ended")

    def _status(self, _request: ApiRequest, now_us: int) -> object:
        if self._key_revoked:
            raise errors.key_rejected()
        key = self._key
        is_known = key is not None or self._page.key is not None
        return {
            "apiKey": None if key is None else key.api_key,
            "authorizedSince": self._time(self._authorized_us) if is_known else None,
            "connectedSince": self._time(self._connected_us),
            "returnRateLimits": self._return_rate_limits,
            "serverTime": self._time(now_us),
            "userDataStream": any(sink.by_session for sink in self._subscriptions.values()),
        }

    def _log_out(self, request: ApiRequest, now_us: int) -> object:
        self._forget_key()
        self._page.log_out()
        self._key_revoked = False
        return self._status(request, now_us)

    def _forget_key(self) -> None:
        """End the log-on and what depends on it."""
        self._key = None
        self._key_revoked = True
        for sink in list(self._subscriptions.values()):
            if sink.by_session:
                self.end_subscription(sink)

    def check_keys(self, now_us: int) -> None:
        """End the log-on and the subscriptions of keys that are no more, and what stood on them."""
        if self._key is not None and self._is_gone(self._key, now_us):
            self._forget_key()
        ended = [
            sink
            for sink in self._subscriptions.values()
            if sink.key is not self._page.key and self._is_gone(sink.key, now_us)
        ]
        for sink in ended:
            self.end_subscription(sink)
        is_known = self._key is not None or self._page.key is not None
        if self._key_revoked or (ended and not self._subscriptions and not is_known):
            self.connection.close(CloseCode.POLICY_VIOLATION, KEY_IS_NO_MORE)

    def _is_gone(self, key: ApiKey, now_us: int) -> bool:
        found = self._exchange.keys.find(key.api_key)
        return key.has_expired(now_us) or (found is not key and found != key)

    # -- user data

    def _subscribe_session(self, _request: ApiRequest, now_us: int) -> object:
        key = self._session_key(now_us)
        if any(sink.by_session for sink in self._subscriptions.values()):
            raise ApiError(400, -2035, "User Data Stream subscription already active.")
        return self._subscribe(key, by_session=True)

    def _subscribe_signed(self, request: ApiRequest, now_us: int) -> object:
        key, _ = self._sign_checked(request.parameters, Security.KEY, now_us)
        return self._subscribe(key, by_session=False)

    def _subscribe(self, key: ApiKey, *, by_session: bool) -> object:
        if (
            len(self._subscriptions) >= SUBSCRIPTIONS_MAX
            or self._next_subscription_id >= SUBSCRIPTIONS_LIFETIME_MAX
        ):
            raise ApiError(
                400,
                -2042,
                "The maximum number of subscription IDs for this connection has been reached.",
            )
        sink = SubscriptionSink(self, self._next_subscription_id, key, by_session=by_session)
        self._next_subscription_id += 1
        self._subscriptions[sink.subscription_id] = sink
        following = self._services.user_data.subscribe(sink.account_id, sink)
        result = {"subscriptionId": sink.subscription_id}
        return result if following is None else _after(following, result)

    def _unsubscribe(self, request: ApiRequest, _now_us: int) -> object:
        asked = params.optional_integer(request.parameters, "subscriptionId")
        if asked is None:
            sinks = list(self._subscriptions.values())
        else:
            sinks = [sink for sink in self._subscriptions.values() if sink.subscription_id == asked]
        if not sinks:
            raise ApiError(400, -2036, "User Data Stream subscription not active.")
        for sink in sinks:
            self.end_subscription(sink)
        return {}

    def _list_subscriptions(self, _request: ApiRequest, _now_us: int) -> object:
        return [{"subscriptionId": number} for number in self._subscriptions]

    def end_subscription(self, sink: SubscriptionSink) -> None:
        """Deliver to a subscription no more, and tell it so."""
        del self._subscriptions[sink.subscription_id]
        self._services.user_data.unsubscribe(sink.account_id, sink)
        sink.user_event(
            user_events.notice("eventStreamTerminated", self._exchange.clock(), self.unit_us)
        )

    # -- the end

    def ended(self) -> None:
        """Let go of everything; requests in flight run to their end."""
        self._page.log_out()
        for sink in self._subscriptions.values():
            self._services.user_data.unsubscribe(sink.account_id, sink)
        self._subscriptions.clear()
        self._services.sessions.pop(self, None)

    def farewell(self) -> bytes | None:
        """Return the event that tells of a shutdown."""
        event = user_events.notice("serverShutdown", self._exchange.clock(), self.unit_us)
        return f'{{"event":{event}}}'.encode()


async def _after(awaited: Awaitable[None], result: object) -> object:
    await awaited
    return result


async def _encoded(result: Awaitable[object]) -> bytes:
    return msgspec.json.encode(await result)


@dataclass(slots=True, eq=False)
class _Job:
    """A request on its way to its reply."""

    request: ApiRequest
    now_us: int
    answered: bool = False
    weight_on_failure: int = 0
    account_id: int | None = None
    """Whose order counts the reply shows."""


def _limit(kind: str, interval: str, number: int, limit: int, count: int) -> dict[str, object]:
    return {
        "rateLimitType": kind,
        "interval": interval,
        "intervalNum": number,
        "limit": limit,
        "count": count,
    }


def _retry_data(now_us: int, retry_us: int) -> dict[str, int]:
    return {"serverTime": now_us // 1000, "retryAfter": retry_us // 1000}


def _limit_error(limited: Limited, now_us: int) -> ApiError:
    error = errors.too_many_requests(limited)
    error.data = _retry_data(now_us, limited.until_us)
    return error
