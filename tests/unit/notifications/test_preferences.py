"""Defaults, what cannot be switched off, and what is told when it is."""

import pytest

from openoutcry.notifications.preferences import (
    DEFAULTS,
    KINDS,
    LOCKED,
    LockedPreferenceError,
    check_choices,
    is_wanted,
    switched_off,
)
from openoutcry.ports.notifications import Channel, Kind


def test_everything_has_a_default() -> None:
    assert set(DEFAULTS) == set(KINDS) == set(Kind) - {Kind.TEST}
    assert is_wanted({}, Kind.FILL, Channel.IN_APP)
    assert not is_wanted({}, Kind.FILL, Channel.EMAIL)
    assert is_wanted({}, Kind.WITHDRAWAL, Channel.EMAIL)


def test_a_choice_counts() -> None:
    chosen = {(Kind.FILL, Channel.EMAIL): True, (Kind.DEPOSIT, Channel.IN_APP): False}
    assert is_wanted(chosen, Kind.FILL, Channel.EMAIL)
    assert not is_wanted(chosen, Kind.DEPOSIT, Channel.IN_APP)
    assert is_wanted(chosen, Kind.DEPOSIT, Channel.EMAIL)


@pytest.mark.parametrize("place", sorted(LOCKED))
def test_security_cannot_be_silenced(place: tuple[Kind, Channel]) -> None:
    with pytest.raises(LockedPreferenceError):
        check_choices({place: False})
    check_choices({place: True})
    assert is_wanted({place: False}, *place)  # nor by what lies in the store


def test_security_may_leave_webhooks_out() -> None:
    check_choices({(Kind.SECURITY, Channel.WEBHOOK): False})
    assert not is_wanted({(Kind.SECURITY, Channel.WEBHOOK): False}, Kind.SECURITY, Channel.WEBHOOK)


def test_only_what_was_on_is_switched_off() -> None:
    mail = (Kind.SIGN_IN, Channel.EMAIL)
    assert switched_off({}, {mail: False, (Kind.FILL, Channel.IN_APP): False}) == [mail]
    assert switched_off({mail: False}, {mail: False}) == []
    assert switched_off({}, {mail: True}) == []
