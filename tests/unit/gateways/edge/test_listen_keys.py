"""Listen keys live an hour from their last renewal."""

from openoutcry.gateways.edge.listen_keys import LISTEN_KEY_LIFE_US, ListenKeys


def test_a_key_renewed_by_asking_again() -> None:
    keys = ListenKeys()
    first = keys.create(7, 0)
    assert keys.create(7, LISTEN_KEY_LIFE_US - 1) == first
    assert keys.account_of(first, LISTEN_KEY_LIFE_US + 1) == 7
    assert keys.create(8, 0) != first


def test_a_key_that_was_let_go() -> None:
    keys = ListenKeys()
    first = keys.create(7, 0)
    assert keys.account_of(first, LISTEN_KEY_LIFE_US) is None
    second = keys.create(7, LISTEN_KEY_LIFE_US)
    assert second != first
    assert not keys.renew(first, 7, LISTEN_KEY_LIFE_US)
    assert keys.close(second, 7, LISTEN_KEY_LIFE_US)
    assert keys.account_of(second, LISTEN_KEY_LIFE_US) is None
