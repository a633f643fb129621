"""What an answer from a market can speak of, and how links are addressed."""

from collections.abc import Callable
from enum import IntEnum

from openoutcry.core.enums import LinkKind
from openoutcry.core.ids import entity_of_shard, shard_of_account
from openoutcry.core.records import (
    AmendLink,
    AnswerLink,
    CancelLink,
    DoneLink,
    PlaceLink,
    SettleLink,
)

LINK_HEADER_BYTES = CancelLink.SIZE - 8
NUMBER_BITS = (1 << 24) - 1
"""The low bits of an entity's address: the number of the market or shard."""

ToMarket = PlaceLink | CancelLink | AmendLink
ToAccounts = SettleLink | DoneLink | AnswerLink
SendToMarket = Callable[[ToMarket], object]
SendToAccounts = Callable[[ToAccounts], None]


class Answers(IntEnum):
    """The field `answers` of an AnswerLink: a request by its link kind, or news of the order."""

    PLACE = LinkKind.PLACE
    CANCEL = LinkKind.CANCEL
    AMEND = LinkKind.AMEND
    TRAILING_STARTED = 16
    QUEUED = 17
    """The order's trigger was met: it waits in the market's queue, not for a price."""
    WORKING = 18
    RESPONDED = 19
    """Between partitions: all that an order took at once has been told."""


def shard_entity_of_order(order_id: int) -> int:
    """Return the address of the account shard that an order came from."""
    return entity_of_shard(shard_of_account(order_id))


def is_to_market(link: ToMarket | ToAccounts) -> bool:
    """Whether a link goes from an account shard to a market."""
    return link.kind <= LinkKind.AMEND
