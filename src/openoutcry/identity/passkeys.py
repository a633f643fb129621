"""Passkeys: a challenge of 256 bits goes out, a signature over it comes back, once.

Every passkey verifies its user (by finger, face or PIN), so that it is two factors in one and can
stand alone. Attestation is not asked for: which make of device it is does not matter here.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import webauthn
from cryptography.exceptions import UnsupportedAlgorithm
from webauthn.helpers import options_to_json_dict
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from openoutcry.identity.settings import IdentitySettings
from openoutcry.identity.tokens import bytes_of_base64url, hash_of_challenge
from openoutcry.ports.identity import Caller, PasskeyAnswer, PasskeyOptions, Refusal, RefusedError
from openoutcry.ports.people_store import (
    FactorStore,
    Pending,
    PendingKind,
    StoredPasskey,
    TokenStore,
)

CHALLENGE_BYTES = 32
PASSKEYS_MAX = 20
"""Of one person."""
CREDENTIAL_BYTES_MAX = 1_023
_MILLISECOND_US = 1_000
_BAD_ANSWER = (WebAuthnException, UnsupportedAlgorithm, ValueError, KeyError, TypeError)
"""What the library raises for answers that no browser gives."""
_TRANSPORTS = frozenset(transport.value for transport in AuthenticatorTransport)


class CounterRegressedError(Exception):
    """The passkey's counter went back: there may be a copy of it."""

    def __init__(self, passkey: StoredPasskey, sign_count: int) -> None:
        super().__init__("the counter of a passkey went back")
        self.passkey = passkey
        self.sign_count = sign_count


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """A public key that somebody's device has just made."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: tuple[str, ...]
    backed_up: bool


class Passkeys:
    """Makes challenges and checks the answers; each challenge is answered once, right or wrong."""

    def __init__(self, store: FactorStore, tokens: TokenStore, settings: IdentitySettings) -> None:
        self._store = store
        self._tokens = tokens
        self._settings = settings

    async def ask_to_add(
        self, person_id: int, email: str, session_id: str, caller: Caller
    ) -> PasskeyOptions:
        """Return the options for making a passkey."""
        known = await self._store.passkeys_of(person_id)
        challenge = await self._challenge(PendingKind.PASSKEY_ADD, person_id, session_id, caller)
        options = webauthn.generate_registration_options(
            rp_id=self._settings.relying_party,
            rp_name=self._settings.product,
            user_id=_handle(person_id),
            user_name=email,
            user_display_name=email,
            challenge=challenge,
            timeout=self._timeout_ms,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[_descriptor(passkey) for passkey in known],
        )
        return options_to_json_dict(options)

    async def ask(
        self, kind: PendingKind, person_id: int, session_id: str, caller: Caller
    ) -> PasskeyOptions:
        """Return the options for using a passkey: somebody's, or anybody's when nobody is known."""
        known = await self._store.passkeys_of(person_id) if person_id else []
        challenge = await self._challenge(kind, person_id, session_id, caller)
        options = webauthn.generate_authentication_options(
            rp_id=self._settings.relying_party,
            challenge=challenge,
            timeout=self._timeout_ms,
            allow_credentials=[_descriptor(passkey) for passkey in known] or None,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return options_to_json_dict(options)

    async def check_new(
        self, person_id: int, session_id: str, answer: PasskeyAnswer, caller: Caller
    ) -> NewPasskey:
        """Return the passkey that was made for this person's challenge; raises RefusedError."""
        challenge = await self._taken(
            PendingKind.PASSKEY_ADD, person_id, session_id, answer, caller
        )
        try:
            verified = webauthn.verify_registration_response(
                credential=dict(answer),
                expected_challenge=challenge,
                expected_rp_id=self._settings.relying_party,
                expected_origin=self._origin(caller),
                require_user_verification=True,
            )
            transports = answer["response"].get("transports") or []
            named = tuple(sorted({name for name in transports if name in _TRANSPORTS}))
        except _BAD_ANSWER as error:
            raise RefusedError(Refusal.PASSKEY_REFUSED) from error
        if len(verified.credential_id) > CREDENTIAL_BYTES_MAX:
            raise RefusedError(Refusal.PASSKEY_REFUSED)
        return NewPasskey(
            verified.credential_id,
            verified.credential_public_key,
            verified.sign_count,
            named,
            verified.credential_backed_up,
        )

    async def check(
        self,
        kind: PendingKind,
        person_id: int,
        session_id: str,
        answer: PasskeyAnswer,
        caller: Caller,
    ) -> StoredPasskey:
        """Return the passkey that has answered; `person_id` 0 asks for anybody's.

        Raises RefusedError, and CounterRegressedError when the answer was right but for that.
        """
        challenge = await self._taken(kind, person_id, session_id, answer, caller)
        passkey = await self._named(answer)
        if person_id not in {0, passkey.person_id}:
            raise RefusedError(Refusal.PASSKEY_REFUSED)
        try:
            _check_handle(answer, passkey.person_id)
            verified = webauthn.verify_authentication_response(
                credential=dict(answer),
                expected_challenge=challenge,
                expected_rp_id=self._settings.relying_party,
                expected_origin=self._origin(caller),
                credential_public_key=passkey.public_key,
                credential_current_sign_count=0,  # looked at below, when the rest is right
                require_user_verification=True,
            )
        except _BAD_ANSWER as error:
            raise RefusedError(Refusal.PASSKEY_REFUSED) from error
        count = verified.new_sign_count
        if max(count, passkey.sign_count) > 0 and count <= passkey.sign_count:
            raise CounterRegressedError(passkey, count)
        if not await self._store.use_passkey(
            passkey.passkey_id,
            was=passkey.sign_count,
            sign_count=count,
            backed_up=verified.credential_backed_up,
            now_us=caller.now_us,
        ):
            raise RefusedError(Refusal.PASSKEY_REFUSED)
        return passkey

    async def _named(self, answer: PasskeyAnswer) -> StoredPasskey:
        try:
            credential_id = bytes_of_base64url(str(answer["rawId"]))
        except (KeyError, ValueError) as error:
            raise RefusedError(Refusal.PASSKEY_REFUSED) from error
        passkey = await self._store.passkey(credential_id)
        if passkey is None:
            raise RefusedError(Refusal.PASSKEY_REFUSED)
        return passkey

    async def _challenge(
        self, kind: PendingKind, person_id: int, session_id: str, caller: Caller
    ) -> bytes:
        challenge = secrets.token_bytes(CHALLENGE_BYTES)
        expires_us = caller.now_us + self._settings.step_us
        await self._tokens.add_pending(
            Pending(
                hash_of_challenge(challenge), kind, person_id, session_id, frozenset(), expires_us
            )
        )
        return challenge

    async def _taken(
        self,
        kind: PendingKind,
        person_id: int,
        session_id: str,
        answer: PasskeyAnswer,
        caller: Caller,
    ) -> bytes:
        """Return the challenge that the answer claims to be for, when it was ours and unused."""
        challenge = _challenge_of(answer)
        pending = await self._tokens.take_pending(hash_of_challenge(challenge), kind, caller.now_us)
        if pending is None:
            raise RefusedError(Refusal.PENDING_GONE)
        if (pending.person_id, pending.session_id) != (person_id, session_id):
            raise RefusedError(Refusal.PASSKEY_REFUSED)
        return challenge

    def _origin(self, caller: Caller) -> str:
        """Return the page's address, which must be of the name that passkeys are bound to."""
        origin = self._settings.page_origin(caller.origin)
        if urlsplit(origin).hostname != self._settings.relying_party:
            raise RefusedError(Refusal.PASSKEY_REFUSED)
        return origin

    @property
    def _timeout_ms(self) -> int:
        return self._settings.step_us // _MILLISECOND_US


def _handle(person_id: int) -> bytes:
    """Return what a device keeps to name the person: nothing that says who it is."""
    return person_id.to_bytes(8, "big")


def _check_handle(answer: PasskeyAnswer, person_id: int) -> None:
    handle = answer["response"].get("userHandle")
    if handle and bytes_of_base64url(str(handle)) != _handle(person_id):
        raise ValueError("the passkey names another person")


def _descriptor(passkey: StoredPasskey) -> PublicKeyCredentialDescriptor:
    transports = [AuthenticatorTransport(name) for name in passkey.transports]
    return PublicKeyCredentialDescriptor(id=passkey.credential_id, transports=transports or None)


def _challenge_of(answer: PasskeyAnswer) -> bytes:
    """Return the challenge in an answer; raises RefusedError when there is none."""
    try:
        response = answer["response"]
        client_data = json.loads(bytes_of_base64url(str(response["clientDataJSON"])))
        challenge = _text(client_data, "challenge")
        return bytes_of_base64url(challenge)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise RefusedError(Refusal.PASSKEY_REFUSED) from error


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} is no text")
    return value
