"""The HTTP/1.1 server and the REST routes of the public API.

It knows paths, headers and bodies; the meaning of a call is the edge's. It must not know WebSocket
frames: an upgrade is handed to a hook.
"""
