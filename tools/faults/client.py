"""A client that signs, keeps its connection, and can tell which gateway it has come to."""

import base64
import hashlib
import hmac
import http.client
import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from tools.exchange_process import DemoKey

RECV_WINDOW_MS = 60_000
REPLY_SECONDS_MAX = 15.0
CONNECTIONS_MAX = 64
"""So many connections are tried until one has come to a certain gateway."""


class UnansweredError(Exception):
    """The connection broke, or nothing came in time: the outcome is unknown."""


class BrokenPromiseError(AssertionError):
    """An acknowledgement was lost, something happened twice, or money is missing."""


class Client:
    """One keep-alive connection to the shared port, for one thread."""

    def __init__(self, port: int, seconds_max: float = REPLY_SECONDS_MAX) -> None:
        self._port = port
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds_max)

    def request(self, method: str, target: str, api_key: str = "") -> tuple[int, Any]:
        """Send a request and return (status, body); raises UnansweredError."""
        headers = {"X-MBX-APIKEY": api_key} if api_key else {}
        try:
            self._connection.request(method, target, headers=headers)
            response = self._connection.getresponse()
            return response.status, json.loads(response.read())
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise UnansweredError(f"{type(error).__name__}: {error}") from error

    def get(self, key: DemoKey, path: str, **parameters: object) -> tuple[int, Any]:
        """Read something of an account; raises UnansweredError."""
        return self.request("GET", signed(path, key, **parameters), key.api_key)

    def come_to(self, pid: int) -> None:
        """Connect until the connection is one of this process's; raises UnansweredError."""
        for _ in range(CONNECTIONS_MAX):
            self.close()
            self.request("GET", "/api/v3/ping")
            assert self._connection.sock is not None
            local_port = self._connection.sock.getsockname()[1]
            inode = _inode_of(self._port, local_port)
            if inode is not None and _holds(pid, inode):
                return
        raise UnansweredError(f"no connection of {CONNECTIONS_MAX} came to process {pid}")

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def signed(path: str, key: DemoKey, **parameters: object) -> str:
    """Return the request target of a signed call."""
    query = urlencode(
        {**parameters, "recvWindow": RECV_WINDOW_MS, "timestamp": time.time_ns() // 1_000_000}
    )
    if key.key_type == "HMAC":
        signature = hmac.new(key.secret.encode(), query.encode(), hashlib.sha256).hexdigest()
    else:
        private = load_pem_private_key(key.secret.encode(), None)
        assert isinstance(private, Ed25519PrivateKey)
        signature = quote(base64.b64encode(private.sign(query.encode())).decode(), safe="")
    return f"{path}?{query}&signature={signature}"


def _inode_of(server_port: int, client_port: int) -> str | None:
    """Return the inode of the server's end of a loopback connection."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        local, remote = fields[1].rpartition(":")[2], fields[2].rpartition(":")[2]
        if (int(local, 16), int(remote, 16)) == (server_port, client_port):
            return fields[9]
    return None


def _holds(pid: int, inode: str) -> bool:
    wanted = f"socket:[{inode}]"
    with suppress(FileNotFoundError):
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                if str(entry.readlink()) == wanted:
                    return True
    return False
