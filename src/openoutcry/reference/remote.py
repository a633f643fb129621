"""Accounts whose markets are elsewhere: what a market is asked is state until it has answered."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from openoutcry.core.enums import CommandKind, Execution, Reason
from openoutcry.core.ids import shard_of_account
from openoutcry.core.limits import REQUESTS_MAX
from openoutcry.core.records import (
    AmendLink,
    AmendOrder,
    AnsweredEvent,
    AnswerLink,
    CancelLink,
    CreateAccount,
    PendingEvent,
    PlaceLink,
    PreventedEvent,
    SettleLink,
    UpdateAccount,
)
from openoutcry.reference.accounts import Accounts
from openoutcry.reference.catalog import Catalog
from openoutcry.reference.desk import Request
from openoutcry.reference.holdings import Account
from openoutcry.reference.hosting import Hosting
from openoutcry.reference.links import Answers, ToAccounts, ToMarket
from openoutcry.reference.log import Entity, EventLog
from openoutcry.reference.refusals import UserCommand
from openoutcry.reference.terms import BUY, SELL

if TYPE_CHECKING:
    from typing_extensions import override
else:

    def override(method: object) -> object:  # typing has it from Python 3.12 on
        """Mark a method that replaces an inherited one."""
        return method


_REQUESTS = frozenset(
    {
        CommandKind.NEW_ORDER,
        CommandKind.CANCEL_ORDER,
        CommandKind.CANCEL_ALL,
        CommandKind.CANCEL_REPLACE,
        CommandKind.AMEND_ORDER,
    }
)


class Origin(NamedTuple):
    """The command that a request came by."""

    partition: int
    seq: int
    command: int


@dataclass(slots=True, eq=False)
class Pending:
    """A request, and how many of its messages no answer has come to."""

    origin: Origin
    request: Request
    asked: int = 0
    order_id: int = 0
    """The order that the last answer spoke of."""


class Part(NamedTuple):
    """One message of a request."""

    link_seq: int
    pending: Pending


class RemoteAccounts(Accounts):
    """Accounts that ask markets by the post (section 14)."""

    def __init__(
        self,
        log: EventLog,
        catalog: Catalog,
        partition: Entity,
        post: Callable[[ToMarket], int],
        hosting: Hosting,
    ) -> None:
        super().__init__(log, catalog, partition, post, {})
        self._post = post
        self._hosting = hosting
        self.requests: dict[Origin, Pending] = {}
        self.parts: dict[int, deque[Part]] = {}
        """By order id; a market answers in the order in which it is asked."""
        self.digests: dict[tuple[int, int, int], Origin] = {}
        """Requests that have a digest, by account and digest."""
        self._current: Pending | None = None
        """The request that the command under way has begun, or brings the answer to."""

    # ----- who is here

    @override
    def speaker(self, account_id: int) -> Entity:
        """Return the account's shard, or the partition when that is elsewhere."""
        here = account_id != 0 and self._hosting.hosts_account(account_id)
        return self.shard(account_id) if here else self._partition

    @override
    def create_account(self, command: CreateAccount) -> None:
        """Open an account whose shard is here."""
        if self._hosting.hosts_account(command.account_id):
            super().create_account(command)
        else:
            self.refuse(command, Reason.NOT_HOSTED)

    @override
    def update_account(self, command: UpdateAccount) -> None:
        """Change an account whose shard is here."""
        if self._hosting.hosts_account(command.account_id):
            super().update_account(command)
        else:
            self.refuse(command, Reason.NOT_HOSTED)

    @override
    def check_entry(self, command: UserCommand) -> Reason:
        """As ever; and an account may be elsewhere, or have asked this already."""
        reason = super().check_entry(command)
        if reason == Reason.UNKNOWN_ACCOUNT:
            here = self._hosting.hosts_account(command.account_id)
            return reason if here else Reason.NOT_HOSTED
        if not reason and _digest_of(command) in self.digests:
            return Reason.REQUEST_PENDING
        return reason

    @override
    def admit(self, command: UserCommand) -> Account | None:
        """As ever; and only so many requests may wait for markets."""
        self._current = None
        account = super().admit(command)
        if account and command.kind in _REQUESTS and len(self.requests) >= REQUESTS_MAX:
            self.refuse(command, Reason.CAPACITY_REACHED)
            return None
        return account

    # ----- requests

    @override
    def ask(self, link: PlaceLink | CancelLink | AmendLink, request: Request) -> None:
        """Send a message of a request, and keep the request."""
        if self._current is None:
            origin = Origin(self._log.partition, self._log.seq, self._log.command)
            self._current = Pending(origin, request)
            self.enter_request(self._current)
        pending = self._current
        pending.order_id = link.order_id
        self.enter_part(link.order_id, Part(self._post(link), pending))
        self._report(PendingEvent, pending)

    def enter_request(self, pending: Pending) -> None:
        """Enter a request in the tables."""
        request = pending.request
        self.requests[pending.origin] = pending
        if request.digest_lo or request.digest_hi:
            self.digests[_digest_of(request)] = pending.origin

    def enter_part(self, order_id: int, part: Part) -> None:
        """Enter a message of a request that waits for its answer."""
        part.pending.asked += 1
        self.parts.setdefault(order_id, deque()).append(part)

    @override
    def take_request(self, order_id: int) -> Request:
        """Return the request of which a market has now answered a message."""
        parts = self.parts[order_id]
        pending = parts.popleft().pending
        if not parts:
            del self.parts[order_id]
        pending.asked -= 1
        pending.order_id = order_id
        self._current = pending
        return pending.request

    @override
    def remember(self, command: UserCommand, reason: Reason, order_id: int = 0) -> None:
        """Keep what a request came to, once nothing of it is pending."""
        if self._current is None or self._current.asked == 0:
            super().remember(command, reason, order_id)

    def finish(self) -> None:
        """After a message: say that a request has its last answer."""
        pending, self._current = self._current, None
        if pending is None or pending.asked:
            return
        request = pending.request
        if request.kind == CommandKind.CANCEL_ALL:
            super().remember(request, Reason.NONE)
        self._report(AnsweredEvent, pending)
        del self.requests[pending.origin]
        self.digests.pop(_digest_of(request), None)

    def _report(self, record: type[PendingEvent | AnsweredEvent], pending: Pending) -> None:
        request = pending.request
        self._log.emit(
            self.shard(request.account_id),
            record,
            account_id=request.account_id,
            order_id=pending.order_id,
            origin_seq=pending.origin.seq,
            origin_command=pending.origin.command,
            origin_partition=pending.origin.partition,
            market=request.market,
            command_kind=request.kind,
        )

    # ----- answers

    @override
    def receive(self, link: ToAccounts) -> None:
        """Take in what a market says of an order."""
        self._current = None
        if isinstance(link, SettleLink) and link.prevented:
            self._report_prevented(link)
        if isinstance(link, AnswerLink) and link.answers == Answers.PLACE:
            order = self.orders[link.order_id]
            self.report(order, Execution.NEW, held_atoms=order.hold_atoms)
        elif isinstance(link, AnswerLink) and link.answers == Answers.RESPONDED:
            self.remember(self.take_request(link.order_id), Reason.NONE, link.order_id)
        else:
            super().receive(link)

    def _report_prevented(self, link: SettleLink) -> None:
        """Emit the prevention of an own order, as its market does for all."""
        order = self.orders[link.order_id]
        ours = (order.order_id, order.account_id, link.lots)
        theirs = (link.counter_order_id, link.counter_account_id, link.counter_lots)
        maker, taker = (ours, theirs) if link.maker else (theirs, ours)
        other_side = SELL if order.side == BUY else BUY
        self._log.emit(
            self.shard(order.account_id),
            PreventedEvent,
            market=order.market,
            taker_side=other_side if link.maker else order.side,
            stp_mode=link.stp_mode,
            trade_group=link.trade_group,
            prevented_id=link.trade_id,
            price_ticks=link.price_ticks,
            taker_order_id=taker[0],
            maker_order_id=maker[0],
            taker_account_id=taker[1],
            maker_account_id=maker[1],
            taker_prevented_lots=taker[2],
            maker_prevented_lots=maker[2],
        )

    def forget_requests(self, shard: int) -> None:
        """Give a shard's requests away."""
        for order_id in [o for o in self.parts if shard_of_account(o) == shard]:
            del self.parts[order_id]
        for origin, pending in list(self.requests.items()):
            if shard_of_account(pending.request.account_id) == shard:
                del self.requests[origin]
                self.digests.pop(_digest_of(pending.request), None)

    def reserve_names(self, order_id: int) -> None:
        """After a restore: keep the client order ids that amends of the order ask for."""
        for part in self.parts[order_id]:
            request = part.pending.request
            if isinstance(request, AmendOrder):
                there = self.accounts[request.account_id].in_market(request.market)
                there.reserve(request.client_order_id, order_id)


def _digest_of(command: UserCommand) -> tuple[int, int, int]:
    return command.account_id, command.digest_lo, command.digest_hi
