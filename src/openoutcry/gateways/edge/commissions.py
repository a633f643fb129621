"""Fee rates as the API shows them."""

from openoutcry.core.limits import RATE_ONE

_DISCOUNT = (
    '"discount":{"enabledForAccount":false,"enabledForSymbol":false,'
    '"discountAsset":null,"discount":"0.00000000"}'
)
_NOTHING = '{"maker":"0.00000000","taker":"0.00000000"}'
_NOTHING_BY_SIDE = (
    '{"maker":"0.00000000","taker":"0.00000000","buyer":"0.00000000","seller":"0.00000000"}'
)


def rate_text(rate: int) -> str:
    """Return a rate in units of 1e-8 as text."""
    return f"{rate // RATE_ONE}.{rate % RATE_ONE:08d}"


def rates_by_side(maker: int, taker: int) -> str:
    """Return the JSON of rates that know no difference between buyers and sellers."""
    return (
        f'{{"maker":"{rate_text(maker)}","taker":"{rate_text(taker)}",'
        '"buyer":"0.00000000","seller":"0.00000000"}'
    )


def commission_of_order(maker: int, taker: int) -> bytes:
    """Return the answer of order/test with computeCommissionRates."""
    return (
        f'{{"standardCommissionForOrder":{{"maker":"{rate_text(maker)}",'
        f'"taker":"{rate_text(taker)}"}},"specialCommissionForOrder":{_NOTHING},'
        f'"taxCommissionForOrder":{_NOTHING},{_DISCOUNT}}}'
    ).encode()


def commission_of_account(symbol: str, maker: int, taker: int) -> bytes:
    """Return the answer of account/commission."""
    return (
        f'{{"symbol":"{symbol}","standardCommission":{rates_by_side(maker, taker)},'
        f'"specialCommission":{_NOTHING_BY_SIDE},"taxCommission":{_NOTHING_BY_SIDE},'
        f"{_DISCOUNT}}}"
    ).encode()
