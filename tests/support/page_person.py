"""A person at a running exchange, over HTTP as a page would: signs up, holds a session, trades."""

import hashlib
import hmac
import http.client
import json
import re
import time
from typing import Any
from urllib.parse import urlencode

PASSWORD = "a long and unusual password"
_COOKIE = re.compile(r"__Host-s=([\w-]+);")
_LINK = re.compile(r"/confirm#token=([\w-]+)")


class RefusedError(Exception):
    """An answer that is no success."""


class PagePerson:
    """One browser of one person."""

    def __init__(self, port: int, email: str = "ann@example.com") -> None:
        self.port = port
        self.email = email
        self.token = ""
        self.key: dict[str, Any] = {}

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Call a path of `/x/v1`; raises RefusedError."""
        headers = {
            "Host": f"localhost:{self.port}",
            "Origin": f"http://localhost:{self.port}",
            "Sec-Fetch-Site": "same-origin",
            "X-Outcry-CSRF": "1",
        }
        if self.token:
            headers["Cookie"] = f"__Host-s={self.token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        content = None if body is None else json.dumps(body).encode()
        return self._request(method, f"/x/v1{path}", content, headers)

    def _request(
        self, method: str, path: str, content: bytes | None, headers: dict[str, str]
    ) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, content, headers)
            response = connection.getresponse()
            answer = response.read()
            found = _COOKIE.search(response.headers.get("Set-Cookie", ""))
            if found is not None:
                self.token = found.group(1)
        finally:
            connection.close()
        if not 200 <= response.status < 300:
            raise RefusedError(f"{method} {path}: {response.status} {answer.decode()}")
        return json.loads(answer) if answer else None

    def sign_up(self) -> None:
        """Become somebody by the link in the demo's mailbox."""
        self.call("POST", "/auth/sign-up", {"email": self.email, "password": PASSWORD})
        deadline = time.monotonic() + 30
        while True:
            mails = self.call("GET", "/mailbox")["mails"]
            links = [
                found.group(1)
                for mail in mails
                if mail["to"] == self.email and (found := _LINK.search(mail["text"]))
            ]
            if links:
                break
            assert time.monotonic() < deadline, "no mail came"
            time.sleep(0.05)
        self.call("POST", "/auth/confirm", {"token": links[0], "password": PASSWORD})
        assert self.token

    def sign_in(self) -> None:
        """Begin another session with the password."""
        self.token = ""
        self.call("POST", "/auth/sign-in", {"email": self.email, "password": PASSWORD})

    def make_key(self) -> None:
        """Have an API key to trade with."""
        made = self.call("POST", "/me/api-keys", {"label": "test", "may_trade": True})
        self.key = {"name": made["key"]["api_key"], "secret": made["secret"]}

    def order(self, **fields: object) -> Any:
        """Place an order with the key; raises RefusedError."""
        text = urlencode({**fields, "timestamp": time.time_ns() // 1_000_000})
        signed = hmac.new(self.key["secret"].encode(), text.encode(), hashlib.sha256).hexdigest()
        headers = {
            "X-MBX-APIKEY": self.key["name"],
            "Content-Type": "application/x-www-form-urlencoded",
        }
        content = f"{text}&signature={signed}".encode()
        return self._request("POST", "/api/v3/order", content, headers)

    def inbox(self) -> list[dict[str, Any]]:
        """Return all notifications, oldest first."""
        items: list[dict[str, Any]] = []
        before = ""
        while True:
            page = self.call("GET", f"/notifications?limit=100{before}")
            items += page["items"]
            if page["next_before"] is None:
                return items[::-1]
            before = f"&before={page['next_before']}"
