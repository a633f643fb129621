"""API keys that people make for themselves: checked, bounded, recorded."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from ipaddress import ip_network

from openoutcry.identity.keys import (
    KeyFormatError,
    check_api_key,
    generate_key,
    material_of_public_key,
    networks_of,
    new_api_key_name,
)
from openoutcry.ports.audit import Audit, AuditError, person_actor
from openoutcry.ports.people import PeopleDirectory, PersonStatus, SessionView
from openoutcry.ports.people_store import PeopleStoreError
from openoutcry.ports.personal_keys import (
    KEYS_MAX,
    LABEL_CHARACTERS_MAX,
    LIFETIME_DAYS_MAX,
    NETWORKS_MAX,
    PUBLIC_KEY_CHARACTERS_MAX,
    SYMBOLS_MAX,
    KeyRefusedError,
    KeysAwayError,
    MadeKey,
    OwnerLockedError,
    TooManyKeysError,
    WantedKey,
)
from openoutcry.ports.users import (
    ApiKey,
    ApiKeys,
    KeyStoreError,
    KeyType,
    ListenKeys,
    ListenKeysAwayError,
    end_listen_key,
)

DAY_US = 86_400_000_000
WITHDRAW_PREFIX_MIN = {4: 16, 6: 32}
"""Of the networks of a key that may withdraw: about what one organisation has."""


class KeyDesk:
    """`PersonalKeys` over the store of keys."""

    def __init__(
        self,
        directory: PeopleDirectory,
        keys: ApiKeys,
        listen_keys: ListenKeys,
        audit: Audit,
        symbols: Callable[[], Collection[str]],
        clock: Callable[[], int],
    ) -> None:
        """`symbols` are those of the markets that there are."""
        self._directory = directory
        self._keys = keys
        self._listen_keys = listen_keys
        self._audit = audit
        self._symbols = symbols
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()

    def keys_of(self, owner: SessionView) -> list[ApiKey]:
        """Return their keys, expired ones too, oldest first."""
        return self._keys.of_account(owner.account_id)

    async def make(self, owner: SessionView, wanted: WantedKey, request_id: str) -> MadeKey:
        """Make a key.

        Raises KeyRefusedError, TooManyKeysError, OwnerLockedError, KeysAwayError.
        """
        made = await asyncio.to_thread(self._made, owner, wanted)
        async with self._one_at_a_time:
            if len(self.keys_of(owner)) >= KEYS_MAX:
                raise TooManyKeysError
            await self._check_not_locked(owner)
            await self._record(owner, "key.create", made.key.api_key, _rights(made.key), request_id)
            try:
                await asyncio.to_thread(self._keys.add, made.key)
            except KeyStoreError as error:
                raise KeysAwayError(str(error)) from error
            try:
                await self._check_not_locked(owner)
            except (OwnerLockedError, KeysAwayError):
                await self._give_up(owner, made.key, request_id)
                raise
        return made

    async def revoke(self, owner: SessionView, api_key: str, request_id: str) -> bool:
        """Forget a key and end what it has open; False when they have none of this name."""
        found = [key for key in self.keys_of(owner) if key.api_key == api_key]
        if not found:
            return False
        await self._record(owner, "key.revoke", api_key, {"label": found[0].label}, request_id)
        try:
            is_revoked = await asyncio.to_thread(self._keys.revoke, api_key)
            await end_listen_key(self._listen_keys, owner.account_id, self._clock())
        except (KeyStoreError, ListenKeysAwayError) as error:
            raise KeysAwayError(str(error)) from error
        return is_revoked

    async def _check_not_locked(self, owner: SessionView) -> None:
        """Raise OwnerLockedError if an operator has shut them out since the request came."""
        try:
            person = await self._directory.person(owner.person_id)
        except PeopleStoreError as error:
            raise KeysAwayError(str(error)) from error
        if person is None or person.status is not PersonStatus.ACTIVE:
            raise OwnerLockedError

    async def _give_up(self, owner: SessionView, key: ApiKey, request_id: str) -> None:
        """Forget a key that was stored and is not to be: a lock that came between missed it.

        Nobody has been told its name or its secret yet. It goes even if that cannot be recorded.
        """
        try:
            await asyncio.to_thread(self._keys.revoke, key.api_key)
        except KeyStoreError as error:
            raise KeysAwayError(str(error)) from error
        await self._record(owner, "key.revoke", key.api_key, {"label": key.label}, request_id)

    def _made(self, owner: SessionView, wanted: WantedKey) -> MadeKey:
        """Return a key as it was asked for; an RSA key takes a while to be read."""
        if not (wanted.may_read or wanted.may_trade or wanted.may_withdraw):
            raise KeyRefusedError("may_read", "A key may do at least one thing")
        networks = _networks(wanted.allowed_ips)
        if wanted.may_withdraw:
            _check_held(networks)
        now_us = self._clock()
        name, secret, material = _material(wanted)
        key = ApiKey(
            api_key=name,
            account_id=owner.account_id,
            key_type=wanted.key_type,
            material=material,
            may_read=wanted.may_read,
            may_trade=wanted.may_trade,
            created_us=now_us,
            label=_label(wanted.label),
            may_withdraw=wanted.may_withdraw,
            allowed_ips=networks,
            allowed_symbols=self._known_symbols(wanted.allowed_symbols),
            expires_us=_expiry_us(wanted.lifetime_days, now_us),
            person_id=owner.person_id,
        )
        check_api_key(key)
        return MadeKey(key, secret)

    def _known_symbols(self, symbols: Sequence[str]) -> tuple[str, ...]:
        if len(symbols) > SYMBOLS_MAX:
            raise KeyRefusedError("allowed_symbols", f"{SYMBOLS_MAX} markets at most")
        known = self._symbols()
        for symbol in symbols:
            if symbol not in known:
                raise KeyRefusedError("allowed_symbols", f"There is no market {symbol[:20]!r}")
        return tuple(dict.fromkeys(symbols))

    async def _record(
        self,
        owner: SessionView,
        action: str,
        api_key: str,
        details: dict[str, str],
        request_id: str,
    ) -> None:
        try:
            actor = person_actor(owner.person_id)
            await self._audit.record(actor, action, f"key:{api_key}", details, request_id)
        except AuditError as error:
            raise KeysAwayError(str(error)) from error


def _material(wanted: WantedKey) -> tuple[str, str, bytes]:
    """Return the name, the secret to be shown and what is stored."""
    if wanted.key_type is KeyType.HMAC:
        if wanted.public_key:
            raise KeyRefusedError("public_key", "An HMAC key has none")
        generated = generate_key(KeyType.HMAC)
        return generated.api_key, generated.secret, generated.material
    if not wanted.public_key:
        raise KeyRefusedError("public_key", "Make a key pair, and give its public half")
    if len(wanted.public_key) > PUBLIC_KEY_CHARACTERS_MAX:
        raise KeyRefusedError("public_key", f"{PUBLIC_KEY_CHARACTERS_MAX} characters at most")
    if "PRIVATE KEY" in wanted.public_key:
        raise KeyRefusedError(
            "public_key", "This is a private key: it stays with you. Make a new pair now"
        )
    try:
        material = material_of_public_key(wanted.key_type, wanted.public_key)
    except KeyFormatError as error:
        raise KeyRefusedError("public_key", _sentence(str(error))) from error
    return new_api_key_name(), "", material


def _label(text: str) -> str:
    label = text.strip()
    if not 1 <= len(label) <= LABEL_CHARACTERS_MAX or not label.isprintable():
        raise KeyRefusedError("label", f"1 to {LABEL_CHARACTERS_MAX} letters, on one line")
    return label


def _check_held(networks: tuple[str, ...]) -> None:
    """Refuse to have half the world withdraw."""
    if not networks:
        raise KeyRefusedError(
            "allowed_ips", "A key that may withdraw is held to addresses: name them"
        )
    for text in networks:
        network = ip_network(text)
        if network.prefixlen < WITHDRAW_PREFIX_MIN[network.version]:
            raise KeyRefusedError("allowed_ips", f"{text} is too wide for a key that may withdraw")


def _networks(texts: Iterable[str]) -> tuple[str, ...]:
    try:
        networks = networks_of(texts)
    except KeyFormatError as error:
        raise KeyRefusedError("allowed_ips", str(error)) from error
    if len(networks) > NETWORKS_MAX:
        raise KeyRefusedError("allowed_ips", f"{NETWORKS_MAX} at most")
    return networks


def _expiry_us(days: int, now_us: int) -> int:
    if not 0 <= days <= LIFETIME_DAYS_MAX:
        raise KeyRefusedError("lifetime_days", f"0 (without end) to {LIFETIME_DAYS_MAX}")
    return now_us + days * DAY_US if days else 0


def _rights(key: ApiKey) -> dict[str, str]:
    """Return what the audit log tells of a key; nothing in it is secret."""
    rights = [
        name
        for name, may in (
            ("read", key.may_read),
            ("trade", key.may_trade),
            ("withdraw", key.may_withdraw),
        )
        if may
    ]
    return {
        "label": key.label,
        "type": key.key_type.value,
        "may": " ".join(rights),
        "allowed_ips": " ".join(key.allowed_ips) or "all",
        "allowed_symbols": " ".join(key.allowed_symbols) or "all",
        "expires_us": str(key.expires_us),
    }


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
