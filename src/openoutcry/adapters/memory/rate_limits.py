"""Rate limits counted in this process: windows on the clock, bans that grow."""

from openoutcry.ports.rate_limits import (
    ORDERS_PER_10_SECONDS,
    ORDERS_PER_DAY,
    RAW_REQUESTS_PER_5_MINUTES,
    REQUEST_WEIGHT_PER_MINUTE,
    AddressCounts,
    Limited,
    network_of,
)

_SECOND_US = 1_000_000
_MINUTE_US = 60 * _SECOND_US
_FIVE_MINUTES_US = 5 * _MINUTE_US
_TEN_SECONDS_US = 10 * _SECOND_US
_DAY_US = 24 * 60 * _MINUTE_US
CONNECTIONS_PER_5_MINUTES = 300
REFUSALS_BEFORE_BAN = 50
"""Requests that an address may still send in one minute after it has been told to stop."""
BAN_US = 2 * _MINUTE_US
BAN_US_MAX = 3 * _DAY_US
FORGET_BANS_US = _DAY_US
"""Bans grow for an address that is banned again within this time."""
TAKER_FILL = 1
MAKER_FILL = 5
"""By how much an order's first fill lowers the count of unfilled orders."""
ADDRESSES_MAX = 100_000
"""When there are so many, those that have been quiet are forgotten, and then the oldest."""


class _Address:
    """The counts of one address; a window's count is void once the clock has left the window."""

    __slots__ = (
        "ban_us",
        "banned_until_us",
        "connections",
        "minute",
        "raw",
        "refusals",
        "weight",
        "window",
    )

    def __init__(self) -> None:
        self.minute = self.window = -1
        self.weight = self.raw = self.refusals = self.connections = 0
        self.banned_until_us = self.ban_us = 0


class _Account:
    __slots__ = ("day", "day_count", "slot", "slot_count")

    def __init__(self) -> None:
        self.slot = self.day = -1
        self.slot_count = self.day_count = 0


class MemoryRateLimiter:
    """Counts per address and per account. With `enforce` off it counts and refuses nobody."""

    def __init__(self, *, enforce: bool = True) -> None:
        self._enforce = enforce
        self._addresses: dict[str, _Address] = {}
        self._swept_minute = -1
        self._accounts: dict[int, _Account] = {}

    def limits_enforced(self) -> bool:
        """False when the limits are lifted and only counted."""
        return self._enforce

    def _address(self, ip: str, now_us: int) -> _Address:
        address = self._addresses.get(ip)
        if address is None:
            network = network_of(ip)
            address = self._addresses.get(network)
            if address is None:
                if len(self._addresses) >= ADDRESSES_MAX:
                    self._make_room(now_us)
                address = self._addresses[network] = _Address()
        if address.minute < (minute := now_us // _MINUTE_US):
            address.minute = minute
            address.weight = address.refusals = 0
            if address.window < (window := minute // 5):
                address.window = window
                address.raw = address.connections = 0
        return address

    def _make_room(self, now_us: int) -> None:
        """Forget somebody. All are looked at once a minute only: newcomers may be very many."""
        minute = now_us // _MINUTE_US
        if minute > self._swept_minute:
            self._swept_minute = minute
            self._sweep(now_us)
        while len(self._addresses) >= ADDRESSES_MAX:
            del self._addresses[next(iter(self._addresses))]

    def _sweep(self, now_us: int) -> None:
        minute = now_us // _MINUTE_US
        for key, address in list(self._addresses.items()):
            forgotten = now_us - address.banned_until_us > FORGET_BANS_US
            if minute - address.minute > 5 and forgotten:
                del self._addresses[key]

    def admit(self, ip: str, weight: int, now_us: int) -> Limited | None:
        """Count one request of this weight, or say why it is not let in."""
        address = self._addresses.get(ip)
        if address is None or address.minute < now_us // _MINUTE_US:
            address = self._address(ip, now_us)
        if address.banned_until_us > now_us and self._enforce:
            return self._banned(address, now_us)
        address.raw += 1
        address.weight += weight
        if not self._enforce:
            return None
        if address.weight > REQUEST_WEIGHT_PER_MINUTE:
            text = f"{REQUEST_WEIGHT_PER_MINUTE} request weight per 1 MINUTE"
            return self._refuse(address, text, _MINUTE_US, now_us)
        if address.raw > RAW_REQUESTS_PER_5_MINUTES:
            text = f"{RAW_REQUESTS_PER_5_MINUTES} raw requests per 5 MINUTE"
            return self._refuse(address, text, _FIVE_MINUTES_US, now_us)
        return None

    def _refuse(self, address: _Address, text: str, window_us: int, now_us: int) -> Limited:
        address.refusals += 1
        if address.refusals > REFUSALS_BEFORE_BAN:
            again = now_us - address.banned_until_us <= FORGET_BANS_US
            address.ban_us = min(address.ban_us * 2, BAN_US_MAX) if again else BAN_US
            address.ban_us = max(address.ban_us, BAN_US)
            address.banned_until_us = now_us + address.ban_us
            address.refusals = 0
            return self._banned(address, now_us)
        return _limited(text, window_us, now_us)

    @staticmethod
    def _banned(address: _Address, now_us: int) -> Limited:
        until = address.banned_until_us
        return Limited("", -(-(until - now_us) // _SECOND_US), until, banned=True)

    async def all_order_counts(self, account_id: int, now_us: int) -> tuple[int, int]:
        """Return `order_counts`: there is nobody else."""
        return self.order_counts(account_id, now_us)

    def add(self, ip: str, now_us: int, *, raw_requests: int = 0, connections: int = 0) -> None:
        """Count what was not asked for here: others' share, as far as it can be guessed."""
        address = self._address(ip, now_us)
        address.raw += raw_requests
        address.connections += connections

    def banned(self, ip: str, now_us: int) -> Limited | None:
        """Say whether an address is shut out; counts nothing."""
        address = self._address(ip, now_us)
        if address.banned_until_us > now_us and self._enforce:
            return self._banned(address, now_us)
        return None

    def set_address(self, network: str, counts: AddressCounts) -> None:
        """Take over shared counts, unless they are of an older minute, and any later ban."""
        address = self._addresses.get(network)
        if address is None:
            return
        if counts.minute >= address.minute:
            address.minute, address.window = counts.minute, counts.minute // 5
            address.weight, address.refusals = counts.weight, counts.refusals
            address.raw, address.connections = counts.raw_requests, counts.connections
        if counts.banned_until_us > address.banned_until_us - BAN_US // 2:
            address.banned_until_us, address.ban_us = counts.banned_until_us, counts.ban_us

    def charge(self, ip: str, weight: int, now_us: int) -> None:
        """Add weight to a request that has been let in already."""
        self._address(ip, now_us).weight += weight

    def used_weight(self, ip: str, now_us: int) -> int:
        """Return the weight that an address has used in this minute."""
        return self._address(ip, now_us).weight

    def admit_connection(self, ip: str, now_us: int) -> Limited | None:
        """Count one WebSocket connection attempt, or say why it is refused."""
        address = self._address(ip, now_us)
        if not self._enforce:
            return None
        if address.banned_until_us > now_us:
            return self._banned(address, now_us)
        address.connections += 1
        if address.connections > CONNECTIONS_PER_5_MINUTES:
            text = f"{CONNECTIONS_PER_5_MINUTES} connections per 5 MINUTE"
            return _limited(text, _FIVE_MINUTES_US, now_us)
        return None

    def _account(self, account_id: int, now_us: int) -> _Account:
        account = self._accounts.get(account_id)
        if account is None:
            account = self._accounts[account_id] = _Account()
        if account.slot < (slot := now_us // _TEN_SECONDS_US):
            account.slot, account.slot_count = slot, 0
            if account.day < (day := now_us // _DAY_US):
                account.day, account.day_count = day, 0
        return account

    def admit_orders(self, account_id: int, orders: int, now_us: int) -> Limited | None:
        """Say whether an account may send this many orders more; counts nothing."""
        if not self._enforce:
            return None
        account = self._account(account_id, now_us)
        if account.slot_count + orders > ORDERS_PER_10_SECONDS:
            return _limited(
                f"{ORDERS_PER_10_SECONDS} orders per 10 SECOND", _TEN_SECONDS_US, now_us
            )
        if account.day_count + orders > ORDERS_PER_DAY:
            return _limited(f"{ORDERS_PER_DAY} orders per 1 DAY", _DAY_US, now_us)
        return None

    def count_orders(self, account_id: int, orders: int, now_us: int) -> tuple[int, int]:
        """Count accepted orders of an account; return its counts."""
        account = self._account(account_id, now_us)
        account.slot_count += orders
        account.day_count += orders
        return account.slot_count, account.day_count

    def set_account(self, account_id: int, slot: int, slot_count: int, day_count: int) -> None:
        """Take over shared counts of a slot of ten seconds and its day, unless they are older."""
        account = self._accounts.get(account_id)
        if account is not None and slot >= account.slot:
            account.slot, account.day = slot, slot * _TEN_SECONDS_US // _DAY_US
            account.slot_count, account.day_count = slot_count, day_count

    def order_filled(self, account_id: int, now_us: int, *, maker: bool) -> None:
        """Give an account room again: an order of it has had its first fill."""
        account = self._account(account_id, now_us)
        less = MAKER_FILL if maker else TAKER_FILL
        account.slot_count = max(0, account.slot_count - less)
        account.day_count = max(0, account.day_count - less)

    def order_counts(self, account_id: int, now_us: int) -> tuple[int, int]:
        """Return the unfilled orders of an account in this 10 seconds and this day."""
        account = self._account(account_id, now_us)
        return account.slot_count, account.day_count


def _limited(text: str, window_us: int, now_us: int) -> Limited:
    until = (now_us // window_us + 1) * window_us
    return Limited(text, -(-(until - now_us) // _SECOND_US), until)
