"""Where webhooks may go, and that a name cannot lead anywhere else."""

import socket
from ipaddress import ip_address

import pytest

from openoutcry.notifications.targets import Target, TargetError, may_reach, resolve, target_of

PRIVATE = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2001:0:4136:e378:8000:63bf:f5ff:fffe",  # Teredo: 10.0.0.1
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "::ffff:8.8.8.8"]
MADE_UP = [
    "ftp://example.org/",
    "http://example.org/",
    "https://",
    "https:///path",
    "https://user@example.org/",
    "https://user:word@example.org/",
    "https://example.org/#part",
    "https://example.org:0/",
    "https://example.org:99999/",
    "https://example.org:port/",
    "https://[::1/",
    "https://[fe80::1%25eth0]/",
    "https://ex ample.org/",
    "https://example.org/\r\nHost: other",
    "https://example.org/\t",
    "https://ex\u00e4mple.org/",
    "https://example.org\\@10.0.0.1/",
    "https://" + "a" * 254 + "/",
    "https://" + "a" * 64 + ".org/",
    "https://example..org/",
    "https://.example.org/",
    "https://.../",
    "https://example.org/" + "a" * 2_048,
    "javascript:alert(1)",
    "//example.org/",
    "example.org",
    "",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_out_of_reach(address: str) -> None:
    assert not may_reach(ip_address(address), allow_loopback=False)
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(TargetError):
        target_of(f"https://{host}/hook", allow_loopback=False)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_reached(address: str) -> None:
    assert may_reach(ip_address(address), allow_loopback=False)


@pytest.mark.parametrize("url", MADE_UP)
def test_what_is_no_url_of_a_webhook_is_refused(url: str) -> None:
    for allow_loopback in (False, True):
        with pytest.raises(TargetError):
            target_of(url, allow_loopback=allow_loopback)


@pytest.mark.parametrize(
    "url", ["http://localhost:9/x", "http://127.0.0.1:9/x", "http://[::1]:9/x", "https://LOCALHOST"]
)
def test_loopback_is_for_demonstrations(url: str) -> None:
    assert target_of(url, allow_loopback=True)
    with pytest.raises(TargetError):
        target_of(url, allow_loopback=False)


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "https://192.168.0.1/", "https://[fd00::1]/"])
def test_demonstrations_reach_loopback_and_no_other_private_address(url: str) -> None:
    with pytest.raises(TargetError):
        target_of(url, allow_loopback=True)


def test_a_url_in_parts() -> None:
    target = target_of("https://Example.org/a/b?c=%20d", allow_loopback=False)
    assert (target.host, target.port, target.path) == ("example.org", 443, "/a/b?c=%20d")
    assert target.host_header == "example.org"
    assert target.is_secure
    target = target_of("http://[::1]:8080", allow_loopback=True)
    assert (target.host_header, target.path, target.is_secure) == ("[::1]:8080", "/", False)


def names(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Let every name have these addresses."""

    def getaddrinfo(_host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(0, 0, 0, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.mark.parametrize(
    "host", ["example.org", "localhost.", "2130706433", "0x7f000001", "127.1", "017700000001"]
)
async def test_a_name_of_a_private_address_is_refused(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = target_of(f"https://{host}/", allow_loopback=True)
    names(monkeypatch, "127.0.0.1")
    for allow_loopback in (False, True):
        with pytest.raises(TargetError):
            await resolve(target, allow_loopback=allow_loopback)


async def test_one_private_address_among_others_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    target = target_of("https://example.org/", allow_loopback=False)
    names(monkeypatch, "8.8.8.8", "10.0.0.1")
    with pytest.raises(TargetError):
        await resolve(target, allow_loopback=False)
    names(monkeypatch, "8.8.8.8", "8.8.8.8", "1.1.1.1")
    found = await resolve(target, allow_loopback=False)
    assert [str(address) for address in found] == ["8.8.8.8", "1.1.1.1"]


async def test_a_name_that_no_resolver_takes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kept by a release that took it: asking for its address fails as no other name does."""

    def getaddrinfo(host: str, *_: object, **__: object) -> None:
        host.encode("idna")  # as the system's own does first

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    for host in ("example..org", "a" * 64 + ".org"):
        with pytest.raises(TargetError):
            await resolve(Target("https", host, 443, "/"), allow_loopback=False)


async def test_a_name_without_addresses_may_have_some_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target = target_of("https://example.org/", allow_loopback=False)
    names(monkeypatch)
    with pytest.raises(ConnectionError):
        await resolve(target, allow_loopback=False)


async def test_localhost_is_reached_in_demonstrations() -> None:
    target = target_of("http://localhost:1/", allow_loopback=True)
    assert all(address.is_loopback for address in await resolve(target, allow_loopback=True))
