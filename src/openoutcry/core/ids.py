"""Addresses and ids: entities, accounts, orders."""

from openoutcry.core.enums import EntityKind
from openoutcry.core.limits import ACCOUNT_SHARDS, SHARD_BITS


def entity_of_shard(shard: int) -> int:
    """Return the entity address of an account shard (0 to 1023)."""
    return EntityKind.SHARD << 24 | shard


def entity_of_market(market: int) -> int:
    """Return the entity address of a market."""
    return EntityKind.MARKET << 24 | market


def shard_of_account(account_id: int) -> int:
    """Return the account shard that an account, or an order, belongs to."""
    return account_id & (ACCOUNT_SHARDS - 1)


def account_id_of(number: int) -> int:
    """Return the id of the account with this running number, spread over the shards."""
    return number << SHARD_BITS | (number & (ACCOUNT_SHARDS - 1))
