"""The account side: users' commands, checked and sent on to markets, and the answers to them."""

from itertools import islice

from openoutcry.core.enums import (
    AccountFlag,
    BalanceCause,
    CancelReplaceMode,
    CancelRestriction,
    CommandKind,
    Execution,
    MarketFlag,
    OrderStatus,
    Phase,
    Reason,
)
from openoutcry.core.ids import entity_of_market, shard_of_account
from openoutcry.core.limits import (
    AMOUNT_ATOMS_MAX,
    CANCEL_ALL_ORDERS_MAX,
    FEE_SCHEDULES_MAX,
    ORDER_ID_MAX,
)
from openoutcry.core.records import (
    AccountEvent,
    AmendLink,
    AmendOrder,
    AnswerLink,
    BalanceEvent,
    CancelAll,
    CancelLink,
    CancelOrder,
    CancelReplace,
    CreateAccount,
    DoneLink,
    SettleLink,
    UpdateAccount,
)
from openoutcry.reference.catalog import Specification
from openoutcry.reference.checks import check_identity, check_shape, is_client_order_id
from openoutcry.reference.desk import Found, Request
from openoutcry.reference.entering import Entering
from openoutcry.reference.holdings import Account, AccountOrder
from openoutcry.reference.links import Answers, ToAccounts
from openoutcry.reference.refusals import MoneyCommand


class Accounts(Entering):
    """All accounts of one partition: who may do what, and what of it (sections 3, 6, 7 and 11)."""

    # ----- standing and money

    def create_account(self, command: CreateAccount) -> None:
        """Open an account."""
        account_id = command.account_id
        if not 1 <= account_id <= ORDER_ID_MAX or command.fee_schedule >= FEE_SCHEDULES_MAX:
            self.refuse(command, Reason.INVALID_SPECIFICATION)
        elif account_id in self.accounts:
            self.refuse(command, Reason.ALREADY_EXISTS)
        else:
            self.accounts[account_id] = Account(
                account_id, command.trade_group, command.fee_schedule, command.flags
            )
            self._report_account(self.accounts[account_id])

    def update_account(self, command: UpdateAccount) -> None:
        """Change an account's trade group, fee schedule and flags."""
        account = self.accounts.get(command.account_id)
        if account is None:
            self.refuse(command, Reason.UNKNOWN_ACCOUNT)
        elif command.fee_schedule >= FEE_SCHEDULES_MAX:
            self.refuse(command, Reason.INVALID_SPECIFICATION)
        else:
            account.trade_group = command.trade_group
            account.fee_schedule = command.fee_schedule
            account.flags = command.flags
            self._report_account(account)

    def _report_account(self, account: Account) -> None:
        self._log.emit(
            self.shard(account.account_id),
            AccountEvent,
            account_id=account.account_id,
            trade_group=account.trade_group,
            fee_schedule=account.fee_schedule,
            flags=account.flags,
        )

    def move_money(self, command: MoneyCommand) -> None:
        """Deposit, withdraw or adjust."""
        account = self.admit(command)
        if account is None:
            return
        amount = command.amount_atoms
        if command.kind == CommandKind.WITHDRAW:
            amount = -amount
        reason = self._check_money(account, command, amount)
        if reason:
            self.conclude(command, reason)
            return
        account_id = account.account_id
        self.ledger.adjust(account_id, shard_of_account(account_id), command.asset, amount)
        free, held = self.ledger.balance(account_id, command.asset)
        causes = {
            CommandKind.DEPOSIT: BalanceCause.DEPOSIT,
            CommandKind.WITHDRAW: BalanceCause.WITHDRAWAL,
            CommandKind.ADJUST: BalanceCause.ADJUSTMENT,
        }
        self._log.emit(
            self.shard(account_id),
            BalanceEvent,
            account_id=account_id,
            asset=command.asset,
            cause=causes[CommandKind(command.kind)],
            amount_atoms=amount,
            free_atoms=free,
            held_atoms=held,
            reference=command.reference,
        )
        self.remember(command, Reason.NONE)

    def _check_money(self, account: Account, command: MoneyCommand, amount: int) -> Reason:
        """Say why money may not be moved; the amount is signed, from the account's view."""
        kind = command.kind
        if command.asset not in self.catalog.assets:
            return Reason.UNKNOWN_ASSET
        given = command.amount_atoms
        signed = kind == CommandKind.ADJUST
        if given == 0 or abs(given) > AMOUNT_ATOMS_MAX or (given < 0 and not signed):
            return Reason.INVALID_AMOUNT
        if kind == CommandKind.DEPOSIT and not account.flags & AccountFlag.DEPOSIT.value:
            return Reason.ACCOUNT_MAY_NOT_DEPOSIT
        if kind == CommandKind.WITHDRAW and not account.flags & AccountFlag.WITHDRAW.value:
            return Reason.ACCOUNT_MAY_NOT_WITHDRAW
        free, _ = self.ledger.balance(account.account_id, command.asset)
        if free + amount < 0:
            return Reason.INSUFFICIENT_BALANCE
        if amount > 0 and self.ledger.supply[command.asset] + amount > AMOUNT_ATOMS_MAX:
            return Reason.CAPACITY_REACHED
        return Reason.NONE

    # ----- cancels and amends

    def cancel_order(self, command: CancelOrder) -> None:
        """Section 6."""
        account = self.admit(command)
        if account is None:
            return
        reason = self.check_trader(account, command.market)
        order = None
        if not reason:
            order, reason = self.find(
                account, command.market, command.order_id, command.original_client_order_id
            )
        if order is None:
            self.conclude(command, reason)
        else:
            self._ask_cancel(order, command.restriction, command)

    def cancel_all(self, command: CancelAll) -> None:
        """Section 6: every open order of the account in the market, up to a bound."""
        account = self.admit(command)
        if account is None:
            return
        reason = self.check_trader(account, command.market)
        orders: list[AccountOrder] = []
        if not reason:
            found = account.in_market(command.market).orders.values()
            orders = list(islice(found, CANCEL_ALL_ORDERS_MAX))
            reason = Reason.NONE if orders else Reason.UNKNOWN_ORDER
        if reason:
            self.conclude(command, reason)
            return
        for order in orders:
            self._ask_cancel(order, CancelRestriction.NONE, command)
        self.remember(command, Reason.NONE)

    def cancel_replace(self, command: CancelReplace) -> None:
        """Section 7: the checks of the new order, then the cancel; the rest follows its answer."""
        account = self.admit(command)
        if account is None:
            return
        reason = self.check_trader(account, command.market)
        if reason:
            self.conclude(command, reason)
            return
        order, unfound = self.find(
            account,
            command.market,
            command.cancel_order_id,
            command.cancel_original_client_order_id,
        )
        leaving = order
        if order and _is_restricted(order, command.restriction):
            leaving = None
        specification = self.catalog.specifications[command.market]
        reason = (
            check_identity(command, specification)
            or _check_replace(command, specification)
            or check_shape(command, specification)
            or self.check_busy(command.market)
            or self.check_counts(account, command, specification, leaving)
        )
        if reason:
            self.conclude(command, reason)
        elif order is None:
            self.cancelled.append((command, unfound))
        else:
            self._ask_cancel(order, command.restriction, command)
        self.run_cancelled()

    def run_cancelled(self) -> None:
        """Go on with the cancel-replaces of which the cancel has been answered."""
        while self.cancelled:
            command, reason = self.cancelled.popleft()
            account = self.accounts[command.account_id]
            if reason:
                self.refuse(command, reason, Phase.CANCEL)
                if command.mode == CancelReplaceMode.STOP_ON_FAILURE:
                    self.conclude(command, Reason.NOT_ATTEMPTED, Phase.NEW)
                    continue
            reason = self.check_client_order_id(account, command)
            if reason:
                self.conclude(command, reason, Phase.NEW)
            else:
                self.enter(account, command, Phase.NEW)

    def amend_order(self, command: AmendOrder) -> None:
        """Section 7, checks 1 to 4; the market does the others."""
        account = self.admit(command)
        if account is None:
            return
        order, reason = self._check_amend(account, command)
        if order is None or reason:
            self.conclude(command, reason)
            return
        account.in_market(command.market).reserve(command.client_order_id, order.order_id)
        link = AmendLink(
            source=self.shard(order.account_id).address,
            destination=entity_of_market(order.market),
            time_us=self._log.time_us,
            order_id=order.order_id,
            qty_lots=command.qty_lots,
        )
        self.ask(link, command)

    def _check_amend(self, account: Account, command: AmendOrder) -> Found:
        reason = self.check_trader(account, command.market)
        if reason:
            return None, reason
        if not self.catalog.specifications[command.market].flags & MarketFlag.AMEND.value:
            return None, Reason.AMEND_NOT_SUPPORTED
        name = command.client_order_id.rstrip(b"\0")
        if name and not is_client_order_id(name):
            return None, Reason.CLIENT_ORDER_ID_INVALID
        order, reason = self.find(
            account, command.market, command.order_id, command.original_client_order_id
        )
        if order and name:
            there = account.in_market(command.market)
            if there.is_taken(command.client_order_id, order.order_id):
                return None, Reason.DUPLICATE_CLIENT_ORDER_ID
        return order, reason

    def _ask_cancel(self, order: AccountOrder, restriction: int, request: Request) -> None:
        link = CancelLink(
            source=self.shard(order.account_id).address,
            destination=entity_of_market(order.market),
            time_us=self._log.time_us,
            order_id=order.order_id,
            restriction=restriction,
        )
        self.ask(link, request)

    # ----- answers of markets

    def receive(self, link: ToAccounts) -> None:
        """Take in what a market says of an order."""
        if isinstance(link, SettleLink):
            self.settle(link)
        elif isinstance(link, DoneLink):
            self._done(link)
        elif link.answers > Answers.AMEND:
            self.hear(link)
        else:
            self._answered(link)

    def _done(self, link: DoneLink) -> None:
        order = self.orders[link.order_id]
        reason = Reason(link.reason)
        if link.execution == Execution.CANCELED:
            self._confirm_cancel(order)
        elif link.execution == Execution.EXPIRED:
            self.expire(order, reason)
            if reason == Reason.AMENDED_BELOW_EXECUTED:
                command = self.take_request(link.order_id)
                assert isinstance(command, AmendOrder), "an amend ended an order of itself"
                self._unreserve(command)
                self.remember(command, Reason.NONE, link.order_id)
        else:
            # Only apart from its market: accepted here and refused there. The order id is burnt.
            command = self.take_request(link.order_id)
            replaces = command.kind == CommandKind.CANCEL_REPLACE
            self.close_order(order)
            self.conclude(command, reason, Phase.NEW if replaces else Phase.WHOLE)

    def _confirm_cancel(self, order: AccountOrder) -> None:
        command = self.take_request(order.order_id)
        if isinstance(command, CancelReplace):
            self.cancel(order, command.cancel_client_order_id)
            self.cancelled.append((command, Reason.NONE))
        elif isinstance(command, CancelOrder):
            self.cancel(order, command.client_order_id)
            self.remember(command, Reason.NONE, order.order_id)
        else:
            self.cancel(order, b"")

    def _answered(self, link: AnswerLink) -> None:
        command = self.take_request(link.order_id)
        reason = Reason(link.reason)
        if link.answers == Answers.PLACE:
            order = self.orders[link.order_id]
            self.report(order, Execution.NEW, held_atoms=order.hold_atoms)
            self.remember(command, Reason.NONE, link.order_id)
        elif isinstance(command, CancelReplace):
            self.cancelled.append((command, reason))
        elif isinstance(command, AmendOrder) and not reason:
            self._unreserve(command)
            self.amend(self.orders[link.order_id], link.qty_lots, command.client_order_id)
            self.remember(command, Reason.NONE, link.order_id)
        elif not isinstance(command, CancelAll):
            if isinstance(command, AmendOrder):
                self._unreserve(command)
            self.conclude(command, reason)

    def _unreserve(self, command: AmendOrder) -> None:
        """Give back the client order id that an amend has kept from others."""
        there = self.accounts[command.account_id].in_market(command.market)
        there.unreserve(command.client_order_id)


def _is_restricted(order: AccountOrder, restriction: int) -> bool:
    if restriction == CancelRestriction.ONLY_NEW:
        return order.status != OrderStatus.NEW
    if restriction == CancelRestriction.ONLY_PARTIALLY_FILLED:
        return order.status != OrderStatus.PARTIALLY_FILLED
    return False


def _check_replace(command: CancelReplace, specification: Specification) -> Reason:
    """What a cancel-replace needs besides, between checks 8 and 9."""
    if command.mode not in {CancelReplaceMode.STOP_ON_FAILURE, CancelReplaceMode.ALLOW_FAILURE}:
        return Reason.INVALID_COMBINATION
    if not specification.flags & MarketFlag.CANCEL_REPLACE.value:
        return Reason.CANCEL_REPLACE_NOT_SUPPORTED
    return Reason.NONE
