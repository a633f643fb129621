"""Where a market's book is kept, and how it is read back."""

from collections.abc import Mapping
from typing import cast

from openoutcry.adapters.redis.client import Redis
from openoutcry.adapters.redis.messages import MARKET_CHANNEL
from openoutcry.ports.market_data import Level, WholeBook


def book_keys(symbol: str) -> list[str]:
    """Return the keys of a market's book, and its channel, as the functions take them."""
    book = f"book:{{{symbol}}}:"
    return [f"{book}bids", f"{book}asks", f"{book}head", MARKET_CHANNEL % symbol]


async def read_book(
    redis: Redis, market: int, symbol: str, known_entity_seq: int = -1
) -> WholeBook | None:
    """Return the book as it stands in Redis, at one instant; None when there is none.

    Its levels are left out when it stands where it is known already.
    """
    reply = await redis.call("book_read", book_keys(symbol), [str(known_entity_seq)])
    if not reply:
        return None
    head, bids, asks = cast("tuple[list[bytes], object, object]", reply)
    partition, epoch, seq, entity_seq, update_id, trade_id, time_us = map(int, head)
    return WholeBook(
        market=market,
        symbol=symbol,
        partition=partition,
        epoch=epoch,
        seq=seq,
        entity_seq=entity_seq,
        update_id=update_id,
        trade_id=trade_id,
        time_us=time_us,
        bids=sorted(_levels(bids), reverse=True),
        asks=sorted(_levels(asks)),
    )


def _levels(reply: object) -> list[Level]:
    """Return the fields of a hash, which come as a list of pairs in turn or as a mapping."""
    if isinstance(reply, Mapping):
        pairs = cast("Mapping[bytes, bytes]", reply)
        return [(int(price), int(lots)) for price, lots in pairs.items()]
    flat = cast("list[bytes]", reply)
    return [(int(price), int(lots)) for price, lots in zip(flat[::2], flat[1::2], strict=True)]
