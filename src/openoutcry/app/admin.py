"""What an operator can do to an exchange, as requests and answers of plain JSON values.

One class serves both ways in: the control socket of a running exchange, and an exchange opened for
the moment because none was running. Every change of the exchange is an ordinary journaled command.
"""

import asyncio
import struct
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import TypeVar

from openoutcry.app.market_fields import (
    DEFAULT_FILTERS,
    MARKET_FIELDS,
    Scales,
    decimal_of,
    format_field,
    integer_of,
    parse_field,
)
from openoutcry.core.enums import (
    AccountFlag,
    MarketFlag,
    MarketStatus,
    OrderType,
    Reason,
    StpMode,
)
from openoutcry.core.ids import account_id_of
from openoutcry.core.limits import (
    ASSET_NAME_BYTES_MAX,
    ASSETS_MAX,
    MARKETS_MAX,
    RATE_ONE,
    SYMBOL_BYTES_MAX,
)
from openoutcry.core.records import (
    AccountRow,
    BalanceEvent,
    Command,
    CreateAccount,
    CreateAsset,
    CreateMarket,
    Deposit,
    MarketEvent,
    RefusedEvent,
    SetFees,
    SetMarketStatus,
    UpdateAccount,
    UpdateMarket,
    Withdraw,
)
from openoutcry.gateways.edge.catalog import Asset, Catalog, Market
from openoutcry.identity.keys import (
    KeyFormatError,
    check_api_key,
    generate_key,
    material_of_public_key,
    networks_of,
    new_api_key_name,
)
from openoutcry.ports.calls import CallError, Calls, Reply
from openoutcry.ports.feeds import Committed
from openoutcry.ports.users import ApiKey, ApiKeys, KeyStoreError, KeyType, ListenKeysAwayError

_E = TypeVar("_E", bound=Enum)

Answer = dict[str, object]
Request = Mapping[str, object]
Handler = Callable[[Request], Awaitable[Answer]]
"""Does one kind of request; raises AdminError."""

FIRST_ACCOUNT_NUMBER = 1_000
"""Accounts whose id is not chosen get the first free number from here on."""
_ACCOUNT_NUMBER_MAX = (1 << 43) - 1
_RATE_SCALE = 8
_DAY_US = 86_400_000_000
_ALL_ORDER_TYPES = sum(1 << order_type for order_type in OrderType)
_ALL_STP_MODES = sum(1 << mode for mode in StpMode)

assert 10**_RATE_SCALE == RATE_ONE, "rates are written as plain decimals"


class AdminError(Exception):
    """A request cannot be done; the message is for the operator."""


class AdminAwayError(AdminError):
    """A request cannot be done now, or nobody knows whether it was done."""


class _Values:
    """The values of a request, read by name; raises AdminError when one is missing or not fit."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def optional(self, name: str) -> str | None:
        value = self._request.get(name)
        if value is not None and not isinstance(value, str):
            raise AdminError(f"{name} is text")
        return value

    def text(self, name: str) -> str:
        value = self.optional(name)
        if not value:
            raise AdminError(f"{name} is missing")
        return value

    def integer(self, name: str, default: int = 0) -> int:
        value = self._request.get(name)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 53:
            raise AdminError(f"{name} is a whole number")
        return value

    def boolean(self, name: str) -> bool | None:
        value = self._request.get(name)
        if value is not None and not isinstance(value, bool):
            raise AdminError(f"{name} is true or false")
        return value

    def texts(self, name: str) -> list[str]:
        values = self._request.get(name, [])
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise AdminError(f"{name} is a list of texts")
        return values

    def filters(self) -> dict[str, str]:
        filters = self._request.get("filters", {})
        if not isinstance(filters, dict):
            raise AdminError("filters are an object")
        for name, value in filters.items():
            if name not in MARKET_FIELDS or not isinstance(value, str):
                raise AdminError(f"there is no filter {name!r}")
        return filters


class Administration:
    """The operator's requests: `{"do": name, ...}`, each answered by one JSON object."""

    def __init__(
        self,
        calls: Calls,
        keys: ApiKeys,
        catalog: Catalog,
        clock: Callable[[], int],
        more: Mapping[str, Handler] | None = None,
        on_revoked: Callable[[int], Awaitable[None]] | None = None,
    ) -> None:
        """`more` are requests that only some exchanges know.

        `on_revoked` is told of each account that has lost a key.
        """
        self._on_revoked = on_revoked
        self._more = {} if more is None else more
        self._calls = calls
        self._keys = keys
        self._catalog = catalog
        self._clock = clock
        self._requests: Mapping[str, Callable[[_Values], Awaitable[Answer]]] = {
            "create-account": self._create_account,
            "update-account": self._update_account,
            "show-account": self._show_account,
            "create-key": self._create_key,
            "list-keys": self._list_keys,
            "revoke-key": self._revoke_key,
            "credit": self._credit,
            "debit": self._debit,
            "create-asset": self._create_asset,
            "create-market": self._create_market,
            "set-filters": self._set_filters,
            "set-status": self._set_status,
            "set-fees": self._set_fees,
            "list": self._list,
        }

    async def run(self, request: Request) -> Answer:
        """Do a request; raises AdminError when it cannot be done."""
        name = request.get("do")
        if isinstance(name, str) and name in self._more:
            return await self._more[name](request)
        if not isinstance(name, str) or name not in self._requests:
            raise AdminError(f"unknown request {name!r}")
        try:
            return await self._requests[name](_Values(request))
        except (ValueError, KeyFormatError) as error:
            raise AdminError(str(error)) from error
        except CallError as error:
            raise AdminAwayError(f"the exchange did not answer: {error}") from error
        except KeyStoreError as error:
            raise AdminAwayError(f"the keys cannot be stored: {error}") from error

    async def _create_account(self, values: _Values) -> Answer:
        account_id = values.integer("account") or await self._free_account_id()
        await self._submit(
            CreateAccount(
                account_id=account_id,
                trade_group=values.integer("trade-group"),
                fee_schedule=values.integer("fee-schedule"),
                flags=AccountFlag.TRADE | AccountFlag.WITHDRAW | AccountFlag.DEPOSIT,
            )
        )
        return {"account": account_id}

    async def _update_account(self, values: _Values) -> Answer:
        row = await self._account(values)
        flags = AccountFlag(row.flags)
        for flag in AccountFlag:
            allowed = values.boolean(f"may-{str(flag.name).lower()}")
            if allowed is not None:
                flags = flags | flag if allowed else flags & ~flag
        await self._submit(
            UpdateAccount(
                account_id=row.account_id,
                trade_group=values.integer("trade-group", row.trade_group),
                fee_schedule=values.integer("fee-schedule", row.fee_schedule),
                flags=flags,
            )
        )
        return await self._show_account(values)

    async def _show_account(self, values: _Values) -> Answer:
        row = await self._account(values)
        orders = await self._calls.open_orders(row.account_id)
        return {
            "account": row.account_id,
            "fee_schedule": row.fee_schedule,
            "trade_group": row.trade_group,
            "may": [str(flag.name).lower() for flag in AccountFlag if row.flags & flag],
            "open_orders": len(orders),
            "keys": len(self._keys.of_account(row.account_id)),
            "balances": [
                {
                    "asset": self._catalog.asset(balance.asset).name,
                    "free": self._catalog.asset(balance.asset).text(balance.free_atoms),
                    "locked": self._catalog.asset(balance.asset).text(balance.held_atoms),
                }
                for balance in await self._calls.balances(row.account_id)
            ],
        }

    async def _create_key(self, values: _Values) -> Answer:
        row = await self._account(values)
        key_type = _member(KeyType, values.text("type"))
        now_us, days = self._clock(), values.integer("days")
        public_key = values.optional("public-key")
        if public_key is None:
            generated = generate_key(key_type)
            name, secret, material = generated.api_key, generated.secret, generated.material
        else:
            name, secret = new_api_key_name(), ""
            material = material_of_public_key(key_type, public_key)
        key = ApiKey(
            api_key=name,
            account_id=row.account_id,
            key_type=key_type,
            material=material,
            may_trade=not values.boolean("read-only"),
            created_us=now_us,
            label=values.optional("label") or "",
            may_withdraw=bool(values.boolean("may-withdraw")),
            allowed_ips=networks_of(values.texts("allow-ip")),
            allowed_symbols=self._symbols(values.texts("allow-symbol")),
            expires_us=now_us + days * _DAY_US if days else 0,
        )
        check_api_key(key)
        await asyncio.to_thread(self._keys.add, key)
        answer: Answer = {"api_key": name, "key_type": key_type.value, "account": row.account_id}
        return answer | {"secret": secret} if secret else answer

    def _symbols(self, symbols: list[str]) -> tuple[str, ...]:
        for symbol in symbols:
            if self._catalog.find(symbol) is None:
                raise AdminError(f"there is no market {symbol!r}")
        return tuple(dict.fromkeys(symbols))

    async def _list_keys(self, values: _Values) -> Answer:
        row = await self._account(values)
        return {
            "keys": [
                {
                    "api_key": key.api_key,
                    "key_type": key.key_type.value,
                    "may_read": key.may_read,
                    "may_trade": key.may_trade,
                    "may_withdraw": key.may_withdraw,
                    "allowed_ips": " ".join(key.allowed_ips) or "all",
                    "allowed_symbols": " ".join(key.allowed_symbols) or "all",
                    "created": _moment(key.created_us),
                    "expires": _moment(key.expires_us) if key.expires_us else "never",
                    "label": key.label,
                }
                for key in self._keys.of_account(row.account_id)
            ]
        }

    async def _revoke_key(self, values: _Values) -> Answer:
        name = values.text("api-key")
        key = self._keys.find(name)
        if not await asyncio.to_thread(self._keys.revoke, name):
            raise AdminError("there is no such API key")
        if key is not None and self._on_revoked is not None:
            try:
                await self._on_revoked(key.account_id)
            except ListenKeysAwayError as error:
                raise AdminAwayError(
                    f"the key is revoked, but its account's listen key may live on: {error}"
                ) from error
        return {"revoked": name}

    async def _credit(self, values: _Values) -> Answer:
        account_id, asset, atoms = self._money(values)
        return self._balance(
            await self._submit(
                Deposit(
                    account_id=account_id,
                    asset=asset.id,
                    amount_atoms=atoms,
                    reference=values.integer("reference"),
                )
            )
        )

    async def _debit(self, values: _Values) -> Answer:
        account_id, asset, atoms = self._money(values)
        return self._balance(
            await self._submit(
                Withdraw(
                    account_id=account_id,
                    asset=asset.id,
                    amount_atoms=atoms,
                    reference=values.integer("reference"),
                )
            )
        )

    async def _create_asset(self, values: _Values) -> Answer:
        name = values.text("name")
        used = {asset.id for asset in self._catalog.assets()}
        number = _first_free(used, ASSETS_MAX, "assets")
        await self._submit(
            CreateAsset(
                asset=number,
                scale=values.integer("scale", 8),
                name=_name(name, ASSET_NAME_BYTES_MAX),
            )
        )
        return {"asset": number, "name": name}

    async def _create_market(self, values: _Values) -> Answer:
        base, quote = self._asset(values.text("base")), self._asset(values.text("quote"))
        symbol = values.optional("symbol") or base.name + quote.name
        try:
            tick_atoms = integer_of(values.text("tick"), quote.scale)
            lot_atoms = integer_of(values.text("lot"), base.scale)
        except ValueError as error:
            raise AdminError(f"tick and lot: {error}") from error
        if tick_atoms <= 0 or lot_atoms <= 0:
            raise AdminError("tick and lot are more than zero")
        tick_lot_atoms, rest = divmod(tick_atoms * lot_atoms, 10**base.scale)
        if rest or tick_lot_atoms <= 0:
            raise AdminError(
                f"one tick times one lot must be a whole number of the smallest unit of"
                f" {quote.name}"
            )
        scales = Scales(tick_atoms, lot_atoms, base.scale, quote.scale)
        filters = {"price-min": values.text("tick"), "qty-min": values.text("lot")}
        fields = _filter_fields({**filters, **DEFAULT_FILTERS, **values.filters()}, scales)
        number = _first_free(
            {market.id for market in self._catalog.markets()}, MARKETS_MAX, "markets"
        )
        await self._submit(
            CreateMarket(
                market=number,
                base_asset=base.id,
                quote_asset=quote.id,
                status=_member(MarketStatus, values.optional("status") or "TRADING"),
                default_stp_mode=StpMode.EXPIRE_MAKER,
                symbol=_name(symbol, SYMBOL_BYTES_MAX),
                stp_modes=_ALL_STP_MODES,
                order_types=_ALL_ORDER_TYPES,
                flags=sum(MarketFlag) - MarketFlag.MAX_NOTIONAL_ON_MARKET,
                tick_atoms=tick_atoms,
                lot_atoms=lot_atoms,
                tick_lot_atoms=tick_lot_atoms,
                **fields,
            )
        )
        return {"market": number, "symbol": symbol}

    async def _set_filters(self, values: _Values) -> Answer:
        market = self._market(values)
        filters = values.filters()
        if not filters:
            raise AdminError("name at least one filter to set")
        fields = _filter_fields(filters, _scales(market))
        now = market.specification
        specification = {name: getattr(now, name) for name in _SPECIFICATION}
        await self._submit(UpdateMarket(**{**specification, **fields}))
        return _describe(self._market(values))

    async def _set_status(self, values: _Values) -> Answer:
        market = self._market(values)
        status = _member(MarketStatus, values.text("status"))
        await self._submit(SetMarketStatus(market=market.id, status=status))
        return {"symbol": market.symbol, "status": status.name}

    async def _set_fees(self, values: _Values) -> Answer:
        schedule = values.integer("schedule")
        symbol = values.optional("symbol")
        maker = integer_of(values.text("maker"), _RATE_SCALE)
        taker = integer_of(values.text("taker"), _RATE_SCALE)
        if not (0 <= maker < RATE_ONE and 0 <= taker < RATE_ONE):
            raise AdminError("a fee rate is at least 0 and below 1; 0.001 is 0.1 %")
        await self._submit(
            SetFees(
                schedule=schedule,
                market=self._market(values).id if symbol else 0,
                maker_rate=maker,
                taker_rate=taker,
            )
        )
        return {
            "schedule": schedule,
            "symbol": symbol or "every market",
            "maker": decimal_of(maker, _RATE_SCALE),
            "taker": decimal_of(taker, _RATE_SCALE),
        }

    async def _list(self, values: _Values) -> Answer:
        del values
        return {
            "assets": [
                {"asset": asset.id, "name": asset.name, "scale": asset.scale}
                for asset in self._catalog.assets()
            ],
            "markets": [_describe(market) for market in self._catalog.markets()],
        }

    async def _account(self, values: _Values) -> AccountRow:
        account_id = values.integer("account")
        row = await self._calls.account(account_id) if account_id > 0 else None
        if row is None:
            raise AdminError(f"there is no account {account_id}")
        return row

    async def _free_account_id(self) -> int:
        """Return the first id that is free: chosen ids are below, these are given out in order."""
        low, reach = FIRST_ACCOUNT_NUMBER, 1
        while await self._calls.account(account_id_of(low + reach - 1)) is not None:
            reach *= 2
            if low + reach > _ACCOUNT_NUMBER_MAX:
                raise AdminError("no account number is free")
        taken, free = low + reach // 2 - 1, low + reach - 1
        while free - taken > 1:
            middle = (taken + free) // 2
            if await self._calls.account(account_id_of(middle)) is None:
                free = middle
            else:
                taken = middle
        return account_id_of(free)

    async def _submit(self, command: Command) -> Reply:
        try:
            packed = command.pack()
        except struct.error as error:
            raise AdminError("a number is out of range") from error
        reply = await self._calls.submit(packed)
        for event in reply.events:
            if isinstance(event, RefusedEvent):
                reason = Reason(event.reason).name.lower().replace("_", " ")
                raise AdminError(f"the exchange refused: {reason}")
        # The feed brings these too, but perhaps a moment after the next request.
        self._catalog.on_committed(Committed(reply.seq, reply.time_us, reply.events))
        return reply

    def _money(self, values: _Values) -> tuple[int, Asset, int]:
        asset = self._asset(values.text("asset"))
        try:
            atoms = integer_of(values.text("amount"), asset.scale)
        except ValueError as error:
            raise AdminError(f"amount: {error}") from error
        return values.integer("account"), asset, atoms

    def _balance(self, reply: Reply) -> Answer:
        for event in reply.events:
            if isinstance(event, BalanceEvent):
                asset = self._catalog.asset(event.asset)
                return {
                    "account": event.account_id,
                    "asset": asset.name,
                    "free": asset.text(event.free_atoms),
                    "locked": asset.text(event.held_atoms),
                }
        raise AdminError("the exchange did not say what the balance is now")

    def _asset(self, name: str) -> Asset:
        asset = self._catalog.asset_by_name(name)
        if asset is None:
            raise AdminError(f"there is no asset {name!r}")
        return asset

    def _market(self, values: _Values) -> Market:
        symbol = values.text("symbol")
        market = self._catalog.find(symbol)
        if market is None:
            raise AdminError(f"there is no market {symbol!r}")
        return market


_SPECIFICATION = frozenset(UpdateMarket._fields) & frozenset(MarketEvent._fields) - frozenset(
    ("size", "kind", "version", "entity", "time_us")
)
"""The fields of a market's specification, without those of any record's header."""


def _scales(market: Market) -> Scales:
    return Scales(market.tick_atoms, market.lot_atoms, market.base.scale, market.quote.scale)


def _filter_fields(filters: Mapping[str, str], scales: Scales) -> dict[str, int]:
    fields: dict[str, int] = {}
    for name, text in filters.items():
        field = MARKET_FIELDS[name]
        try:
            fields[field.field] = parse_field(field, text, scales)
        except ValueError as error:
            raise AdminError(f"{name}: {error}") from error
    return fields


def _describe(market: Market) -> Answer:
    scales = _scales(market)
    return {
        "market": market.id,
        "symbol": market.symbol,
        "base": market.base.name,
        "quote": market.quote.name,
        "status": market.status.name,
        "tick": decimal_of(market.tick_atoms, market.quote.scale),
        "lot": decimal_of(market.lot_atoms, market.base.scale),
        "version": market.version,
        "filters": {
            name: format_field(field, getattr(market.specification, field.field), scales)
            for name, field in MARKET_FIELDS.items()
        },
    }


def _first_free(used: set[int], most: int, what: str) -> int:
    for number in range(1, most + 1):
        if number not in used:
            return number
    raise AdminError(f"there is no room for more {what}")


def _member(kind: type[_E], name: str) -> _E:
    try:
        return kind[name]
    except KeyError:
        names = ", ".join(member.name for member in kind)
        raise AdminError(f"{name!r} is none of {names}") from None


def _name(text: str, bytes_max: int) -> bytes:
    """Return the bytes of an asset's name or a market's symbol."""
    if not text.isascii() or len(text) > bytes_max:
        raise AdminError(f"{text!r} is not plain letters and digits, {bytes_max} at most")
    return text.encode()


def _moment(time_us: int) -> str:
    return datetime.fromtimestamp(time_us // 1_000_000, UTC).isoformat()
