"""The yardstick of order entry: a constant JSON reply, raw ASGI, as uvicorn serves it.

The body is received, as whoever takes orders must; the reply is as long as an order's usual one.
Nothing is checked, stored or computed.
"""

from collections.abc import Awaitable, Callable
from typing import Any

BODY = (b'{"constant":"' + b"x" * 800)[:638] + b'"}'
START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"application/json;charset=UTF-8"),
        (b"content-length", str(len(BODY)).encode()),
    ],
}
END = {"type": "http.response.body", "body": BODY}


async def app(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """Answer anything with the same bytes."""
    assert scope["type"] == "http"
    await receive()
    await send(START)
    await send(END)
