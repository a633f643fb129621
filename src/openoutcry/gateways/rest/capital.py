"""`/sapi/v1/capital`: deposits and withdrawals, as clients of the spot API ask for them.

An exchange without wallets answers that nothing comes and nothing goes. What leaves by a key goes
the way of what a person asks for: to listed addresses, within limits, by a second person's word.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from openoutcry.gateways.edge import errors, params
from openoutcry.gateways.edge.catalog import Asset
from openoutcry.gateways.edge.decimals import short_text_of
from openoutcry.gateways.edge.filters import compact
from openoutcry.gateways.edge.service import ApiError, Call, Endpoint, Security
from openoutcry.ports.audit import person_actor
from openoutcry.ports.wallet_desk import (
    AssetNetwork,
    WalletDesk,
    WalletRefusalCode,
    WalletRefusedError,
    WithdrawalRequest,
)
from openoutcry.ports.wallets import (
    Deposit,
    DepositState,
    Withdrawal,
    WithdrawalCause,
    WithdrawalState,
)

_Json = dict[str, object]
_T = TypeVar("_T")
RANGE_US_MAX = 90 * 86_400 * 1_000_000
RECORDS_MAX = 1000
_PAGE = 200
_BY_DIGEST = "~"
"""Begins the client id of a request that brought none: made of the request itself, so that a copy
of it is no second withdrawal. No client can send one: the character is not in the legal range."""
_CLIENT_ID_RANGE = "^[A-Za-z0-9._:-]{1,36}$"
_CLIENT_ID_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-")

_Code = WalletRefusalCode
_NOT_OPEN = ApiError(400, -4019, "The current currency is not open for withdrawal")
_ERRORS: dict[WalletRefusalCode, tuple[int, str]] = {
    _Code.UNKNOWN_NETWORK: (-4001, "The network is not supported for this coin."),
    _Code.ASSET_CLOSED: (-4019, "The current currency is not open for withdrawal"),
    _Code.AMOUNT_TOO_SMALL: (-4022, "The amount is below the minimum withdrawal amount."),
    _Code.ADDRESS_MALFORMED: (-4007, "address validation is not passed"),
    _Code.ADDRESS_WRONG_CHECKSUM: (-4007, "address validation is not passed"),
    _Code.ADDRESS_WRONG_CHAIN: (-4007, "address validation is not passed"),
    _Code.ADDRESS_IS_OURS: (-4007, "address validation is not passed"),
    _Code.ADDRESS_NOT_ALLOWED: (-4035, "This address is not in the whitelist."),
    _Code.ADDRESS_COOLING_OFF: (-4036, "The new address cannot be withdrawn to yet."),
    _Code.SECURITY_CHANGED: (
        -4016,
        "Withdrawals wait for a while after a change of password, factors or e-mail address.",
    ),
    _Code.LIMIT_REACHED: (-4023, "The withdrawal exceeds the maximum amount of the period."),
    _Code.INSUFFICIENT_BALANCE: (-4026, "User has insufficient balance"),
    _Code.ACCOUNT_MAY_NOT_WITHDRAW: (-4019, "The current account is not open for withdrawal"),
    _Code.CLIENT_ID_REUSED: (-4104, "Duplicate withdrawOrderId."),
}
_DEPOSIT_STATUSES = {
    DepositState.SEEN: 0,
    DepositState.FINAL: 0,
    DepositState.BLOCKED: 0,
    DepositState.CREDITED: 1,
    DepositState.ORPHANED: 2,
    DepositState.TOO_SMALL: 7,
}
_WITHDRAWAL_STATUSES = {
    WithdrawalState.REQUESTED: 2,
    WithdrawalState.HELD: 2,
    WithdrawalState.AWAITING: 2,
    WithdrawalState.APPROVED: 4,
    WithdrawalState.SENDING: 4,
    WithdrawalState.SENT: 4,
    WithdrawalState.SETTLED: 6,
    WithdrawalState.REFUSED: 5,
}
_RETURN_STATUSES = {WithdrawalCause.CANCELLED: 1, WithdrawalCause.REJECTED: 3}
_UNFINISHED = (
    WithdrawalState.HELD,
    WithdrawalState.AWAITING,
    WithdrawalState.APPROVED,
    WithdrawalState.SENDING,
    WithdrawalState.SENT,
    WithdrawalState.RETURNING,
)

assert set(_DEPOSIT_STATUSES) == set(DepositState)
assert set(WithdrawalState) - set(_WITHDRAWAL_STATUSES) == {
    WithdrawalState.RETURNING,
    WithdrawalState.RETURNED,
}, "their status is that of their cause"


async def coins(call: Call) -> bytes:
    """GET capital/config/getall: every asset, what the account has of it, and its networks."""
    exchange = call.exchange
    held = {row.asset: row for row in await exchange.calls.balances(call.account_id)}
    leaving = await _leaving(call)
    found: list[_Json] = []
    for asset in exchange.catalog.assets():
        row, networks = held.get(asset.id), _networks(call, asset)
        found.append(
            {
                "coin": asset.name,
                "depositAllEnable": bool(networks),
                "withdrawAllEnable": any(one.rule.is_open for one in networks),
                "name": asset.name,
                "free": asset.text(row.free_atoms if row else 0),
                "locked": asset.text(row.held_atoms if row else 0),
                "freeze": "0",
                "withdrawing": asset.text(leaving[asset.id]) if asset.id in leaving else "0",
                "ipoing": "0",
                "ipoable": "0",
                "storage": "0",
                "isLegalMoney": False,
                "trading": True,
                "networkList": [
                    _network(asset, one, is_default=number == 0)
                    for number, one in enumerate(networks)
                ]
                or [_no_network(asset)],
            }
        )
    return compact(found).encode()


async def _leaving(call: Call) -> dict[int, int]:
    """Return, by asset, what has left the balance and has not arrived anywhere."""
    desk, sums = call.exchange.wallets, dict[int, int]()
    if desk is None:
        return sums
    offset = 0
    while page := await _told(
        desk.withdrawals(call.account_id, states=_UNFINISHED, offset=offset, limit=_PAGE)
    ):
        for one in page:
            sums[one.asset] = sums.get(one.asset, 0) + one.amount_atoms
        offset += len(page)
    return sums


def _networks(call: Call, asset: Asset) -> list[AssetNetwork]:
    desk = call.exchange.wallets
    return [] if desk is None else [one for one in desk.networks() if one.asset == asset.id]


def _network(asset: Asset, served: AssetNetwork, *, is_default: bool) -> _Json:
    network, rule = served.network, served.rule
    fee = network.withdrawal_fee_atoms
    return _no_network(asset) | {
        "network": network.chain,
        "name": network.title,
        "isDefault": is_default,
        "depositEnable": True,
        "withdrawEnable": rule.is_open,
        "addressRegex": network.address_pattern,
        "withdrawFee": asset.text(fee),
        "withdrawMin": asset.text(network.withdrawal_atoms_min + fee),
        "withdrawMax": asset.text(rule.day_atoms),
        "depositDust": asset.text(network.deposit_atoms_min),
        "minConfirm": network.confirmations_final,
        "unLockConfirm": network.confirmations_final,
        "estimatedArrivalTime": network.arrival_minutes,
    }


def _no_network(asset: Asset) -> _Json:
    """Return what a client is told of an asset that comes and goes by no network."""
    return {
        "network": asset.name,
        "coin": asset.name,
        "name": asset.name,
        "isDefault": True,
        "depositEnable": False,
        "withdrawEnable": False,
        "depositDesc": "",
        "withdrawDesc": "",
        "specialTips": "",
        "specialWithdrawTips": "",
        "addressRegex": "",
        "memoRegex": "",
        "withdrawFee": "0",
        "withdrawMin": "0",
        "withdrawMax": "0",
        "withdrawInternalMin": "0",
        "depositDust": "0",
        "withdrawIntegerMultiple": short_text_of(1, asset.scale),
        "minConfirm": 1,
        "unLockConfirm": 0,
        "resetAddressStatus": False,
        "sameAddress": False,
        "estimatedArrivalTime": 1,
        "busy": False,
        "contractAddressUrl": "",
        "contractAddress": "",
    }


def asset_details(call: Call) -> bytes:
    """GET asset/assetDetail: by coin, what it costs to withdraw."""
    wanted = call.parameters.get("asset")
    found: dict[str, _Json] = {}
    for asset in call.exchange.catalog.assets():
        if wanted not in {None, asset.name}:
            continue
        networks = _networks(call, asset)
        first = networks[0].network if networks else None
        least = 0 if first is None else first.withdrawal_atoms_min + first.withdrawal_fee_atoms
        found[asset.name] = {
            "minWithdrawAmount": asset.text(least) if first else "0",
            "depositStatus": bool(networks),
            "withdrawFee": asset.text(first.withdrawal_fee_atoms) if first else 0,
            "withdrawStatus": any(one.rule.is_open for one in networks),
        }
    return compact(found).encode()


async def deposit_address(call: Call) -> bytes:
    """GET capital/deposit/address: where to pay to; empty where nothing can be paid to."""
    asset = _coin(call)
    desk, networks = call.exchange.wallets, _networks(call, asset)
    address = ""
    if desk is not None and networks:
        chain = call.parameters.get("network", networks[0].network.chain)
        address = await _told(desk.deposit_address(call.account_id, asset.id, chain))
    return compact({"address": address, "coin": asset.name, "tag": "", "url": ""}).encode()


async def deposit_addresses(call: Call) -> bytes:
    """GET capital/deposit/address/list: the addresses of a coin, one for each network."""
    if call.exchange.wallets is None and "coin" not in call.parameters:
        return b"[]"
    asset, desk = _coin(call), call.exchange.wallets
    found: list[_Json] = []
    for number, one in enumerate(_networks(call, asset)):
        assert desk is not None, "only wallets have networks"
        address = await _told(desk.deposit_address(call.account_id, asset.id, one.network.chain))
        found.append(
            {
                "coin": asset.name,
                "address": address,
                "tag": "",
                "isDefault": int(number == 0),
                "network": one.network.chain,
            }
        )
    return compact(found).encode()


async def deposits(call: Call) -> bytes:
    """GET capital/deposit/hisrec: deposits, newest first."""
    desk = call.exchange.wallets
    if desk is None:
        return b"[]"
    asset_id = _optional_coin(call)
    status = params.optional_integer(call.parameters, "status")
    wanted = tuple(s for s, number in _DEPOSIT_STATUSES.items() if status in {None, number})
    if not wanted:
        return b"[]"
    start_us, end_us = _period(call)
    name = call.parameters.get("txId")

    async def page(offset: int) -> Sequence[Deposit]:
        return await desk.deposits(
            call.account_id,
            states=wanted,
            asset=asset_id,
            start_us=start_us,
            end_us=end_us,
            offset=offset,
            limit=_PAGE,
        )

    found = await _picked(call, page, lambda one: name in {None, one.transaction})
    return compact([_deposit(call, desk, one) for one in found]).encode()


def _deposit(call: Call, desk: WalletDesk, one: Deposit) -> _Json:
    asset = call.exchange.catalog.asset(one.asset)
    final = desk.confirmations_final(one.chain, one.asset)
    return {
        "id": str(one.number),
        "amount": short_text_of(one.amount_atoms, asset.scale),
        "coin": asset.name,
        "network": one.chain,
        "status": _DEPOSIT_STATUSES[one.state],
        "address": one.address,
        "addressTag": "",
        "txId": one.transaction,
        "insertTime": call.time(one.seen_us),
        "completeTime": call.time(one.changed_us) if one.state is DepositState.CREDITED else None,
        "transferType": 0,
        "confirmTimes": f"{min(one.confirmations, final)}/{final}",
        "unlockConfirm": final,
        "walletType": 0,
    }


async def withdraw(call: Call) -> bytes:
    """POST capital/withdraw/apply."""
    desk = call.exchange.wallets
    if desk is None:
        raise _NOT_OPEN
    asset = _coin(call)
    networks = _networks(call, asset)
    if not networks:
        raise _NOT_OPEN
    chain = call.parameters.get("network", networks[0].network.chain)
    amount_atoms = asset.atoms("amount", params.text(call.parameters, "amount"))
    assert call.key is not None, "the endpoint is signed"
    person_id = call.key.person_id
    actor = person_actor(person_id) if person_id else f"account:{call.account_id}"
    made = await _told(
        desk.acting(actor).withdraw(
            WithdrawalRequest(
                account_id=call.account_id,
                asset=asset.id,
                chain=chain,
                address=params.text(call.parameters, "address"),
                amount_atoms=amount_atoms,
                client_id=_client_id(call),
            )
        )
    )
    return compact({"id": made.withdrawal_id}).encode()


def _client_id(call: Call) -> str:
    sent = call.parameters.get("withdrawOrderId")
    if sent is None:
        assert call.digest_lo or call.digest_hi, "the request has a digest"
        return f"{_BY_DIGEST}{call.digest_lo:016x}{call.digest_hi:016x}"
    if not 1 <= len(sent) <= 36 or not _CLIENT_ID_LETTERS.issuperset(sent):
        raise errors.illegal_characters("withdrawOrderId", _CLIENT_ID_RANGE)
    return sent


async def withdrawals(call: Call) -> bytes:
    """GET capital/withdraw/history: withdrawals, newest first."""
    desk = call.exchange.wallets
    if desk is None:
        return b"[]"
    asset_id = _optional_coin(call)
    status = params.optional_integer(call.parameters, "status")
    names = call.parameters.get("idList")
    wanted = None if names is None else set(names.split(","))
    start_us, end_us = _period(call)

    async def page(offset: int) -> Sequence[Withdrawal]:
        return await desk.withdrawals(
            call.account_id,
            asset=asset_id,
            client_id=call.parameters.get("withdrawOrderId"),
            start_us=start_us,
            end_us=end_us,
            offset=offset,
            limit=_PAGE,
        )

    def fits(one: Withdrawal) -> bool:
        is_named = wanted is None or one.withdrawal_id in wanted
        return is_named and status in {None, _status(one)}

    found = await _picked(call, page, fits)
    return compact([_withdrawal(call, one) for one in found]).encode()


def _withdrawal(call: Call, one: Withdrawal) -> _Json:
    asset = call.exchange.catalog.asset(one.asset)
    said: _Json = {
        "id": one.withdrawal_id,
        "amount": short_text_of(one.amount_atoms - one.fee_atoms, asset.scale),
        "transactionFee": short_text_of(one.fee_atoms, asset.scale),
        "coin": asset.name,
        "status": _status(one),
        "address": one.address,
        "addressTag": "",
        "txId": one.transaction,
        "applyTime": _moment(one.requested_us),
        "network": one.chain,
        "transferType": 0,
        "info": one.note,
        "confirmNo": one.confirmations,
        "walletType": 0,
        "txKey": "",
    }
    if one.client_id and not one.client_id.startswith(_BY_DIGEST):
        said["withdrawOrderId"] = one.client_id
    if one.state is WithdrawalState.SETTLED:
        said["completeTime"] = _moment(one.changed_us)
    return said


def _status(one: Withdrawal) -> int:
    """Return the API's number: what is returned is a cancel, a rejection or a failure."""
    found = _WITHDRAWAL_STATUSES.get(one.state)
    return _RETURN_STATUSES.get(one.cause, 5) if found is None else found


def _moment(time_us: int) -> str:
    return f"{datetime.fromtimestamp(time_us // 1_000_000, UTC):%Y-%m-%d %H:%M:%S}"


def _coin(call: Call) -> Asset:
    asset = call.exchange.catalog.asset_by_name(params.text(call.parameters, "coin"))
    if asset is None:
        raise errors.invalid_data("coin")
    return asset


def _optional_coin(call: Call) -> int | None:
    return _coin(call).id if "coin" in call.parameters else None


def _period(call: Call) -> tuple[int, int]:
    """Return the period asked for: ninety days at most, the last ones unless said otherwise."""
    start_us, end_us = params.time_range(call.parameters)
    if end_us is None:
        end_us = call.now_us if start_us is None else start_us + RANGE_US_MAX
    if start_us is None:
        start_us = max(end_us - RANGE_US_MAX, 0)
    if end_us - start_us > RANGE_US_MAX:
        raise ApiError(400, -4047, "Time interval must be within 0-90 days")
    return start_us, end_us + 1


async def _picked(
    call: Call, page: Callable[[int], Awaitable[Sequence[_T]]], fits: Callable[[_T], bool]
) -> list[_T]:
    """Return the records that fit, within `offset` and `limit`."""
    offset = params.optional_integer(call.parameters, "offset") or 0
    limit = params.limit(call.parameters, RECORDS_MAX, RECORDS_MAX)
    found: list[_T] = []
    at = 0
    while len(found) < offset + limit:
        records = await _told(page(at))
        found += [one for one in records if fits(one)]
        at += len(records)
        if len(records) < _PAGE:
            break
    return found[offset : offset + limit]


async def _told(work: Awaitable[_T]) -> _T:
    """Ask the wallets, and say what they refuse in the API's words."""
    try:
        return await work
    except WalletRefusedError as error:
        if error.code is _Code.AWAY:
            raise errors.outcome_unknown() from error
        code, message = _ERRORS.get(error.code, (-4001, error.text))
        raise ApiError(400, code, message) from error


def _signed(path: str, handler: Callable[[Call], bytes | Awaitable[bytes]]) -> Endpoint:
    return Endpoint(
        "GET", f"/sapi/v1/{path}", handler, weight=1, security=Security.READ, lenient=True
    )


ENDPOINTS = (
    _signed("capital/config/getall", coins),
    _signed("capital/deposit/address", deposit_address),
    _signed("capital/deposit/address/list", deposit_addresses),
    _signed("capital/deposit/hisrec", deposits),
    _signed("capital/withdraw/history", withdrawals),
    _signed("asset/assetDetail", asset_details),
    Endpoint(
        "POST",
        "/sapi/v1/capital/withdraw/apply",
        withdraw,
        weight=1,
        security=Security.WITHDRAW,
        lenient=True,
    ),
)
