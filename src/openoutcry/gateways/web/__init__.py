"""People's side of HTTP: `/x/v1` as strict JSON with its own description, and the page.

It knows cookies, origins, problems and routes; what a route means is behind a port.
It must not know REST's endpoints, WebSocket frames, or any room that implements a service.
"""
