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

ToMarket = PlaceLink | CancelLink | AmendLink
ToAccounts = SettleLink | DoneLink | AnswerLink
SendToMarket = Callable[[ToMarket], None]
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


def shard_entity_of_order(order_id: int) -> int:
    """Return the address of the account shard that an order came from."""
    return entity_of_shard(shard_of_account(order_id))
