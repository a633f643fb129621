"""Listen keys over REST: made, kept alive and closed with an API key alone."""

from openoutcry.gateways.edge import errors, params
from openoutcry.gateways.edge.service import Call, Endpoint, Security

_LISTEN_KEY = frozenset(("listenKey",))


async def start(call: Call) -> bytes:
    """POST userDataStream."""
    listen_key = await call.exchange.listen_keys.create(call.account_id, call.now_us)
    return f'{{"listenKey":"{listen_key}"}}'.encode()


async def keep_alive(call: Call) -> bytes:
    """PUT userDataStream."""
    listen_key = params.text(call.parameters, "listenKey")
    if not await call.exchange.listen_keys.renew(listen_key, call.account_id, call.now_us):
        raise errors.no_such_listen_key()
    return b"{}"


async def close(call: Call) -> bytes:
    """DELETE userDataStream."""
    listen_key = params.text(call.parameters, "listenKey")
    if not await call.exchange.listen_keys.close(listen_key, call.account_id, call.now_us):
        raise errors.no_such_listen_key()
    return b"{}"


def _endpoints(path: str) -> tuple[Endpoint, ...]:
    return (
        Endpoint("POST", path, start, weight=2, security=Security.KEY, lenient=True),
        Endpoint("PUT", path, keep_alive, _LISTEN_KEY, 2, Security.KEY),
        Endpoint("DELETE", path, close, _LISTEN_KEY, 2, Security.KEY),
    )


ENDPOINTS = _endpoints("/api/v3/userDataStream") + _endpoints("/api/v1/userDataStream")
