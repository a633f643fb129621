"""Whom a request comes from when it came through a proxy: the proxy's word, if the proxy is ours.

Anybody can send `X-Forwarded-For`. It counts only on connections from addresses that the operator
has named, and of what it lists only the end counts, which those proxies have written themselves.
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

ADDRESSES_KEPT = 4_096


class ProxiesError(ValueError):
    """Not a list of networks; the message says which part."""


class TrustedProxies:
    """The networks of our own proxies."""

    def __init__(self, networks: Iterable[str]) -> None:
        """Read networks as `10.0.0.0/8` or plain addresses; raises ProxiesError."""
        self._networks: list[IPv4Network | IPv6Network] = []
        for text in networks:
            try:
                self._networks.append(ip_network(text))
            except ValueError as error:
                raise ProxiesError(f"{text!r} is no network: {error}") from None
        self.trusts = lru_cache(ADDRESSES_KEPT)(self._trusts)
        """Whether an address is one of our proxies."""

    def _trusts(self, address: str) -> bool:
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._networks)

    def caller(self, peer_ip: str, forwarded: str) -> str:
        """Return who called, by what a proxy at `peer_ip` says: the last that is no proxy of ours.

        What is no address ends the list there: the proxy before it is the caller, as far as known.
        """
        found = peer_ip
        for part in reversed(forwarded.split(",")):
            try:
                read = ip_address(part.strip())
            except ValueError:
                return found
            mapped = read.ipv4_mapped if isinstance(read, IPv6Address) else None
            found = address = str(mapped or read)
            if not self.trusts(address):
                return found
        return found


def networks_in(text: str) -> list[str]:
    """Return the parts of a list with commas."""
    return [part for part in (piece.strip() for piece in text.split(",")) if part]
