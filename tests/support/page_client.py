"""A browser without a screen: keeps the session's cookie, and sends what the page sends."""

import http.client
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pyotp
from websockets.sync.client import ClientConnection, connect

TIMEOUT_SECONDS = 30
PASSWORD = "quiet amber lighthouse 41"


@dataclass(frozen=True)
class Answered:
    """What came back."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    def ok(self) -> Any:
        """Return the JSON of what went well, None when there is none."""
        assert 200 <= self.status < 300, (self.status, self.content)
        return self.json if self.content else None

    def code(self) -> str:
        """Return the code of a refusal."""
        assert self.status >= 400, (self.status, self.content)
        assert self.headers["content-type"] == "application/problem+json", self.headers
        return str(self.json["code"])


class PageClient:
    """One person's browser at an exchange on this machine."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookie = ""

    @property
    def origin(self) -> str:
        return f"http://localhost:{self.port}"

    def headers(self) -> dict[str, str]:
        """Return what goes with each request that changes something."""
        sent = {
            "Host": f"localhost:{self.port}",
            "Origin": self.origin,
            "Sec-Fetch-Site": "same-origin",
            "X-Outcry-CSRF": "1",
            "User-Agent": "PageClient",
        }
        return sent | ({"Cookie": f"__Host-s={self.cookie}"} if self.cookie else {})

    def call(self, method: str, path: str, body: object = None) -> Answered:
        """Call a path of the exchange."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)
        headers, content = self.headers(), None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(body).encode()
        try:
            connection.request(method, path, content, headers)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            answered = Answered(response.status, found, response.read())
        finally:
            connection.close()
        self.take_cookie(answered.headers.get("set-cookie", ""))
        return answered

    def take_cookie(self, text: str) -> None:
        """Take the session cookie of an answer, if it sets one."""
        found = re.match(r"__Host-s=([^;]*); Path=/; Secure; HttpOnly; SameSite=Strict; Max-", text)
        if text:
            assert found is not None, text
            self.cookie = found[1]

    def get(self, path: str) -> Answered:
        return self.call("GET", f"/x/v1{path}")

    def post(self, path: str, body: object = None) -> Answered:
        return self.call("POST", f"/x/v1{path}", body)

    def put(self, path: str, body: object = None) -> Answered:
        return self.call("PUT", f"/x/v1{path}", body)

    def delete(self, path: str) -> Answered:
        return self.call("DELETE", f"/x/v1{path}")

    def mailed_token(self, to: str, path: str) -> str:
        """Return the token of the newest link to a path in the demo's mailbox, once it is there."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            for mail in self.get(f"/mailbox?to={quote(to)}").ok()["mails"]:
                found = re.search(rf"{self.origin}{path}#token=(\S+)", mail["text"])
                if found:
                    return found[1]
            time.sleep(0.05)
        raise AssertionError(f"no mail to {to} leads to {path}")

    def sign_up(self, email: str, password: str = PASSWORD) -> None:
        """Become somebody: sign up, and open the link of the mail."""
        self.post("/auth/sign-up", {"email": email, "password": password}).ok()
        token = self.mailed_token(email, "/confirm")
        self.post("/auth/confirm", {"token": token, "password": password}).ok()
        assert self.cookie

    def sign_in_once(self, email: str, one_time_password: str, password: str = PASSWORD) -> None:
        """Sign in as an operator for the first time: the given password has to be replaced."""
        wanted = {"email": email, "password": one_time_password}
        step = self.post("/auth/sign-in", wanted).ok()
        assert step["next"] == "NEW_PASSWORD"
        wanted = {"token": step["token"], "password": password}
        self.post("/auth/sign-in/new-password", wanted).ok()
        assert self.cookie

    def add_second_factor(self) -> tuple[str, list[str]]:
        """Set codes by time up, and prove them; returns their secret and the recovery codes."""
        secret = self.post("/me/totp").ok()["secret"]
        code = {"code": pyotp.TOTP(secret).now()}
        return secret, self.post("/me/totp/confirm", code).ok()["recovery_codes"]

    @contextmanager
    def socket(self) -> Iterator[ClientConnection]:
        """Open the trading socket and log on by a ticket."""
        ticket = self.post("/stream-tickets").ok()["ticket"]
        with connect(
            f"ws://localhost:{self.port}/ws-api/v3",
            origin=self.origin,  # type: ignore[arg-type]
            additional_headers={"Cookie": f"__Host-s={self.cookie}"},
            compression=None,
            open_timeout=TIMEOUT_SECONDS,
        ) as socket:
            assert ask(socket, "session.ticket", ticket=ticket)["authorizedSince"]
            yield socket


def ask(socket: ClientConnection, method: str, **params: object) -> Any:
    """Send a request over a trading socket; returns its result, passing over events."""
    socket.send(json.dumps({"id": method, "method": method, "params": params}))
    while True:
        message = json.loads(socket.recv(TIMEOUT_SECONDS))
        if "id" in message:
            assert message["status"] == 200, message
            return message["result"]
