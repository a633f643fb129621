"""How often somebody may be wrong, and how many letters are sent.

An attempt is counted before it is made and taken back when it was right, so guesses that are sent
at the same time count as well. A single person's limits hold always; those of a network and of the
whole can be lifted.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from openoutcry.identity.settings import HOUR_US, MINUTE_US, IdentitySettings
from openoutcry.ports.identity import Refusal, RefusedError
from openoutcry.ports.people_store import Allowance, AttemptStore
from openoutcry.ports.rate_limits import network_of

LOCK_US = 15 * MINUTE_US
PASSWORDS_OF_PERSON_BY_NETWORK = 5
"""Wrong passwords for one address from one network within LOCK_US."""
PASSWORDS_OF_PERSON = 30
"""Wrong passwords for one address from anywhere: more, so that nobody is shut out by others."""
CODES_OF_PERSON = 5
"""Wrong codes of one person, from anywhere: whoever gets there has the password."""
CHANGES_OF_PERSON_AN_HOUR = 30
"""Passwords, sets of recovery codes and factors that one person begins: each costs hashes."""
GUESSES_OF_NETWORK = 60
"""Wrong passwords, codes, links and passkeys of one network, whoever they are for."""
GUESSES_OF_ALL_A_MINUTE = 600
LINK_GUESSES = 5
"""Wrong passwords for one link."""
LETTERS_OF_ADDRESS_BY_NETWORK = 3
"""Letters to one address that one network has asked for, within an hour."""
LETTERS_OF_ADDRESS_AN_HOUR = 10
"""Letters to one address that anybody has asked for: more, so that others do not use them up."""
LETTERS_OF_NETWORK_AN_HOUR = 30
LETTERS_OF_ALL_AN_HOUR = 2_000
LONGEST_WINDOW_US = 24 * HOUR_US
_SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Guard:
    """The allowances of one kind of attempt: those of a person, and those of everybody else."""

    own: Sequence[Allowance]
    shared: Sequence[Allowance]

    @property
    def all(self) -> list[Allowance]:
        """All of them."""
        return [*self.own, *self.shared]


class Limits:
    """Counts attempts; refuses when there were too many."""

    def __init__(self, attempts: AttemptStore, settings: IdentitySettings) -> None:
        self._attempts = attempts
        self._enforced = settings.limits

    def password(self, email_key: str, ip: str) -> Guard:
        """A password for an address, known or not."""
        name = _name(email_key)
        return Guard(
            (
                Allowance(
                    f"password:{name}:{network_of(ip)}", PASSWORDS_OF_PERSON_BY_NETWORK, LOCK_US
                ),
                Allowance(f"password:{name}", PASSWORDS_OF_PERSON, LOCK_US),
            ),
            self._guesses(ip),
        )

    def code(self, person_id: int, ip: str) -> Guard:
        """A code, or a password once more, of somebody who is half known."""
        own = Allowance(f"code:{person_id}", CODES_OF_PERSON, LOCK_US)
        return Guard((own,), self._guesses(ip))

    def changes(self, person_id: int) -> Guard:
        """Another password, set of codes or factor of somebody's own."""
        own = Allowance(f"changes:{person_id}", CHANGES_OF_PERSON_AN_HOUR, HOUR_US)
        return Guard((own,), ())

    def link(self, token_hash: bytes, ip: str) -> Guard:
        """What is sent with the token of a mail."""
        own = Allowance(f"link:{token_hash.hex()}", LINK_GUESSES, LONGEST_WINDOW_US)
        return Guard((own,), self._guesses(ip))

    def passkey(self, ip: str) -> Guard:
        """A passkey of somebody who is not known yet."""
        return Guard((), self._guesses(ip))

    def letters(self, ip: str) -> Guard:
        """A request that sends a letter."""
        return Guard(
            (),
            self._lifted(
                Allowance(f"letters:{network_of(ip)}", LETTERS_OF_NETWORK_AN_HOUR, HOUR_US),
                Allowance("letters", LETTERS_OF_ALL_AN_HOUR, HOUR_US),
            ),
        )

    def letters_to(self, email_key: str, ip: str, *, resets: bool = False) -> Guard:
        """A letter to one address. Those that set a password are counted apart from all others."""
        name = f"{'resets' if resets else 'letters'}:{_name(email_key)}"
        by_network = f"{name}:{network_of(ip)}"
        return Guard(
            (
                Allowance(by_network, LETTERS_OF_ADDRESS_BY_NETWORK, HOUR_US),
                Allowance(name, LETTERS_OF_ADDRESS_AN_HOUR, HOUR_US),
            ),
            (),
        )

    async def begin(self, guard: Guard, now_us: int) -> None:
        """Count an attempt; raises RefusedError."""
        if not guard.all:
            return
        wait_us = await self._attempts.used_up(guard.all, now_us)
        if wait_us == 0:
            wait_us = await self._attempts.attempt(guard.all, now_us)
        if wait_us:
            raise RefusedError(Refusal.TOO_MANY_ATTEMPTS, retry_after_s=-(-wait_us // _SECOND_US))

    async def succeeded(self, guard: Guard, begun_us: int) -> None:
        """Take an attempt back, and forget what was wrong before it."""
        await self._attempts.forgive([allowance.key for allowance in guard.shared], begun_us)
        await self._attempts.forget_attempts([allowance.key for allowance in guard.own])

    async def is_used_up(self, guard: Guard, now_us: int) -> bool:
        """Whether a person's own allowance has no attempt left."""
        return await self._attempts.used_up(guard.own, now_us) > 0

    async def forget_old(self, now_us: int) -> None:
        """Drop what no window reaches any more."""
        await self._attempts.forget_attempts_before(now_us - LONGEST_WINDOW_US)

    def _guesses(self, ip: str) -> Sequence[Allowance]:
        return self._lifted(
            Allowance(f"guess:{network_of(ip)}", GUESSES_OF_NETWORK, LOCK_US),
            Allowance("guess", GUESSES_OF_ALL_A_MINUTE, MINUTE_US),
        )

    def _lifted(self, *allowances: Allowance) -> Sequence[Allowance]:
        return allowances if self._enforced else ()


def _name(email_key: str) -> str:
    """Return what stands for an address in a key: the store keeps none of unknown people."""
    return hashlib.sha256(email_key.encode("utf-8", "surrogatepass")).hexdigest()
