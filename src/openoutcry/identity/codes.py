"""Codes that prove something: those by time, and those kept for when everything else is lost."""

import asyncio
import hmac
import re
import secrets
from dataclasses import dataclass, field

import argon2.low_level
import pyotp

from openoutcry.identity.settings import SECOND_US, IdentitySettings
from openoutcry.ports.identity import TotpSetUp
from openoutcry.ports.people_store import FactorStore, PeopleStoreError, StoredTotp
from openoutcry.ports.sealing import Sealer, SealError

TOTP_SECRET_CHARACTERS = 32
"""160 bits in base32."""
TOTP_STEP_SECONDS = 30
_STEPS_OFF = (0, -1, 1)
"""Clocks differ, and people take their time."""
_TOTP_PLACE = "totp:{}"

RECOVERY_CODES = 10
_RECOVERY_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without I, L, O and U, which are misread or spell words."""
_RECOVERY_CHARACTERS = 16
_RECOVERY_GROUP = 4
_RECOVERY_HASH_BYTES = 32
_MISREAD = str.maketrans("ILO", "110")


@dataclass(frozen=True, slots=True)
class TotpProof:
    """A code of a secret that is to be confirmed was right."""

    person_id: int
    secret_sealed: bytes = field(repr=False)
    step: int


class TotpCodes:
    """Generators of codes by time; each step is good once."""

    def __init__(self, store: FactorStore, sealer: Sealer, settings: IdentitySettings) -> None:
        self._store = store
        self._sealer = sealer
        self._issuer = settings.product

    async def begin(self, person_id: int, email: str, now_us: int) -> TotpSetUp | None:
        """Make a secret that is to be confirmed; None when there is a confirmed one."""
        secret = pyotp.random_base32(TOTP_SECRET_CHARACTERS)
        sealed = self._sealer.seal(_TOTP_PLACE.format(person_id), secret.encode())
        if not await self._store.set_totp(StoredTotp(person_id, sealed, False, 0, now_us)):
            return None
        uri = pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=self._issuer)
        return TotpSetUp(secret, uri)

    async def proof(self, person_id: int, code: str, now_us: int) -> TotpProof | None:
        """Return what confirms the secret, by a code of now; None when it is none, or nothing was
        begun.
        """
        totp = await self._store.totp(person_id)
        if totp is None or totp.confirmed:
            return None
        step = self._step_of(totp, code, now_us)
        return None if step is None else TotpProof(person_id, totp.secret_sealed, step)

    async def confirm(self, proof: TotpProof) -> bool:
        """Confirm the secret that was proved; False when it is another by now."""
        return await self._store.confirm_totp(proof.person_id, proof.secret_sealed, proof.step)

    async def is_begun(self, person_id: int) -> bool:
        """Whether there is a secret that is to be confirmed."""
        totp = await self._store.totp(person_id)
        return totp is not None and not totp.confirmed

    async def use(self, person_id: int, code: str, now_us: int) -> bool:
        """Take a code of now, once."""
        totp = await self._store.totp(person_id)
        if totp is None or not totp.confirmed:
            return False
        step = self._step_of(totp, code, now_us)
        if step is None:
            return False
        return await self._store.use_totp_step(person_id, step)

    def _step_of(self, totp: StoredTotp, code: str, now_us: int) -> int | None:
        """Return the step whose code this is, looking at all that are near."""
        place = _TOTP_PLACE.format(totp.person_id)
        try:
            secret = self._sealer.unseal(place, totp.secret_sealed).decode()
        except SealError as error:
            text = f"the secret of person {totp.person_id} does not open: {error}"
            raise PeopleStoreError(text) from error
        generator = pyotp.TOTP(secret)
        typed = code.replace(" ", "")
        if re.fullmatch("[0-9]{6}", typed) is None:
            return None
        now = now_us // SECOND_US // TOTP_STEP_SECONDS
        found = None
        for step in (now + off for off in _STEPS_OFF):
            if step >= 0 and hmac.compare_digest(generator.generate_otp(step), typed):
                found = step
        return found


class RecoveryCodes:
    """Codes of 80 bits, each good once, kept as Argon2id hashes salted by their person."""

    def __init__(self, store: FactorStore, settings: IdentitySettings) -> None:
        self._store = store
        self._settings = settings

    async def make(self, person_id: int) -> tuple[str, ...]:
        """Return new codes; older ones are good no more."""
        codes = [_new_recovery_code() for _ in range(RECOVERY_CODES)]
        hashes = await asyncio.to_thread(
            lambda: [self._hash(person_id, plain_recovery_code(code)) for code in codes]
        )
        await self._store.set_recovery_codes(person_id, hashes)
        return tuple(codes)

    async def make_if_none(self, person_id: int) -> tuple[str, ...]:
        """Return new codes when none is left, else none."""
        if await self._store.recovery_codes_left(person_id):
            return ()
        return await self.make(person_id)

    async def use(self, person_id: int, code: str) -> bool:
        """Take a code, once; it takes as long when it is none."""
        code_hash = await asyncio.to_thread(self._hash, person_id, plain_recovery_code(code))
        return await self._store.use_recovery_code(person_id, code_hash)

    def _hash(self, person_id: int, plain: str) -> bytes:
        return argon2.low_level.hash_secret_raw(
            secret=plain.encode(),
            salt=f"openoutcry recovery code {person_id}".encode(),
            time_cost=self._settings.password_passes,
            memory_cost=self._settings.password_memory_kib,
            parallelism=self._settings.password_lanes,
            hash_len=_RECOVERY_HASH_BYTES,
            type=argon2.low_level.Type.ID,
        )


def plain_recovery_code(text: str) -> str:
    """Return a code as it was made, from how it was typed; what cannot be one is empty."""
    plain = text.replace("-", "").replace(" ", "").upper().translate(_MISREAD)
    if len(plain) != _RECOVERY_CHARACTERS or not set(plain) <= set(_RECOVERY_ALPHABET):
        return ""
    return plain


def _new_recovery_code() -> str:
    plain = "".join(secrets.choice(_RECOVERY_ALPHABET) for _ in range(_RECOVERY_CHARACTERS))
    groups = range(0, _RECOVERY_CHARACTERS, _RECOVERY_GROUP)
    return "-".join(plain[at : at + _RECOVERY_GROUP] for at in groups)
