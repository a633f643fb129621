"""The log-on of a socket by a ticket of the page: the socket acts for a person's session."""

import secrets
from collections.abc import Callable

from openoutcry.gateways.edge.page_sessions import Caller, PageSessions
from openoutcry.ports.notifications import InboxChange
from openoutcry.ports.people import SessionView
from openoutcry.ports.users import ApiKey, KeyType

BAD_TICKET = 4001
"""The code with which a socket is closed whose ticket or session is no good, or no more."""
SEEN_EVERY_US = 60_000_000
"""What people do on a socket counts as use of their session, to the minute."""


class PageLogOn:
    """Whose session a socket acts for, if any."""

    __slots__ = (
        "_caller",
        "_inbox_changed",
        "_people",
        "_seen_us",
        "_stop",
        "_used",
        "key",
        "session",
    )

    def __init__(
        self,
        people: PageSessions | None,
        caller: Caller | None,
        inbox_changed: Callable[[InboxChange], None],
    ) -> None:
        self._people = people
        self._caller = caller
        self._inbox_changed = inbox_changed
        self._stop: Callable[[], None] | None = None
        self._seen_us = 0
        self._used = False
        self.session: SessionView | None = None
        self.key: ApiKey | None = None
        """Stands for the session where a handler wants a key. Its name is no key's, and this
        socket's own: requests of two sockets are never the same request."""

    @property
    def is_offered(self) -> bool:
        """Whether there are people and tickets at all."""
        return self._people is not None

    async def log_on(self, ticket: str, now_us: int) -> bool:
        """Take a ticket; False when it opens nothing, and the socket has to be closed."""
        people, caller = self._people, self._caller
        assert people is not None, "tickets are offered"
        if caller is None:
            return False
        session = await people.redeem(ticket, caller, now_us)
        if session is None or (self.session is not None and not self.is_of(session.session_id)):
            return False
        self.session, self._seen_us = session, now_us
        if self.key is None:
            name = f"page {secrets.token_hex(16)}"
            self.key = ApiKey(name, session.account_id, KeyType.HMAC, b"")
            if people.inbox is not None:
                self._stop = people.inbox.listen(session.person_id, self._inbox_changed)
        # It may have ended before this socket was known to be its own.
        return await people.sessions.seen(session.session_id, now_us) is not None

    def log_out(self) -> None:
        """Act for nobody any more."""
        if self._stop is not None:
            self._stop()
            self._stop = None
        self.session = self.key = None

    def is_of(self, session_id: str) -> bool:
        """Whether the socket acts for that session."""
        return self.session is not None and self.session.session_id == session_id

    def used(self) -> None:
        """Something was asked on the socket."""
        self._used = True

    def is_due(self, now_us: int) -> bool:
        """Whether the session has to hear that it is used."""
        return self.session is not None and self._used and now_us - self._seen_us >= SEEN_EVERY_US

    async def renew(self, now_us: int) -> bool:
        """Count the session as used; False when it has ended."""
        people, session = self._people, self.session
        if people is None or session is None:
            return True
        self._used, self._seen_us = False, now_us
        return await people.sessions.seen(session.session_id, now_us) is not None
