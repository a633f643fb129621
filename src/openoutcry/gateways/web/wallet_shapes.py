"""What the wallet's routes read and answer, and how records of the wallets become it."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from openoutcry.gateways.edge.catalog import Asset, Catalog
from openoutcry.gateways.edge.service import ApiError
from openoutcry.gateways.web.api import Amount, Input, Output, Problem, ProblemType, WebCall
from openoutcry.ports.wallet_desk import (
    AssetNetwork,
    WalletRefusalCode,
    WalletRefusedError,
    WithdrawalQuote,
)
from openoutcry.ports.wallets import (
    AllowedAddress,
    Deposit,
    DepositState,
    UnclaimedState,
    Withdrawal,
    WithdrawalCause,
    WithdrawalState,
    WithdrawalStep,
)

PAGE_MAX = 200
NUMBER_DIGITS_MAX = 18
AssetName = Annotated[str, msgspec.Meta(min_length=1, max_length=16, examples=["BTC"])]
NetworkName = Annotated[str, msgspec.Meta(min_length=1, max_length=16, examples=["BTC"])]
AddressText = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Moment = Annotated[int, msgspec.Meta(ge=0, le=1 << 53, description="Microseconds since 1970, UTC")]
ClientId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._:-]{0,36}$(?!\n)", max_length=36)]
Note = Annotated[str, msgspec.Meta(max_length=500)]
Offset = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
Limit = Annotated[int, msgspec.Meta(ge=1, le=PAGE_MAX)]

AMOUNT_REFUSED = ProblemType("AMOUNT_REFUSED", 400, "The amount will not do")
UNKNOWN_ASSET = ProblemType("UNKNOWN_ASSET", 404, "There is no such asset")
_STATUSES = {
    WalletRefusalCode.UNKNOWN_NETWORK: 404,
    WalletRefusalCode.UNKNOWN_WITHDRAWAL: 404,
    WalletRefusalCode.UNKNOWN_DEPOSIT: 404,
    WalletRefusalCode.UNKNOWN_ASSET: 404,
    WalletRefusalCode.UNKNOWN_PAYMENT: 404,
    WalletRefusalCode.UNKNOWN_ACCOUNT: 404,
    WalletRefusalCode.OWN_ACCOUNT: 403,
    WalletRefusalCode.PAYMENT_IS_ANOTHERS: 409,
    WalletRefusalCode.NO_FAUCET: 404,
    WalletRefusalCode.CLIENT_ID_REUSED: 409,
    WalletRefusalCode.TOO_LATE: 409,
    WalletRefusalCode.OWN_WITHDRAWAL: 403,
    WalletRefusalCode.ACCOUNT_MAY_NOT_WITHDRAW: 403,
    WalletRefusalCode.AWAY: 503,
}
_TITLES = {
    400: "The wallets do not do this",
    403: "This is not for you to do",
    404: "The wallets do not know it",
    409: "It does not fit what is there",
    422: "The wallets do not do this",
    503: "The wallets do not answer",
}
REFUSALS = {
    code: ProblemType(code.value.upper(), status, _TITLES[status])
    for code in WalletRefusalCode
    for status in (_STATUSES.get(code, 422),)
}
"""What the wallets say no with, each with its own code."""


def problems_of(*codes: WalletRefusalCode) -> tuple[ProblemType, ...]:
    """Return the problems of refusals that a route may meet; AWAY is always among them."""
    return tuple(dict.fromkeys(REFUSALS[code] for code in (*codes, WalletRefusalCode.AWAY)))


def problem_of(error: WalletRefusedError) -> Problem:
    """Return a refusal of the wallets as a problem."""
    return REFUSALS[error.code].problem(error.text, field=error.field)


def asset_named(catalog: Catalog, name: str) -> Asset:
    """Return the asset of this name; raises Problem."""
    found = catalog.asset_by_name(name)
    if found is None:
        raise UNKNOWN_ASSET.problem("There is no such asset.", field="asset")
    return found


def atoms_of(asset: Asset, text: str, field: str = "amount") -> int:
    """Return an amount in atoms; raises Problem."""
    try:
        return asset.atoms(field, text)
    except ApiError as error:
        raise AMOUNT_REFUSED.problem(error.message, field=field) from error


def number_in(call: WebCall, unknown: WalletRefusalCode) -> int:
    """Return the number in the path; raises Problem, as for one that names nothing."""
    text = call.path["number"]
    if not (text.isascii() and text.isdigit() and len(text) <= NUMBER_DIGITS_MAX):
        raise REFUSALS[unknown].problem("It is named by a number.")
    return int(text)


# ----- what is asked


class AddressWanted(Input, frozen=True):
    """For which asset and network somebody wants to deposit."""

    asset: AssetName
    network: NetworkName


class PageWanted(Input, frozen=True):
    """A part of a list, newest first."""

    asset: AssetName | None = None
    start_us: Moment = 0
    end_us: Moment | None = None
    offset: Offset = 0
    limit: Limit = 50


class OperatorsPageWanted(PageWanted, frozen=True):
    """A part of everybody's withdrawals."""

    state: WithdrawalState | None = None
    account_id: Annotated[int, msgspec.Meta(ge=1, le=1 << 53)] | None = None


class OperatorsDepositsWanted(PageWanted, frozen=True):
    """A part of everybody's deposits."""

    state: DepositState | None = None
    account_id: Annotated[int, msgspec.Meta(ge=1, le=1 << 53)] | None = None


class QuoteWanted(Input, frozen=True):
    """A withdrawal that somebody thinks of."""

    asset: AssetName
    network: NetworkName
    amount: Amount
    address: Annotated[str, msgspec.Meta(max_length=128)] = ""


class NewWithdrawal(Input, frozen=True):
    """A withdrawal. `amount` leaves the balance; the network's fee is taken from it."""

    asset: AssetName
    network: NetworkName
    amount: Amount
    address: AddressText
    client_id: ClientId = ""
    """The caller's own name for it: sent again, it is the same withdrawal and not another one."""


class NewAddress(Input, frozen=True):
    """An address that withdrawals are to go to."""

    network: NetworkName
    address: AddressText
    label: Annotated[str, msgspec.Meta(max_length=60)] = ""


class GiftWanted(Input, frozen=True):
    """What to take from the faucet."""

    asset: AssetName


class PaymentWanted(Input, frozen=True):
    """A payment that the simulated chain is to make."""

    asset: AssetName
    network: NetworkName
    amount: Amount


class Decision(Input, frozen=True):
    """What an operator wants to be remembered of a decision."""

    note: Note = ""


class UnclaimedWanted(Input, frozen=True):
    """A part of the payments that were nobody's, newest first."""

    state: UnclaimedState | None = None
    offset: Offset = 0
    limit: Limit = 50


class Assignment(Input, frozen=True):
    """Whose a payment is, and what an operator wants to be remembered of it."""

    account_id: Annotated[int, msgspec.Meta(ge=1, le=1 << 53)]
    note: Note = ""


class Dismissal(Input, frozen=True):
    """Why a payment is credited to nobody."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class NewRule(Input, frozen=True):
    """How much of an asset may leave."""

    hour_limit: Amount
    day_limit: Amount
    second_person_from: Amount
    is_open: bool = True


# ----- what is answered


class NetworkView(Output, frozen=True):
    """A network of an asset, and the terms of coming and going by it."""

    network: str
    title: str
    confirmations: int
    """At so many a deposit is final and credited."""
    deposit_min: str
    withdrawal_min: str
    withdrawal_fee: str
    address_pattern: str
    arrival_minutes: int
    is_open: bool
    hour_limit: str
    day_limit: str
    second_person_from: str
    """From this amount on an operator has to approve."""


class WalletAsset(Output, frozen=True):
    """An asset, what one has of it, and how it comes and goes."""

    asset: str
    free: str
    locked: str
    networks: tuple[NetworkView, ...]


class WalletAssets(Output, frozen=True):
    """Every asset of the exchange."""

    assets: tuple[WalletAsset, ...]
    is_demo: bool
    """Whether there is a faucet, and chains that can be told to pay."""


class DepositAddress(Output, frozen=True):
    """Where to pay to."""

    asset: str
    network: str
    address: str
    confirmations: int


class DepositView(Output, frozen=True):
    """A payment that came in."""

    number: int
    account_id: int
    asset: str
    network: str
    amount: str
    address: str
    transaction: str
    output: int
    state: DepositState
    cause: str
    confirmations: int
    confirmations_final: int
    seen_us: int
    changed_us: int


class DepositList(Output, frozen=True):
    """Deposits, newest first."""

    deposits: tuple[DepositView, ...]


class UnclaimedView(Output, frozen=True):
    """A payment that was nobody's when it came."""

    number: int
    asset: str
    """As the custodian calls it; the exchange may not list it."""
    network: str
    amount: str
    """In the smallest units where the custodian does not say how many places there are."""
    address: str
    transaction: str
    output: int
    state: UnclaimedState
    account_id: int
    """Whose deposit it became, or 0."""
    note: str
    """What whoever decided wanted to be remembered."""
    seen_us: int
    changed_us: int


class UnclaimedList(Output, frozen=True):
    """Payments that were nobody's when they came, newest first."""

    payments: tuple[UnclaimedView, ...]


class QuoteView(Output, frozen=True):
    """What a withdrawal would cost, and what may still leave."""

    amount: str
    fee: str
    arrives: str
    hour_left: str
    day_left: str
    needs_second_person: bool


class StepView(Output, frozen=True):
    """A step that a withdrawal has made."""

    state: WithdrawalState
    cause: WithdrawalCause
    time_us: int


class WithdrawalView(Output, frozen=True):
    """A withdrawal. `amount` left the balance, `arrives` is what is paid out."""

    withdrawal_id: str
    client_id: str
    account_id: int
    asset: str
    network: str
    address: str
    amount: str
    fee: str
    arrives: str
    state: WithdrawalState
    cause: WithdrawalCause
    note: str
    needs_second_person: bool
    can_cancel: bool
    transaction: str
    confirmations: int
    requested_us: int
    changed_us: int
    steps: tuple[StepView, ...] = ()
    """Only where one withdrawal is asked for."""


class WithdrawalList(Output, frozen=True):
    """Withdrawals, newest first."""

    withdrawals: tuple[WithdrawalView, ...]


class AddressView(Output, frozen=True):
    """An address on one's list."""

    network: str
    address: str
    label: str
    added_us: int
    usable_us: int
    is_usable: bool


class AddressList(Output, frozen=True):
    """The addresses that withdrawals may go to."""

    addresses: tuple[AddressView, ...]


class Offer(Output, frozen=True):
    """A gift of the faucet."""

    asset: str
    amount: str
    left_today: int


class Offers(Output, frozen=True):
    """What the faucet gives."""

    offers: tuple[Offer, ...]


class MadePayment(Output, frozen=True):
    """A payment of the simulated chain, on its way."""

    transaction: str


class RuleView(Output, frozen=True):
    """How much of an asset may leave."""

    asset: str
    hour_limit: str
    day_limit: str
    second_person_from: str
    is_open: bool


# ----- from records to answers


def network_view(asset: Asset, served: AssetNetwork) -> NetworkView:
    """Return a network as people see it."""
    network, rule, text = served.network, served.rule, asset.text
    return NetworkView(
        network=network.chain,
        title=network.title,
        confirmations=network.confirmations_final,
        deposit_min=text(network.deposit_atoms_min),
        withdrawal_min=text(network.withdrawal_atoms_min + network.withdrawal_fee_atoms),
        withdrawal_fee=text(network.withdrawal_fee_atoms),
        address_pattern=network.address_pattern,
        arrival_minutes=network.arrival_minutes,
        is_open=rule.is_open,
        hour_limit=text(rule.hour_atoms),
        day_limit=text(rule.day_atoms),
        second_person_from=text(rule.second_person_atoms),
    )


def deposit_view(asset: Asset, deposit: Deposit, confirmations_final: int) -> DepositView:
    """Return a deposit as people see it."""
    return DepositView(
        number=deposit.number,
        account_id=deposit.account_id,
        asset=asset.name,
        network=deposit.chain,
        amount=asset.text(deposit.amount_atoms),
        address=deposit.address,
        transaction=deposit.transaction,
        output=deposit.output,
        state=deposit.state,
        cause=deposit.cause,
        confirmations=deposit.confirmations,
        confirmations_final=confirmations_final,
        seen_us=deposit.seen_us,
        changed_us=deposit.changed_us,
    )


def withdrawal_view(
    asset: Asset, withdrawal: Withdrawal, steps: Sequence[WithdrawalStep] = ()
) -> WithdrawalView:
    """Return a withdrawal as people see it."""
    return WithdrawalView(
        withdrawal_id=withdrawal.withdrawal_id,
        client_id="" if withdrawal.client_id.startswith("~") else withdrawal.client_id,
        account_id=withdrawal.account_id,
        asset=asset.name,
        network=withdrawal.chain,
        address=withdrawal.address,
        amount=asset.text(withdrawal.amount_atoms),
        fee=asset.text(withdrawal.fee_atoms),
        arrives=asset.text(withdrawal.amount_atoms - withdrawal.fee_atoms),
        state=withdrawal.state,
        cause=withdrawal.cause,
        note=withdrawal.note,
        needs_second_person=withdrawal.needs_second_person,
        can_cancel=withdrawal.state is WithdrawalState.AWAITING,
        transaction=withdrawal.transaction,
        confirmations=withdrawal.confirmations,
        requested_us=withdrawal.requested_us,
        changed_us=withdrawal.changed_us,
        steps=tuple(
            StepView(state=step.state, cause=step.cause, time_us=step.time_us) for step in steps
        ),
    )


def quote_view(asset: Asset, quote: WithdrawalQuote) -> QuoteView:
    """Return a quote as people see it."""
    return QuoteView(
        amount=asset.text(quote.amount_atoms),
        fee=asset.text(quote.fee_atoms),
        arrives=asset.text(quote.arrives_atoms),
        hour_left=asset.text(quote.hour_left_atoms),
        day_left=asset.text(quote.day_left_atoms),
        needs_second_person=quote.needs_second_person,
    )


def address_view(entry: AllowedAddress, now_us: int) -> AddressView:
    """Return an address as its owner sees it."""
    return AddressView(
        network=entry.chain,
        address=entry.address,
        label=entry.label,
        added_us=entry.added_us,
        usable_us=entry.usable_us,
        is_usable=entry.usable_us <= now_us,
    )
