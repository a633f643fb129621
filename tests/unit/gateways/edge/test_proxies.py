"""Whom a request comes from: what a proxy of ours says, and nobody else."""

import pytest

from openoutcry.gateways.edge.proxies import ProxiesError, TrustedProxies, networks_in

PROXIES = TrustedProxies(networks_in("10.0.0.0/8, 127.0.0.1,2001:db8::/32"))


@pytest.mark.parametrize(
    ("forwarded", "caller"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("6.6.6.6, 203.0.113.7", "203.0.113.7"),
        ("6.6.6.6, 203.0.113.7, 10.1.1.1", "203.0.113.7"),
        ("2606:4700::1,2001:db8::5", "2606:4700::1"),
        ("10.2.2.2, 10.1.1.1", "10.2.2.2"),
        ("6.6.6.6, evil, 10.1.1.1", "10.1.1.1"),
        ("6.6.6.6, 203.0.113.7:8080", "10.0.0.1"),
        ("unknown", "10.0.0.1"),
        ("", "10.0.0.1"),
        ("2606:4700:0:0::1", "2606:4700::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
    ],
)
def test_r32_the_end_of_the_list_is_what_our_proxies_wrote(forwarded: str, caller: str) -> None:
    assert PROXIES.caller("10.0.0.1", forwarded) == caller


def test_who_is_a_proxy_of_ours() -> None:
    assert [
        PROXIES.trusts(ip) for ip in ("10.9.9.9", "127.0.0.1", "127.0.0.2", "2001:db8::1", "x")
    ] == [True, True, False, True, False]
    assert not TrustedProxies([]).trusts("127.0.0.1")


@pytest.mark.parametrize("text", ["nginx", "10.0.0.1/8", "10.0.0.0/33"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ProxiesError, match="no network"):
        TrustedProxies([text])
