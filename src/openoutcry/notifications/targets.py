"""Where webhooks may go: never to what only this machine or its network can reach.

An address is judged when it is connected to, not when the webhook is made: names may change what
they mean in between.
"""

import asyncio
import socket
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

URL_CHARACTERS_MAX = 2_048
_HOST_CHARACTERS_MAX = 253
_LABEL_CHARACTERS_MAX = 63
_PORT_HTTPS = 443
_PORT_HTTP = 80
_TRANSLATED = IPv6Network("64:ff9b::/96")
"""Addresses that a translator turns into those of IPv4, private ones included."""
_TRANSLATED_LOCALLY = IPv6Network("64:ff9b:1::/48")
_NO_HOST = "this is no host that can be reached"
_LOOPBACK_NAMES = frozenset(("localhost", "127.0.0.1", "::1"))
_DEFAULT_PORTS = {"https": _PORT_HTTPS, "http": _PORT_HTTP}

Address = IPv4Address | IPv6Address


class TargetError(ValueError):
    """A URL that is not delivered to; the message says why, in words for its owner."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL in parts, as a request needs them."""

    scheme: str
    host: str
    port: int
    path: str
    """With the query."""

    @property
    def is_secure(self) -> bool:
        """Whether it is reached over TLS."""
        return self.scheme == "https"

    @property
    def host_header(self) -> str:
        """The host as HTTP writes it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def target_of(url: str, *, allow_loopback: bool) -> Target:
    """Return a URL in parts; raises TargetError for what is never delivered to.

    Loopback is for demonstrations, and the only place that is reached without TLS.
    """
    if len(url) > URL_CHARACTERS_MAX:
        raise TargetError(f"a URL has at most {URL_CHARACTERS_MAX} characters")
    if not url.isascii() or any(ord(c) <= 32 or ord(c) == 127 or c in '\\"<>^`{|}' for c in url):
        raise TargetError("a URL is ASCII without spaces; encode other characters")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise TargetError("this is no URL") from error
    if parts.scheme not in _DEFAULT_PORTS or not host:
        raise TargetError("a webhook is an https:// URL")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise TargetError("a webhook's URL has no user, password or fragment")
    if not _is_name(host) or port == 0:
        raise TargetError(_NO_HOST)
    is_loopback = host in _LOOPBACK_NAMES
    if is_loopback and not allow_loopback:
        raise TargetError("webhooks do not go to this machine")
    if parts.scheme == "http" and not is_loopback:
        raise TargetError("a webhook is an https:// URL")
    literal = _literal(host)
    if literal is not None and not may_reach(literal, allow_loopback=allow_loopback):
        raise TargetError("webhooks do not go to private or reserved addresses")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port or _DEFAULT_PORTS[parts.scheme], path)


def host_of(url: str) -> str:
    """Return the host of a URL, which is all that a notification says of it."""
    return urlsplit(url).hostname or "-"


def may_reach(address: Address, *, allow_loopback: bool) -> bool:
    """Whether an address is on the public internet, or loopback where that is allowed."""
    if isinstance(address, IPv6Address):
        inner = _embedded(address)
        if inner is not None:
            return may_reach(inner, allow_loopback=False)
        if address in _TRANSLATED_LOCALLY or address.is_site_local or address.scope_id:
            return False
    if address.is_loopback:
        return allow_loopback
    return address.is_global and not (
        address.is_multicast
        or address.is_private
        or address.is_reserved
        or address.is_unspecified
        or address.is_link_local
    )


async def resolve(
    target: Target, *, allow_loopback: bool, threads: Executor | None = None
) -> list[Address]:
    """Return the addresses of a target's host; raises TargetError unless all may be reached.

    Whoever answers for a name may take any time over it, in one of `threads` (None: the loop's).
    """
    literal = _literal(target.host)
    found: list[Address]
    if literal is not None:
        found = [literal]
    else:
        try:
            asks = partial(socket.getaddrinfo, type=socket.SOCK_STREAM)
            answers = await asyncio.get_running_loop().run_in_executor(
                threads, asks, target.host, target.port
            )
        except UnicodeError as error:  # a name that cannot even be asked for
            raise TargetError(_NO_HOST) from error
        except OSError as error:
            raise ConnectionError("its host has no address") from error
        found = list(dict.fromkeys(ip_address(answer[4][0]) for answer in answers))
    may_loop = allow_loopback and target.host in _LOOPBACK_NAMES
    if not found or not all(may_reach(address, allow_loopback=may_loop) for address in found):
        raise TargetError("its host has a private or reserved address")
    return found


def _is_name(host: str) -> bool:
    """Whether a resolver can be asked for a host: parts of some letters, with dots in between."""
    labels = host.removesuffix(".").split(".")
    are_short = all(0 < len(label) <= _LABEL_CHARACTERS_MAX for label in labels)
    return are_short and len(host) <= _HOST_CHARACTERS_MAX and "%" not in host


def _literal(host: str) -> Address | None:
    """Return a host that is written as an address; forms that only C libraries read are names."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def _embedded(address: IPv6Address) -> Address | None:
    """Return the IPv4 address that an IPv6 one leads to."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None
