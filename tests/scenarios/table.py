"""Scenario tables: command rows and the rows of events that must come out, as text.

A file holds scenarios: a title line `== title`, then rows. A row at the margin is a command (or a
look at the state), the indented rows below it are exactly what it gives. README.md has the words.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openoutcry.core import enums
from openoutcry.core import records as r
from openoutcry.core.enums import OrderType, Side, TimeInForce

HERE = Path(__file__).parent
ASSETS = {"USD": 1, "BTC": 2}
ACCOUNTS = {name: number << 10 | number for number, name in enumerate("ABCDEFG", start=1)}
MARKET = 1
FUNDS = 1_000_000
START_US = 1_000_000_000_000
STEP_US = 1_000
SEED = (
    *(r.CreateAsset(asset=number, scale=0, name=name.encode()) for name, number in ASSETS.items()),
    r.CreateMarket(
        market=MARKET,
        base_asset=ASSETS["BTC"],
        quote_asset=ASSETS["USD"],
        status=1,
        symbol=b"BTCUSD",
        stp_modes=0b11_1111,
        order_types=0b1111_1110,
        flags=0b111_1111,
        tick_atoms=1,
        lot_atoms=1,
        tick_lot_atoms=1,
    ),
    *(r.CreateAccount(account_id=number, flags=7) for number in ACCOUNTS.values()),
    *(
        r.Deposit(account_id=account, asset=asset, amount_atoms=FUNDS)
        for account in list(ACCOUNTS.values())[:4]
        for asset in ASSETS.values()
    ),
)
"""A and B to D have a million of each asset; E, F and G have nothing."""
TYPES = {
    "limit": OrderType.LIMIT,
    "market": OrderType.MARKET,
    "maker": OrderType.LIMIT_MAKER,
    "stop": OrderType.STOP_LOSS,
    "stop_limit": OrderType.STOP_LOSS_LIMIT,
    "profit": OrderType.TAKE_PROFIT,
    "profit_limit": OrderType.TAKE_PROFIT_LIMIT,
}
TIMED = {OrderType.LIMIT, OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT_LIMIT}
TIMES = {"gtc": TimeInForce.GTC, "ioc": TimeInForce.IOC, "fok": TimeInForce.FOK}
WORDS = {
    "quote": "quote_atoms",
    "stop": "stop_ticks",
    "worst": "worst_ticks",
    "iceberg": "iceberg_lots",
    "trail": "trailing_bips",
    "version": "market_version",
}
MONEY = {
    "held": "held_atoms",
    "released": "released_atoms",
    "paid": "paid_atoms",
    "received": "received_atoms",
    "fee": "fee_atoms",
}


@dataclass
class Row:
    """A command row and the rows that it must give."""

    line: int
    text: str
    expected: list[str] = field(default_factory=list)


@dataclass
class Scenario:
    """A title and its rows."""

    file: str
    line: int
    title: str
    rows: list[Row] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.title}"


def read(path: Path) -> list[Scenario]:
    """Read the scenarios of a file."""
    found: list[Scenario] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if text.startswith("== "):
            found.append(Scenario(path.name, number, text[3:]))
        elif line[0].isspace():
            found[-1].rows[-1].expected.append(text)
        else:
            found[-1].rows.append(Row(number, text))
    return found


def read_all() -> list[Scenario]:
    """Read the scenarios of every file here."""
    return [scenario for path in sorted(HERE.glob("*.txt")) for scenario in read(path)]


class Player:
    """Plays command rows on one machine and tells what came out, as rows."""

    def __init__(self, machine: Any) -> None:
        self.machine = machine
        self._time_us = START_US
        self._seq = 0
        self._ids: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._money = False
        self._many = False
        self._resendable: dict[str, bytes] = {}
        self._counter: dict[str, int] = {}
        self._specification = SEED[2]
        for command in SEED:
            self.apply(command.pack())

    def apply(self, record: bytes) -> bytes:
        """Give the machine a batch of one command."""
        self._seq += 1
        made = bytearray(record)
        if not int.from_bytes(made[40:48], "little"):
            made[40:48] = self._time_us.to_bytes(8, "little")
        events: bytes = self.machine.apply(bytes(made), self._seq)
        self._time_us += STEP_US
        return events

    def play(self, text: str) -> list[str]:
        """Play a row; return what it gives."""
        words = text.split()
        head, rest = words[0], words[1:]
        if head == "show":
            self._money = "money" in rest
            self._many = "counts" in rest
            return []
        if head == "time":
            self._time_us += _duration(rest[0])
            return []
        if head == "book":
            return self._book()
        if head == "balances":
            return self._balances(rest[0])
        if head == "orders":
            return self._orders(rest[0])
        if head == "again":
            record = bytearray(self._resendable[rest[0]])
            record[40:48] = bytes(8)
            return self._told(self.apply(bytes(record)))
        if head in ACCOUNTS:
            command = self._of_account(head, rest)
        else:
            command = self._of_house(head, rest)
        return self._told(self.apply(command.pack()))

    # ---- commands

    def _of_house(self, head: str, words: list[str]) -> r.Command:
        plain, options = _split(words)
        if head == "status":
            return r.SetMarketStatus(market=MARKET, status=enums.MarketStatus[plain[0]])
        if head == "market":
            fields = {
                name: getattr(self._specification, name) for name in r.UpdateMarket._fields[9:]
            }
            changed = r.UpdateMarket(**(fields | {k: int(v, 0) for k, v in options.items()}))
            self._specification = changed
            return changed
        if head == "fees":
            return r.SetFees(
                schedule=int(plain[0]), maker_rate=int(plain[1]), taker_rate=int(plain[2])
            )
        if head == "limits":
            return r.SetLimits(**{k: int(v) for k, v in options.items()})
        if head == "account":
            values = {"flags": 7} | {k: int(v) for k, v in options.items()}
            return r.UpdateAccount(account_id=ACCOUNTS[plain[0]], **values)
        if head == "tick":
            return r.Tick()
        if head == "quarantine":
            return r.Quarantine(seq=1, market=int(plain[0]))
        assert head == "epoch", f"unknown word {head}"
        return r.Epoch(epoch=int(plain[0]))

    def _of_account(self, name: str, words: list[str]) -> r.Command:
        account = ACCOUNTS[name]
        head, (plain, options) = words[0], _split(words[1:])
        header: dict[str, Any] = {"account_id": account}
        digest = options.pop("digest", None)
        if digest:
            header |= {"digest_lo": int(digest), "deadline_us": self._time_us + 60_000_000}
        if "deadline" in options:
            header["deadline_us"] = self._time_us + _duration(options.pop("deadline"))
        command = self._request(name, header, head, plain, options)
        if digest:
            self._resendable[digest] = command.pack()
        return command

    def _request(
        self,
        name: str,
        header: dict[str, Any],
        head: str,
        plain: list[str],
        options: dict[str, str],
    ) -> r.Command:
        if head in {"deposit", "withdraw", "adjust"}:
            kind = {"deposit": r.Deposit, "withdraw": r.Withdraw, "adjust": r.Adjust}[head]
            asset = ASSETS.get(plain[0], 99)
            return kind(**header, asset=asset, amount_atoms=int(plain[1]))
        market = int(options.pop("market", MARKET))
        if head == "cancel_all":
            return r.CancelAll(**header, market=market)
        if head == "cancel":
            named = self._named(plain[0], options)
            request = options.pop("request", "").encode()
            restriction = enums.CancelRestriction[options.pop("only", "NONE")]
            return r.CancelOrder(
                **header, **named, market=market, client_order_id=request, restriction=restriction
            )
        if head == "amend":
            named = self._named(plain[0], options)
            new_id = options.pop("id", "").encode()
            return r.AmendOrder(
                **header, **named, market=market, qty_lots=int(plain[1]), client_order_id=new_id
            )
        if head == "replace":
            return self._replace(name, header | {"market": market}, plain, options)
        order = self._order(name, [head, *plain], options)
        return r.NewOrder(**(header | {"market": market} | order))

    def _replace(
        self, name: str, header: dict[str, Any], plain: list[str], options: dict[str, str]
    ) -> r.Command:
        named = {f"cancel_{k}": v for k, v in self._named(plain[0], options).items()}
        mode = enums.CancelReplaceMode[options.pop("mode", "STOP_ON_FAILURE")]
        restriction = enums.CancelRestriction[options.pop("only", "NONE")]
        order = self._order(name, plain[1:], options)
        return r.CancelReplace(**(header | order), **named, mode=mode, restriction=restriction)

    def _named(self, text: str, options: dict[str, str]) -> dict[str, Any]:
        """By client id; `#name` by order id; `original=` gives a client id beside it."""
        original = options.pop("original", "").encode()
        if text.startswith("#"):
            number = self._ids[text[1:]] if text[1:] in self._ids else int(text[1:])
            return {"order_id": number, "original_client_order_id": original}
        return {"order_id": 0, "original_client_order_id": text.encode()}

    def _order(self, name: str, plain: list[str], options: dict[str, str]) -> dict[str, Any]:
        side, kind, *rest = plain
        order_type = TYPES[kind]
        self._counter[name] = self._counter.get(name, 0) + 1
        made: dict[str, Any] = {
            "side": Side[side.upper()],
            "order_type": order_type,
            "client_order_id": options.pop("id", f"{name.lower()}{self._counter[name]}").encode(),
            "stp_mode": enums.StpMode[options.pop("stp", "NONE").upper()],
        }
        if order_type in TIMED:
            made["time_in_force"] = TimeInForce.GTC
        for word in rest:
            if word in TIMES:
                made["time_in_force"] = TIMES[word]
            else:
                qty, _, price = word.partition("@")
                made["qty_lots"] = int(qty)
                made["price_ticks"] = int(price or 0)
        for word, value in options.items():
            made[WORDS[word]] = int(value)
        return made

    # ---- what came out

    def _told(self, events: bytes) -> list[str]:
        offset, rows = 0, []
        while offset < len(events):
            kind = events[offset + 2]
            event = r.EVENTS[kind].unpack(events, offset)
            rows.append(self._event(event))
            offset += event.size
        if self._many:
            return _counted(rows)
        return rows

    def _event(self, e: Any) -> str:
        match e:
            case r.OrderEvent() | r.OrderRequestedEvent():
                return self._order_event(e)
            case r.TradeEvent():
                side = Side(e.taker_side).name.lower()
                return f"trade {e.lots}@{e.price_ticks} {side}"
            case r.LevelEvent():
                side = "bid" if e.side == Side.BUY else "ask"
                if not e.orders:
                    return f"level {side} {e.price_ticks} gone"
                return f"level {side} {e.price_ticks} x{e.lots} of {e.orders}"
            case r.PreventedEvent():
                mode = enums.StpMode(e.stp_mode).name
                lots = f"taker {e.taker_prevented_lots} maker {e.maker_prevented_lots}"
                return f"prevented {mode} @{e.price_ticks} {lots}"
            case r.RefusedEvent():
                phase = f" {enums.Phase(e.phase).name}" if e.phase else ""
                return f"refused {enums.Reason(e.reason).name}{phase}"
            case r.DuplicateEvent():
                reason = enums.Reason(e.reason).name if e.reason else "accepted"
                of = f" {self._names.get(e.order_id, '?')}" if e.order_id else ""
                return f"duplicate {reason}{of}"
            case r.BalanceEvent():
                asset = next(name for name, number in ASSETS.items() if number == e.asset)
                cause = enums.BalanceCause(e.cause).name.lower()
                return f"{cause} {asset} {e.amount_atoms:+} free {e.free_atoms}"
            case r.MarketEvent():
                status = enums.MarketStatus(e.status).name
                return f"market {status} version {e.specification_version}"
            case _:
                return type(e).__name__.removesuffix("Event").lower()

    def _order_event(self, e: Any) -> str:
        name = e.client_order_id.rstrip(b"\0").decode()
        self._ids.setdefault(name, e.order_id)
        self._names[e.order_id] = name
        execution = enums.Execution(e.execution)
        parts = [name, execution.name.lower()]
        if execution in {enums.Execution.TRADE, enums.Execution.TRADE_PREVENTION}:
            parts.append(f"{e.last_lots}@{e.last_ticks}")
        if e.flags & enums.OrderFlag.MAKER:
            parts.append("maker")
        if execution is not enums.Execution.NEW:
            parts.append(enums.OrderStatus(e.status).name)
        if execution is enums.Execution.REPLACED:
            parts.append(f"qty {e.qty_lots}")
        if e.reason:
            parts.append(enums.Reason(e.reason).name)
        if self._money:
            parts += [f"{word} {getattr(e, f)}" for word, f in MONEY.items() if getattr(e, f)]
        return " ".join(parts)

    # ---- looks at the state

    def _book(self) -> list[str]:
        bids, asks = self.machine.depth(MARKET, 50)
        return [f"ask {price} x{lots}" for price, lots in reversed(asks)] + [
            f"bid {price} x{lots}" for price, lots in bids
        ]

    def _balances(self, name: str) -> list[str]:
        rows = _rows(self.machine.balances(ACCOUNTS[name]), r.BalanceRow)
        names = {number: asset for asset, number in ASSETS.items()}
        return [f"{names[x.asset]} free {x.free_atoms} held {x.held_atoms}" for x in rows]

    def _orders(self, name: str) -> list[str]:
        told = []
        for x in _rows(self.machine.open_orders(ACCOUNTS[name]), r.OrderRow):
            place = enums.OrderPlace(x.place).name.lower()
            done = f" done {x.executed_lots}" if x.executed_lots else ""
            done += f" prevented {x.prevented_lots}" if x.prevented_lots else ""
            shown = f" shows {x.visible_lots}" if x.iceberg_lots else ""
            active = " active" if x.flags & enums.OrderFlag.TRAILING_ACTIVE else ""
            active += f" extreme {x.trailing_extreme_ticks}" if active else ""
            held = f" hold {x.hold_atoms}" if self._money else ""
            told.append(
                x.client_order_id.rstrip(b"\0").decode()
                + f" {place} qty {x.qty_lots}{done}{shown}{active}{held}"
            )
        return told


def _rows(data: bytes, kind: Any) -> Iterator[Any]:
    for offset in range(0, len(data), kind.SIZE):
        yield kind.unpack(data, offset)


def _counted(rows: list[str]) -> list[str]:
    """Count rows of one shape instead of showing each; the last row stays."""
    counts: dict[str, int] = {}
    for row in rows:
        shape = re.sub(r"\d+@\d+|x\d+ of \d+", "..", row)
        counts[shape] = counts.get(shape, 0) + 1
    return [f"{count} times {shape}" for shape, count in counts.items()]


def _split(words: list[str]) -> tuple[list[str], dict[str, str]]:
    plain = [word for word in words if "=" not in word]
    options = dict(word.split("=", 1) for word in words if "=" in word)
    return plain, options


def _duration(text: str) -> int:
    """`+5s`, `-1ms`, `3m`: microseconds."""
    match = re.fullmatch(r"([+-]?\d+)(us|ms|s|m|h)", text)
    assert match, f"not a duration: {text}"
    unit = {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}
    return int(match[1]) * unit[match[2]]
