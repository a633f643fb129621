"""Which kinds reach a person over which channels: the defaults, and what cannot be switched off."""

from openoutcry.ports.notifications import Channel, Kind, Preferences

KINDS = tuple(kind for kind in Kind if kind is not Kind.TEST)
"""The kinds that people choose about."""

_EVERYWHERE = frozenset(Channel)
_NO_MAIL = frozenset((Channel.IN_APP, Channel.WEBHOOK))
DEFAULTS: dict[Kind, frozenset[Channel]] = {
    Kind.FILL: _NO_MAIL,
    Kind.ORDER_EXPIRED: _NO_MAIL,
    Kind.DEPOSIT: _EVERYWHERE,
    Kind.WITHDRAWAL: _EVERYWHERE,
    Kind.SIGN_IN: _EVERYWHERE,
    Kind.SECURITY: _EVERYWHERE,
    Kind.PRICE_ALERT: _EVERYWHERE,
}
LOCKED = frozenset(((Kind.SECURITY, Channel.IN_APP), (Kind.SECURITY, Channel.EMAIL)))
"""Always on: who has taken over an account must not be able to silence it."""
GUARDING = frozenset(((Kind.SIGN_IN, Channel.EMAIL), (Kind.WITHDRAWAL, Channel.EMAIL)))
"""May be switched off, and then a security notification says so."""


class LockedPreferenceError(ValueError):
    """A choice that nobody has."""

    def __init__(self, kind: Kind, channel: Channel) -> None:
        super().__init__(f"{kind} over {channel} cannot be switched off")
        self.kind = kind
        self.channel = channel


def is_wanted(chosen: Preferences, kind: Kind, channel: Channel) -> bool:
    """Whether a person wants this kind over this channel."""
    if (kind, channel) in LOCKED:
        return True
    return chosen.get((kind, channel), channel in DEFAULTS[kind])


def check_choices(changes: Preferences) -> None:
    """Refuse to switch off what must stay on; raises LockedPreferenceError."""
    for (kind, channel), wanted in changes.items():
        if not wanted and (kind, channel) in LOCKED:
            raise LockedPreferenceError(kind, channel)


def switched_off(before: Preferences, changes: Preferences) -> list[tuple[Kind, Channel]]:
    """Return what guards an account and would be silenced by these changes, in order."""
    return [
        (kind, channel)
        for kind, channel in sorted(GUARDING)
        if is_wanted(before, kind, channel) and not changes.get((kind, channel), True)
    ]
