"""The desk where requests come in: who may ask, what was asked before, and what is being asked."""

from collections import deque
from collections.abc import Mapping
from itertools import islice
from typing import Protocol

from openoutcry.core.enums import AccountFlag, CommandKind, Phase, Reason
from openoutcry.core.limits import DEADLINE_AHEAD_US_MAX
from openoutcry.core.records import (
    AmendLink,
    AmendOrder,
    CancelAll,
    CancelLink,
    CancelOrder,
    CancelReplace,
    Command,
    DuplicateEvent,
    NewOrder,
    PlaceLink,
    RefusedEvent,
)
from openoutcry.reference.catalog import Catalog
from openoutcry.reference.holdings import Account, AccountOrder, Outcome
from openoutcry.reference.links import SendToMarket
from openoutcry.reference.log import Entity, EventLog
from openoutcry.reference.refusals import NOT_KEPT, Subject, UserCommand, subject_of
from openoutcry.reference.settling import Settling

Found = tuple[AccountOrder | None, Reason]
Request = NewOrder | CancelOrder | CancelAll | CancelReplace | AmendOrder
"""Commands that a market is asked about."""


class MarketDoor(Protocol):
    """What accounts may ask a market in the same partition; asking changes nothing."""

    def is_busy(self) -> bool:
        """Whether continuations wait."""

    def is_trailing_full(self, leaving_order_id: int = 0) -> bool:
        """Whether no further trailing order may wait."""

    def check(self, place: PlaceLink) -> Reason:
        """Say why an order may not enter."""


class Desk(Settling):
    """Admission, dedupe, refusals, and the requests that markets have not answered yet."""

    def __init__(
        self,
        log: EventLog,
        catalog: Catalog,
        partition: Entity,
        send: SendToMarket,
        doors: Mapping[int, MarketDoor],
    ) -> None:
        super().__init__(log, catalog)
        self._partition = partition
        self._send = send
        self.doors = doors
        self._asked: dict[int, deque[Request]] = {}
        """By order id; a market answers in the order in which it is asked."""
        self.cancelled: deque[tuple[CancelReplace, Reason]] = deque()
        """Cancel-replaces of which the cancel has been answered and the rest is to be done."""

    # ----- refusals and answers

    def refuse(self, command: Command, reason: Reason, phase: Phase = Phase.WHOLE) -> None:
        """Emit the refusal of a command."""
        self.refuse_as(command.kind, command.account_id, subject_of(command, phase), reason, phase)

    def refuse_as(
        self,
        kind: int,
        account_id: int,
        subject: Subject,
        reason: Reason,
        phase: Phase = Phase.WHOLE,
    ) -> None:
        """Emit a refusal in these words."""
        market, order_id, client_order_id = subject
        self._log.emit(
            self.speaker(account_id),
            RefusedEvent,
            account_id=account_id,
            market=market,
            command_kind=kind,
            phase=phase,
            reason=reason,
            order_id=order_id,
            client_order_id=client_order_id,
        )

    def speaker(self, account_id: int) -> Entity:
        """Return the entity that speaks of what an account asked."""
        return self.shard(account_id) if account_id else self._partition

    def check_entry(self, command: UserCommand) -> Reason:
        """Say why a command is not even looked at: too late, too early, or of nobody."""
        time_us = self._log.time_us
        if command.deadline_us != 0 and time_us > command.deadline_us:
            return Reason.DEADLINE_PASSED
        if command.deadline_us > time_us + DEADLINE_AHEAD_US_MAX:
            return Reason.DEADLINE_TOO_FAR
        known = command.account_id in self.accounts
        return Reason.NONE if known else Reason.UNKNOWN_ACCOUNT

    def admit(self, command: UserCommand) -> Account | None:
        """Return the account of a command that is in time and not a duplicate, else say so."""
        reason = self.check_entry(command)
        if reason:
            self.refuse(command, reason)
            return None
        account = self.accounts[command.account_id]
        digest = (command.digest_lo, command.digest_hi)
        outcome = account.outcomes.get(digest) if any(digest) else None
        if outcome is None or outcome.deadline_us < self._log.time_us:
            return account
        self._log.emit(
            self.shard(account.account_id),
            DuplicateEvent,
            account_id=account.account_id,
            market=outcome.market,
            command_kind=outcome.kind,
            reason=outcome.reason,
            order_id=outcome.order_id,
        )
        return None

    def remember(self, command: UserCommand, reason: Reason, order_id: int = 0) -> None:
        """Keep what a request came to until its deadline."""
        digest = (command.digest_lo, command.digest_hi)
        if not any(digest) or command.deadline_us == 0:
            return
        outcomes = self.accounts[command.account_id].outcomes
        outcomes.pop(digest, None)
        if reason in NOT_KEPT:
            return
        time_us = self._log.time_us
        for old in list(islice(outcomes, 2)):
            if outcomes[old].deadline_us < time_us:
                del outcomes[old]
        market = subject_of(command)[0]
        outcomes[digest] = Outcome(command.deadline_us, command.kind, market, reason, order_id)

    def conclude(self, command: UserCommand, reason: Reason, phase: Phase = Phase.WHOLE) -> None:
        """Refuse a request for good."""
        self.refuse(command, reason, phase)
        self.remember(command, reason)

    # ----- what every order request begins with

    def check_trader(self, account: Account, market: int) -> Reason:
        """Return what checks 1 and 2 find."""
        if not account.flags & AccountFlag.TRADE.value:
            return Reason.ACCOUNT_MAY_NOT_TRADE
        if market not in self.catalog.specifications:
            return Reason.UNKNOWN_MARKET
        return Reason.NONE

    @staticmethod
    def find(account: Account, market: int, order_id: int, client_order_id: bytes) -> Found:
        """Find an open order by either id."""
        there = account.in_market(market)
        named = bool(client_order_id.rstrip(b"\0"))
        if order_id == 0:
            order_id = there.client_order_ids.get(client_order_id, 0) if named else 0
            named = False
        order = there.orders.get(order_id)
        if order is None:
            return None, Reason.UNKNOWN_ORDER
        if named and order.client_order_id != client_order_id:
            return None, Reason.CANCEL_ID_MISMATCH
        return order, Reason.NONE

    # ----- requests to markets

    def ask(self, link: PlaceLink | CancelLink | AmendLink, request: Request) -> None:
        """Send a request to a market; until it is answered, sending it again gives its order."""
        self._asked.setdefault(link.order_id, deque()).append(request)
        if request.kind != CommandKind.CANCEL_ALL:
            self.remember(request, Reason.NONE, link.order_id)
        self._send(link)

    def take_request(self, order_id: int) -> Request:
        """Return the request that a market has now answered."""
        asked = self._asked[order_id]
        request = asked.popleft()
        if not asked:
            del self._asked[order_id]
        return request
