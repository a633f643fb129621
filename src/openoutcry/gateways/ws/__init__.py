"""WebSocket: market streams, user data streams and the WebSocket API on one asyncio protocol.

It knows frames, subscriptions and who listens to what; the meaning of a request is the edge's. It
must not know HTTP routing: connections come to it through the upgrade hook.
"""

from openoutcry.gateways.ws.gateway import WebSocketGateway

__all__ = ["WebSocketGateway"]
