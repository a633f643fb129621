"""Which addresses this exchange is at, and whether a request came from a page of its own.

A browser says with each request that changes something where the page is that sent it (`Origin`),
and which host it believes to talk to (`Host`). Both have to be ours: the second is what keeps a
foreign name that points at this machine from being taken for us.
"""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

_is_origin = re.compile(
    r"https?://(?:[A-Za-z0-9.\-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
).fullmatch


def is_origin(text: str) -> bool:
    """Whether a text is a scheme, a host, perhaps a port, and nothing else."""
    return _is_origin(text) is not None


class OriginError(ValueError):
    """Not the address of a page: a scheme, a host, a port if need be, and nothing else."""


class Origins:
    """The one public origin, if the operator has named one, and this machine's own names."""

    def __init__(self, public_origin: str = "") -> None:
        """Raises OriginError."""
        if public_origin and _is_origin(public_origin) is None:
            raise OriginError(f"{public_origin!r} is not like https://exchange.example")
        self._public = public_origin.lower()
        self._public_host = urlsplit(self._public).netloc

    @property
    def over_tls(self) -> bool:
        """Whether people reach the exchange by https."""
        return self._public.startswith("https:")

    def is_own_host(self, host: str) -> bool:
        """Whether a Host header names us: the public name, localhost, or a plain address."""
        host = host.lower()
        if self._public and host == self._public_host:
            return True
        try:
            parts = urlsplit(f"//{host}")
            name, _ = parts.hostname or "", parts.port
            if name == "localhost":
                return True
            address = ip_address(name)
        except ValueError:  # a port out of range, or brackets around what is no address
            return False
        return not self._public or address.is_loopback

    def is_own_origin(self, origin: str, host: str) -> bool:
        """Whether a page of this origin is ours, as seen by a request to this host."""
        origin, host = origin.lower(), host.lower()
        if self._public and origin == self._public:
            return True
        if not self.is_own_host(host) or _is_origin(origin) is None:
            return False
        if self._public and host == self._public_host:
            return False
        return origin.partition("://")[2] == host

    def of_request(self, host: str) -> str:
        """Return where people find the page: for links in mails."""
        return self._public or f"http://{host.lower()}"
