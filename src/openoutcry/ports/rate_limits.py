"""How much a caller may ask for: request weight by address, unfilled orders by account, bans."""

from dataclasses import dataclass
from typing import Protocol

REQUEST_WEIGHT_PER_MINUTE = 6_000
RAW_REQUESTS_PER_5_MINUTES = 300_000
ORDERS_PER_10_SECONDS = 100
ORDERS_PER_DAY = 200_000


@dataclass(frozen=True, slots=True)
class Limited:
    """A refusal by a limit. `banned` means that the address is shut out until then."""

    text: str
    """Which limit, as `6000 request weight per 1 MINUTE`."""
    retry_after_s: int
    until_us: int
    banned: bool = False


@dataclass(frozen=True, slots=True)
class AddressCounts:
    """What an address has used: weight and refusals in a minute, the rest in five."""

    minute: int
    weight: int
    raw_requests: int
    refusals: int
    connections: int
    banned_until_us: int
    ban_us: int


class RateLimiter(Protocol):
    """Counts and judges. Every method answers at once from this process's memory.

    An adapter that shares its counts with others settles with them in the background.
    """

    def admit(self, ip: str, weight: int, now_us: int) -> Limited | None:
        """Count one request of this weight from an address, or say why it is not let in."""
        ...

    def charge(self, ip: str, weight: int, now_us: int) -> None:
        """Add weight to a request that has been let in already."""
        ...

    def used_weight(self, ip: str, now_us: int) -> int:
        """Return the weight that an address has used in this minute."""
        ...

    def admit_connection(self, ip: str, now_us: int) -> Limited | None:
        """Count one WebSocket connection attempt (300 in 5 minutes), or say why it is refused."""
        ...

    def admit_orders(self, account_id: int, orders: int, now_us: int) -> Limited | None:
        """Say whether an account may send this many orders more; counts nothing."""
        ...

    def count_orders(self, account_id: int, orders: int, now_us: int) -> tuple[int, int]:
        """Count accepted orders of an account; returns its counts, as `order_counts` does."""
        ...

    def order_filled(self, account_id: int, now_us: int, *, maker: bool) -> None:
        """Give an account room again: an order of it has had its first fill."""
        ...

    def order_counts(self, account_id: int, now_us: int) -> tuple[int, int]:
        """Return the unfilled orders of an account in this 10 seconds and this day."""
        ...

    async def all_order_counts(self, account_id: int, now_us: int) -> tuple[int, int]:
        """Return `order_counts` as all gateways know them; the one answer that may take a while."""
        ...

    def limits_enforced(self) -> bool:
        """False when the limits are lifted and only counted."""
        ...


class CopiedLimiter(RateLimiter, Protocol):
    """A limiter in memory whose counts are a copy of shared ones, and are set to them at times."""

    def add(self, ip: str, now_us: int, *, raw_requests: int = 0, connections: int = 0) -> None:
        """Count what was not asked for here: others' share, as far as it can be guessed."""
        ...

    def banned(self, ip: str, now_us: int) -> Limited | None:
        """Say whether an address is shut out; counts nothing."""
        ...

    def set_address(self, network: str, counts: AddressCounts) -> None:
        """Take over shared counts, unless they are of an older minute, and any later ban."""
        ...

    def set_account(self, account_id: int, slot: int, slot_count: int, day_count: int) -> None:
        """Take over shared counts of a slot of ten seconds and its day, unless they are older."""
        ...


def network_of(ip: str) -> str:
    """Return what is counted together: an IPv4 address, or the /64 of an IPv6 address."""
    if ":" not in ip:
        return ip
    head, gap, tail = ip.partition("::")
    groups = head.split(":") if head else []
    if gap:
        after = tail.split(":") if tail else []
        groups += ["0"] * (8 - len(groups) - len(after)) + after
    return ":".join(groups[:4])
