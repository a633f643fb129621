"""Another address for somebody: a link to the new one, and word to the one that they have.

Nothing that is answered, and nothing that it takes before the answer, depends on whether the new
address is somebody's. The link alone changes nothing: it takes the session of whoever asked for it
as well, so a mistyped address gives its owner no account.
"""

from openoutcry.identity.addresses import check_email, key_of_email
from openoutcry.identity.desk import Desk
from openoutcry.identity.letters import (
    address_asked_letter,
    address_changed_letter,
    address_known_letter,
    new_address_letter,
)
from openoutcry.identity.tokens import hash_of_token, new_token
from openoutcry.ports.identity import Caller, Refusal, RefusedError, StartedSession
from openoutcry.ports.people import EmailFormatError, EmailTakenError, SessionView
from openoutcry.ports.people_store import MailToken, Person, TokenPurpose

_PURPOSE = TokenPurpose.CHANGE_EMAIL


class EmailChange:
    """Two steps of one's own account: asking for another address, and taking it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._stores = desk.stores

    async def ask(self, session: SessionView, email: str, caller: Caller) -> None:
        """Send a link to another address, and word to the present one; raises RefusedError."""
        try:
            email = check_email(email)
        except EmailFormatError as error:
            raise RefusedError(Refusal.EMAIL_FORMAT) from error
        desk = self._desk
        person = await desk.person(session.person_id)
        if key_of_email(email) == person.email_key:
            raise RefusedError(Refusal.EMAIL_UNCHANGED)
        await desk.limits.begin(desk.limits.letters(caller.ip), caller.now_us)
        await desk.limits.begin(desk.limits.letters_to(person.email_key, caller.ip), caller.now_us)
        await desk.record("email.ask", person, caller)
        desk.errands.run(self._send(session.session_id, person, email, caller))

    async def _send(self, session_id: str, person: Person, email: str, caller: Caller) -> None:
        """Write to the present address; then store what a link is good for and send it, or a hint
        to whose address it is. A present address that takes no letters any more holds nothing up.
        """
        desk, key = self._desk, key_of_email(email)
        await desk.errands.post(address_asked_letter(desk.settings, person.email, email))
        if not await desk.may_write_to(key, caller):
            return
        origin = desk.settings.page_origin(caller.origin)
        if await self._stores.people.person_by_email(key) is not None:
            await desk.errands.post(address_known_letter(desk.settings, origin, email))
            return
        if not await desk.sessions.has(session_id, person.person_id):
            return  # whoever asked is shut out by now
        token = new_token()
        expires_us = caller.now_us + desk.settings.email_link_us
        await self._stores.tokens.add_mail_token(
            MailToken(hash_of_token(token), _PURPOSE, email, key, person.person_id, "", expires_us)
        )
        await desk.errands.post(new_address_letter(desk.settings, origin, email, token))

    async def change(self, session: SessionView, token: str, caller: Caller) -> StartedSession:
        """Take the address of a link that this person has asked for; raises RefusedError."""
        desk, token_hash = self._desk, hash_of_token(token)
        if not token_hash:
            raise RefusedError(Refusal.LINK_GONE)
        guard = desk.limits.link(token_hash, caller.ip)
        await desk.limits.begin(guard, caller.now_us)
        mailed = await self._stores.tokens.mail_token(token_hash, _PURPOSE, caller.now_us)
        if mailed is None or mailed.person_id != session.person_id:
            raise RefusedError(Refusal.LINK_GONE)
        await desk.limits.succeeded(guard, caller.now_us)
        person = await desk.person(session.person_id)
        if await self._stores.people.person_by_email(mailed.email_key) is not None:
            raise RefusedError(Refusal.LINK_GONE)
        if await self._stores.tokens.take_mail_token(token_hash, _PURPOSE, caller.now_us) is None:
            raise RefusedError(Refusal.LINK_GONE)
        await desk.record("email.change", person, caller, {"was": person.email, "is": mailed.email})
        await desk.shut_out(person.person_id, but=session.session_id)
        await self._take(person, mailed, caller)
        await desk.shut_out(person.person_id, but=session.session_id)
        word = address_changed_letter(desk.settings, person.email, mailed.email)
        desk.errands.run(desk.errands.post(word))
        return await desk.sessions.renew(session.session_id, caller.now_us)

    async def _take(self, person: Person, mailed: MailToken, caller: Caller) -> None:
        """Change the address, and drop what was sent to either: it was for somebody else."""
        try:
            is_changed = await self._stores.people.set_email(
                person.person_id,
                mailed.email,
                mailed.email_key,
                was=person.email_key,
                changed_us=caller.now_us,
            )
        except EmailTakenError as error:
            raise RefusedError(Refusal.LINK_GONE) from error
        if not is_changed:
            raise RefusedError(Refusal.LINK_GONE)
        for key in (person.email_key, mailed.email_key):
            await self._stores.tokens.forget_mail_tokens(key)
