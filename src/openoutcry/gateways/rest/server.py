"""The REST application: finds the endpoint, admits the caller, runs the handler, answers.

`RestApplication.serve` is the one supervisor of the request boundary: whatever a handler raises
ends here, as the API's own error and never as a stack trace.
"""

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Mapping
from functools import partial
from inspect import iscoroutine
from typing import Any, Protocol

from openoutcry.gateways.edge import errors
from openoutcry.gateways.edge.auth import Authenticator, request_digest, rest_payload
from openoutcry.gateways.edge.params import check_known, decode_request
from openoutcry.gateways.edge.service import (
    SIGNING,
    Answer,
    ApiError,
    Call,
    Endpoint,
    Exchange,
    Request,
    Response,
    Security,
)
from openoutcry.gateways.edge.trading import (
    finish_order,
    place_order,
)
from openoutcry.gateways.rest.plain_orders import Desk, Placing
from openoutcry.ports.calls import CallError, Reply
from openoutcry.ports.plain_orders import PlainOrders

logger = logging.getLogger("openoutcry.rest")

_TIME_UNITS = {
    "MICROSECOND": True,
    "microsecond": True,
    "MILLISECOND": False,
    "millisecond": False,
}
_WEIGHT_HEAD = b"X-MBX-USED-WEIGHT: %d\r\nX-MBX-USED-WEIGHT-1M: %d\r\n"
_WEIGHT_COUNT_HEAD = _WEIGHT_HEAD + b"X-MBX-ORDER-COUNT-10S: %d\r\nX-MBX-ORDER-COUNT-1D: %d\r\n"


class Elsewhere(Protocol):
    """Answers paths that are no part of the API: people's own interface, the page."""

    def serve(self, request: Request, answer: Answer) -> bool:
        """Answer a request now or later; False when the path is nobody's. Must not raise."""
        ...


class RestApplication:
    """Serves the endpoints of an exchange."""

    def __init__(
        self,
        exchange: Exchange,
        endpoints: Iterable[Endpoint],
        elsewhere: Elsewhere | None = None,
        plain_orders: PlainOrders | None = None,
    ) -> None:
        """`elsewhere` is asked for other paths; `plain_orders` makes a short way for these."""
        self._exchange = exchange
        self._authenticator = Authenticator(exchange.keys)
        self._desk: Desk | None = None
        if plain_orders is not None:
            self._desk = Desk(exchange, self._authenticator, plain_orders)
        self._routes: dict[str, dict[str, Endpoint]] = {}
        for endpoint in endpoints:
            methods = self._routes.setdefault(endpoint.path, {})
            assert endpoint.method not in methods, f"{endpoint.path} is routed twice"
            methods[endpoint.method] = endpoint
            if endpoint.method == "GET":
                methods["HEAD"] = endpoint
        self._elsewhere = elsewhere
        self._tasks: set[asyncio.Task[bytes]] = set()

    # the HTTP server's application

    def serve(self, request: Request, answer: Answer) -> None:
        """Answer a request, now or when its handler has what it awaits."""
        now_us = self._exchange.clock()
        endpoint: Endpoint | None = None
        call: Call | None = None
        admitted = False
        try:
            methods = self._routes.get(request.path)
            endpoint = None if methods is None else methods.get(request.method)
            if endpoint is None:
                self._serve_elsewhere(request, methods, answer)
                return
            if endpoint.handler is place_order and self._desk is not None:
                plain = self._desk.read(request, now_us)
                if plain is not None:
                    admitted = True
                    self._place(plain, endpoint, answer)
                    return
            parameters = decode_request(request.query, request.body)
            weight = endpoint.weight
            if not isinstance(weight, int):
                weight = weight(parameters)
            admitted = True
            self._admit(request.peer_ip, 0 if endpoint.free_on_success else weight, now_us)
            call = self._authenticate(request, endpoint, parameters, now_us)
            result = endpoint.handler(call)
        except ApiError as error:
            self._fail(request, endpoint, answer, error, admitted=admitted, now_us=now_us)
            return
        except Exception:  # the supervisor of the request boundary
            logger.exception("request failed: %s %s", request.method, request.path)
            unknown = errors.unknown_error()
            self._fail(request, endpoint, answer, unknown, admitted=admitted, now_us=now_us)
            return
        if type(result) is bytes:
            answer.respond(self._success(call, result))
            return
        assert iscoroutine(result)
        pending = _Pending(self, request, endpoint, call, answer, result)
        if endpoint.light:
            pending.step()
        else:
            task = asyncio.get_running_loop().create_task(result)
            self._tasks.add(task)
            task.add_done_callback(pending.finished)

    def refuse(self, status: int, text: str) -> Response:
        """Return the answer to what was no proper HTTP request."""
        error = ApiError(status, -1000, text)
        return Response(status, errors.body(error).encode())

    def late(self) -> Response:
        """Return the answer to a request that took too long."""
        error = errors.outcome_unknown()
        return Response(error.status, errors.body(error).encode())

    # one request

    def _place(self, placing: Placing, endpoint: Endpoint, answer: Answer) -> None:
        """Admit a plain order and send it off."""
        limiter, now_us = self._exchange.limiter, placing.now_us
        limited = limiter.admit(placing.request.peer_ip, 0, now_us)
        if limited is not None:
            raise errors.too_many_requests(limited)
        limited = limiter.admit_orders(placing.key.account_id, 1, now_us)
        if limited is not None:
            raise errors.too_many_orders(limited)
        try:
            taker = partial(self._placed, placing, endpoint, answer)
            self._exchange.calls.send(placing.command, taker)
        except CallError as error:
            raise errors.of_call(error) from None

    def _placed(
        self, placing: Placing, endpoint: Endpoint, answer: Answer, outcome: Reply | CallError
    ) -> None:
        """Answer a plain order, or let the general way do it."""
        request, now_us = placing.request, placing.now_us
        try:
            if isinstance(outcome, Reply):
                account_id = placing.key.account_id
                body = placing.writer.placed(outcome.records, account_id, placing.response)
                if body is not None:
                    limiter = self._exchange.limiter
                    counts = limiter.count_orders(account_id, 1, now_us)
                    used = limiter.used_weight(request.peer_ip, now_us)
                    head = _WEIGHT_COUNT_HEAD % (used, used, *counts)
                    answer.respond(Response(200, body, head=head))
                    return
            call, draft = placing.general(self._exchange)
            work = finish_order(call, draft, outcome)
            _Pending(self, request, endpoint, call, answer, work).step()
        except Exception:  # the supervisor of the request boundary, its other end
            logger.exception("request failed: %s %s", request.method, request.path)
            unknown = errors.unknown_error()
            self._fail(request, endpoint, answer, unknown, admitted=True, now_us=now_us)

    def _admit(self, peer_ip: str, weight: int, now_us: int) -> None:
        limited = self._exchange.limiter.admit(peer_ip, weight, now_us)
        if limited is not None:
            raise errors.too_many_requests(limited)

    def _serve_elsewhere(
        self, request: Request, methods: Mapping[str, Endpoint] | None, answer: Answer
    ) -> None:
        """Answer what is no endpoint; raises ApiError when it is nothing else either."""
        if methods is not None:
            raise _no_such_path(405, request, {"Allow": ", ".join(sorted(methods))})
        if self._elsewhere is None or not self._elsewhere.serve(request, answer):
            raise _no_such_path(404, request)

    def _authenticate(
        self, request: Request, endpoint: Endpoint, parameters: dict[str, str], now_us: int
    ) -> Call:
        headers = request.headers
        microseconds = False
        if "x-mbx-time-unit" in headers:
            unit = _TIME_UNITS.get(headers["x-mbx-time-unit"])
            if unit is None:
                raise ApiError(
                    400,
                    -1194,
                    "Invalid value for time unit; expected either MICROSECOND or MILLISECOND.",
                )
            microseconds = unit
        if headers.get("accept") == "application/sbe":
            raise ApiError(406, -1155, "SBE is not enabled.")
        call = Call(self._exchange, parameters, request.peer_ip, now_us, microseconds)
        security = endpoint.security
        if security is Security.KEY:
            call.key = self._authenticator.key(headers.get("x-mbx-apikey"), request.peer_ip, now_us)
        elif security is not Security.NONE:
            api_key = headers.get("x-mbx-apikey")
            payload = rest_payload(request.query, request.body)
            call.key, call.deadline_us = self._authenticator.signed(
                api_key, parameters, payload, security, now_us, request.peer_ip
            )
            if security is not Security.READ:
                call.digest_lo, call.digest_hi = request_digest(
                    call.key.api_key, request.method, request.path, payload
                )
        sent = len(parameters)
        for name in SIGNING:
            parameters.pop(name, None)
        if not endpoint.lenient:
            check_known(parameters, endpoint.parameters, sent - len(parameters))
        return call

    def _success(self, call: Call, body: bytes) -> Response:
        limiter = self._exchange.limiter
        used = limiter.used_weight(call.peer_ip, call.now_us)
        if call.orders_counted:
            counts = limiter.order_counts(call.account_id, call.now_us)
            return Response(200, body, head=_WEIGHT_COUNT_HEAD % (used, used, *counts))
        return Response(200, body, head=_WEIGHT_HEAD % (used, used))

    def _fail(
        self,
        request: Request,
        endpoint: Endpoint | None,
        answer: Answer,
        error: ApiError,
        *,
        admitted: bool,
        now_us: int,
    ) -> None:
        """Answer with an error; what would have been free costs its weight after all."""
        limiter, peer_ip = self._exchange.limiter, request.peer_ip
        if not admitted:
            limited = limiter.admit(peer_ip, 1, now_us)
            if limited is not None:
                error = errors.too_many_requests(limited)
        elif endpoint is not None and endpoint.free_on_success:
            weight = endpoint.weight
            limiter.charge(peer_ip, weight if isinstance(weight, int) else 1, now_us)
        used = limiter.used_weight(peer_ip, now_us)
        headers = list(error.headers.items())
        body = errors.body(error).encode()
        answer.respond(Response(error.status, body, headers, head=_WEIGHT_HEAD % (used, used)))

    def ended(self, pending: "_Pending", body: bytes | None, error: BaseException | None) -> None:
        """Answer a request whose handler had to wait."""
        request = pending.request
        if isinstance(error, asyncio.CancelledError):
            failure = errors.outcome_unknown()
        elif isinstance(error, ApiError):
            failure = error
        elif isinstance(error, errors.UNANSWERED):
            failure = errors.of_call(error)
        elif error is not None:
            logger.error("request failed: %s %s", request.method, request.path, exc_info=error)
            failure = errors.unknown_error()
        else:
            assert body is not None
            pending.answer.respond(self._success(pending.call, body))
            return
        self._fail(
            request,
            pending.endpoint,
            pending.answer,
            failure,
            admitted=True,
            now_us=pending.call.now_us,
        )

    def forget(self, task: "asyncio.Task[bytes]") -> None:
        """Let go of a finished task."""
        self._tasks.discard(task)


class _Pending:
    """A request whose handler awaits something.

    A light handler is driven from here, from one future that it awaits to the next, without a task.
    """

    __slots__ = ("_application", "_work", "answer", "call", "endpoint", "request")

    def __init__(
        self,
        application: RestApplication,
        request: Request,
        endpoint: Endpoint,
        call: Call,
        answer: Answer,
        work: Coroutine[Any, Any, bytes],
    ) -> None:
        self._application = application
        self.request = request
        self.endpoint = endpoint
        self.call = call
        self.answer = answer
        self._work = work

    def step(self, _done: object = None) -> None:
        """Run the handler up to the next future that it awaits."""
        try:
            awaited = self._work.send(None)
        except StopIteration as stop:
            self._application.ended(self, stop.value, None)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - judged in `ended`
            self._application.ended(self, None, error)
        else:
            if awaited is None:
                asyncio.get_running_loop().call_soon(self.step)
            else:
                awaited._asyncio_future_blocking = False  # noqa: SLF001 - as a task does
                awaited.add_done_callback(self.step)

    def finished(self, task: "asyncio.Task[bytes]") -> None:
        """Take what a task has come to."""
        self._application.forget(task)
        if task.cancelled():
            self._application.ended(self, None, asyncio.CancelledError())
        else:
            error = task.exception()
            self._application.ended(self, None if error else task.result(), error)


def _no_such_path(
    status: int, request: Request, headers: Mapping[str, str] | None = None
) -> ApiError:
    text = f"Path {request.path[:200]}, Method {request.method} is invalid"
    return ApiError(status, -5000, text, None, headers or {})
