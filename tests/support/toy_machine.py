"""A state machine of a few lines that keeps the promises of the kernel's door."""

import hashlib
import json
from typing import Self

from openoutcry.codec.records import split_commands
from openoutcry.core.enums import BalanceCause, CommandKind, Execution
from openoutcry.core.records import (
    BalanceEvent,
    BalanceRow,
    Deposit,
    EpochEvent,
    NewOrder,
    OrderEvent,
    OrderRow,
    Quarantine,
    QuarantinedEvent,
)
from openoutcry.partition.machine import Machines

POISON = b"poison"


class ToyFaultError(Exception):
    """A failed assertion in the toy."""

    def __init__(self, index: int) -> None:
        super().__init__(f"command {index} is poison")
        self.index = index


class ToyMachine:
    """Deposits add up; new orders rest; one named `pend...` waits for a tick to be reported."""

    def __init__(self, *, cured: bool = False) -> None:
        self.state = {
            "seq": 0,
            "time": 0,
            "epoch": 0,
            "balances": {},
            "orders": {},
            "waiting": [],
            "hash": "",
            "quarantined": 0,
        }
        self.cured = cured
        self.dead = False

    @classmethod
    def restore(cls, data: bytes) -> Self:
        machine = cls()
        try:
            machine.state = json.loads(data)
        except ValueError as error:
            raise ValueError("damaged") from error
        return machine

    def snapshot(self) -> bytes:
        return json.dumps(self.state, sort_keys=True).encode()

    def apply(self, batch: bytes, seq: int, skip: tuple[int, ...] = ()) -> bytes:
        assert not self.dead, "a faulted machine is used again"
        if seq != self.state["seq"] + 1:
            raise ValueError(f"batch {seq} after {self.state['seq']}")
        out = []
        for index, command in enumerate(split_commands(batch)):
            if index not in skip:
                out += self._command(index, command, seq)
        events = b"".join(event.pack() for event in out)
        self.state["seq"] = seq
        chained = bytes.fromhex(self.state["hash"]) + events
        self.state["hash"] = hashlib.blake2b(chained, digest_size=16).hexdigest()
        return events

    def _command(self, index: int, command: bytes, seq: int) -> list:
        kind = command[2]
        time_us = int.from_bytes(command[40:48], "little")
        assert time_us >= self.state["time"], "time went back"
        self.state["time"] = time_us
        head = {"command": index, "seq": seq, "time_us": time_us}
        match kind:
            case CommandKind.DEPOSIT:
                deposit = Deposit.unpack(command)
                key = str(deposit.account_id)
                free = self.state["balances"].get(key, 0) + deposit.amount_atoms
                self.state["balances"][key] = free
                return [
                    BalanceEvent(
                        **head,
                        account_id=deposit.account_id,
                        asset=1,
                        cause=BalanceCause.DEPOSIT,
                        amount_atoms=deposit.amount_atoms,
                        free_atoms=free,
                    )
                ]
            case CommandKind.NEW_ORDER:
                return self._new_order(index, NewOrder.unpack(command), head)
            case CommandKind.TICK:
                waiting, self.state["waiting"] = self.state["waiting"], []
                return [OrderEvent(**head, order_id=order_id) for order_id in waiting]
            case CommandKind.EPOCH:
                self.state["epoch"] = int.from_bytes(command[48:56], "little")
                return [EpochEvent(**head, epoch=self.state["epoch"])]
            case CommandKind.QUARANTINE:
                record = Quarantine.unpack(command)
                self.state["quarantined"] += 1
                return [
                    QuarantinedEvent(
                        **head,
                        quarantined_seq=record.seq,
                        quarantined_index=record.index,
                        market=record.market,
                    )
                ]
        return []

    def _new_order(self, index: int, order: NewOrder, head: dict) -> list:
        name = order.client_order_id.rstrip(b"\0")
        if name.startswith(POISON) and not self.cured:
            self.dead = True
            raise ToyFaultError(index)
        order_id = len(self.state["orders"]) + 1
        self.state["orders"][str(order_id)] = [order.account_id, name.decode()]
        if name.startswith(b"pend"):
            self.state["waiting"].append(order_id)
        return [
            OrderEvent(
                **head,
                account_id=order.account_id,
                order_id=order_id,
                execution=Execution.NEW,
                client_order_id=name,
            )
        ]

    def seq(self) -> int:
        return self.state["seq"]

    def time_us(self) -> int:
        return self.state["time"]

    def pending(self) -> bool:
        return bool(self.state["waiting"])

    def events_hash(self) -> bytes:
        return bytes.fromhex(self.state["hash"]) or bytes(16)

    def state_hash(self) -> bytes:
        return hashlib.blake2b(self.snapshot(), digest_size=16).digest()

    def recount(self) -> str:
        return ""

    def order(self, account_id: int, order_id: int) -> bytes | None:
        kept = self.state["orders"].get(str(order_id))
        if kept is None or kept[0] != account_id:
            return None
        return OrderRow(
            account_id=account_id, order_id=order_id, client_order_id=kept[1].encode()
        ).pack()

    def order_by_client_id(
        self, account_id: int, market: int, client_order_id: bytes
    ) -> bytes | None:
        for order_id, (owner, name) in self.state["orders"].items():
            if owner == account_id and name.encode() == client_order_id:
                return self.order(account_id, int(order_id))
        return None

    def open_orders(self, account_id: int, market: int = 0) -> bytes:
        rows = (self.order(account_id, int(order_id)) for order_id in self.state["orders"])
        return b"".join(row for row in rows if row is not None)

    def balances(self, account_id: int) -> bytes:
        free = self.state["balances"].get(str(account_id))
        if free is None:
            return b""
        return BalanceRow(account_id=account_id, asset=1, free_atoms=free).pack()

    def account(self, account_id: int) -> bytes | None:
        return None

    def market(self, market: int) -> bytes | None:
        return None

    def markets(self) -> bytes:
        return b""

    def assets(self) -> bytes:
        return b""

    def hosts(self, entity: int) -> bool:
        return True

    def depth(self, market: int, limit: int) -> tuple[list, list]:
        return [], []

    def average_price_ticks(self, market: int) -> int:
        return 0

    def fee_rates(self, account_id: int, market: int) -> tuple[int, int]:
        return (0, 0)


TOYS = Machines(fresh=ToyMachine, restore=ToyMachine.restore, fault=ToyFaultError)


def order(name: str, account_id: int = 1024) -> bytes:
    """Return a new order with this client order id."""
    return NewOrder(account_id=account_id, market=1, client_order_id=name.encode()).pack()


def deposit(amount: int, account_id: int = 1024) -> bytes:
    """Return a deposit of asset 1."""
    return Deposit(account_id=account_id, asset=1, amount_atoms=amount).pack()
