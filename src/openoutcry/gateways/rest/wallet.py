"""Paths beside the spot API that its clients call: margin and futures at their start, what one has.

What this exchange has is answered with its own data (assets, balances, fees); what it has not is an
empty list, so that a client goes on without it. Parameters that nobody reads are passed over.
"""

from openoutcry.gateways.edge import errors, general, params
from openoutcry.gateways.edge.decimals import short_text_of
from openoutcry.gateways.edge.filters import compact
from openoutcry.gateways.edge.service import (
    Call,
    Endpoint,
    Handler,
    Security,
)

_RATE_SCALE = 8
_Json = dict[str, object]


def _constant(value: object) -> Handler:
    body = compact(value).encode()

    def answer(_call: Call) -> bytes:
        return body

    return answer


def futures_info(call: Call) -> bytes:
    """Return an exchangeInfo without symbols: no futures here."""
    info: _Json = {
        "timezone": "UTC",
        "serverTime": call.time(call.now_us),
        "futuresType": "U_MARGINED",
        "rateLimits": [],
        "exchangeFilters": [],
        "assets": [],
        "symbols": [],
    }
    return compact(info).encode()


def trading_status(call: Call) -> bytes:
    """GET account/apiTradingStatus."""
    data: _Json = {
        "isLocked": False,
        "plannedRecoverTime": 0,
        "triggerCondition": {"GCR": 150, "IFER": 150, "UFR": 300},
        "indicators": {},
        "updateTime": call.time(call.now_us),
    }
    return compact({"data": data}).encode()


def restrictions(call: Call) -> bytes:
    """GET account/apiRestrictions: what the key that asks may do."""
    key = call.key
    assert key is not None
    found: _Json = {
        "ipRestrict": bool(key.allowed_ips),
        "createTime": call.time(key.created_us),
        "enableReading": key.may_read,
        "enableWithdrawals": key.may_withdraw,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableFutures": False,
        "permitsUniversalTransfer": False,
        "enableVanillaOptions": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": False,
        "enableSpotAndMarginTrading": key.may_trade,
        "enablePortfolioMarginTrading": False,
    }
    if key.expires_us:
        found["tradingAuthorityExpirationTime"] = call.time(key.expires_us)
    return compact(found).encode()


async def user_assets(call: Call) -> bytes:
    """POST asset/getUserAsset: what the account has, zero balances left out."""
    catalog = call.exchange.catalog
    wanted = call.parameters.get("asset")
    found: list[_Json] = []
    for row in await call.exchange.calls.balances(call.account_id):
        asset = catalog.asset(row.asset)
        if (row.free_atoms or row.held_atoms) and wanted in {None, asset.name}:
            found.append(
                {
                    "asset": asset.name,
                    "free": asset.text(row.free_atoms),
                    "locked": asset.text(row.held_atoms),
                    "freeze": "0",
                    "withdrawing": "0",
                    "ipoable": "0",
                    "btcValuation": "0",
                }
            )
    return compact(found).encode()


async def trade_fees(call: Call) -> bytes:
    """GET asset/tradeFee."""
    exchange = call.exchange
    markets = exchange.catalog.markets()
    if "symbol" in call.parameters:
        markets = [params.market(exchange.catalog, call.parameters)]
    found: list[_Json] = []
    for market in markets:
        maker, taker = await exchange.calls.fee_rates(call.account_id, market.id)
        found.append(
            {
                "symbol": market.symbol,
                "makerCommission": short_text_of(maker, _RATE_SCALE),
                "takerCommission": short_text_of(taker, _RATE_SCALE),
            }
        )
    return compact(found).encode()


def not_supported(_call: Call) -> bytes:
    """What a client may ask for and this exchange does not do."""
    raise errors.unsupported_operation()


def _public(path: str, handler: Handler) -> Endpoint:
    return Endpoint("GET", path, handler, weight=1, lenient=True)


def _signed(path: str, handler: Handler, method: str = "GET") -> Endpoint:
    return Endpoint(method, path, handler, weight=1, security=Security.READ, lenient=True)


_SUCCESS: _Json = {
    "code": "000000",
    "message": "success",
    "data": [],
    "total": 0,
    "success": True,
}
_EMPTY: dict[str, object] = {
    "/sapi/v1/account/status": {"data": "Normal"},
    "/sapi/v1/account/info": {
        "vipLevel": 0,
        "isMarginEnabled": False,
        "isFutureEnabled": False,
    },
    "/sapi/v1/accountSnapshot": {"code": 200, "msg": "", "snapshotVos": []},
    "/sapi/v1/asset/assetDividend": {"rows": [], "total": 0},
    "/sapi/v1/asset/dribblet": {"total": 0, "userAssetDribblets": []},
    "/sapi/v1/asset/transfer": {"total": 0, "rows": []},
    "/sapi/v1/asset/wallet/balance": [],
    "/sapi/v1/bnbBurn": {"spotBNBBurn": False, "interestBNBBurn": False},
    "/sapi/v1/convert/assetInfo": [],
    "/sapi/v1/convert/tradeFlow": {"list": [], "limit": 100, "moreData": False},
    "/sapi/v1/fiat/orders": _SUCCESS,
    "/sapi/v1/fiat/payments": _SUCCESS,
    "/sapi/v1/pay/transactions": _SUCCESS,
    "/sapi/v1/sub-account/list": {"subAccounts": []},
}
_EMPTY_PUBLIC: dict[str, object] = {
    "/sapi/v1/system/status": {"status": 0, "msg": "normal"},
    "/sapi/v1/convert/exchangeInfo": [],
    "/sapi/v1/margin/allAssets": [],
    "/sapi/v1/margin/allPairs": [],
    "/sapi/v1/margin/isolated/allPairs": [],
    "/sapi/v1/spot/delist-schedule": [],
    "/fapi/v1/ping": {},
    "/dapi/v1/ping": {},
    "/eapi/v1/exchangeInfo": {
        "timezone": "UTC",
        "optionContracts": [],
        "optionAssets": [],
        "optionSymbols": [],
        "rateLimits": [],
    },
}
ENDPOINTS = (
    *(_signed(path, _constant(value)) for path, value in _EMPTY.items()),
    *(_public(path, _constant(value)) for path, value in _EMPTY_PUBLIC.items()),
    _public("/fapi/v1/exchangeInfo", futures_info),
    _public("/dapi/v1/exchangeInfo", futures_info),
    _public("/api/v1/ping", general.ping),
    _public("/api/v1/time", general.server_time),
    _public("/api/v1/exchangeInfo", general.exchange_info),
    _signed("/sapi/v1/account/apiTradingStatus", trading_status),
    _signed("/sapi/v1/account/apiRestrictions", restrictions),
    _signed("/sapi/v1/asset/tradeFee", trade_fees),
    _signed("/sapi/v1/asset/get-funding-asset", _constant([]), "POST"),
    _signed("/sapi/v3/asset/getUserAsset", user_assets, "POST"),
    _signed("/sapi/v1/asset/dust", not_supported, "POST"),
    _signed("/sapi/v1/asset/dust-btc", not_supported, "POST"),
    _signed("/sapi/v1/asset/transfer", not_supported, "POST"),
    _signed("/sapi/v1/convert/getQuote", not_supported, "POST"),
)
