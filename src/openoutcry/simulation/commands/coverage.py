"""How often each order type, time in force, prevention mode, filter and refusal was met."""

import struct
from collections import Counter

from openoutcry.core.enums import (
    CommandKind,
    EventKind,
    Execution,
    OrderType,
    Reason,
    StpMode,
    TimeInForce,
)
from openoutcry.core.records import OrderEvent, PreventedEvent, RefusedEvent
from openoutcry.simulation.commands.layout import offset_of

_HEAD = struct.Struct("<HB")
_ORDER_AT = offset_of(OrderEvent, "order_type")
_ORDER = struct.Struct("<BBBBBH")
_PREVENTED_AT = offset_of(PreventedEvent, "stp_mode")
_REFUSED_AT = offset_of(RefusedEvent, "reason")
_U2 = struct.Struct("<H")

# What only partitions that take part in links meet is counted where those are played.
COMMAND_KINDS = tuple(kind for kind in CommandKind if kind < CommandKind.LINK_ACK)
_ELSEWHERE = (Reason.NONE, Reason.NOT_HOSTED, Reason.REQUEST_PENDING)
REASONS = tuple(reason for reason in Reason if reason not in _ELSEWHERE)


class Coverage:
    """Counters by (group, name); every name of every group is there from the start."""

    def __init__(self) -> None:
        self._commands: Counter[int] = Counter()
        self._events: Counter[int] = Counter()
        self._types: Counter[int] = Counter()
        self._times: Counter[int] = Counter()
        self._modes: Counter[int] = Counter()
        self._prevented: Counter[int] = Counter()
        self._executions: Counter[int] = Counter()
        self._reasons: Counter[int] = Counter()
        self.commands = 0
        self.batches = 0

    def command(self, kind: int) -> None:
        """Count a command that was sent."""
        self.commands += 1
        self._commands[kind] += 1

    def observe(self, events: bytes) -> None:
        """Count the events of a batch."""
        self.batches += 1
        offset, end = 0, len(events)
        while offset < end:
            size, kind = _HEAD.unpack_from(events, offset)
            self._events[kind] += 1
            if kind <= EventKind.ORDER_REQUESTED:
                order_type, time_in_force, mode, _status, execution, reason = _ORDER.unpack_from(
                    events, offset + _ORDER_AT
                )
                self._executions[execution] += 1
                if execution == Execution.NEW:
                    self._types[order_type] += 1
                    self._times[time_in_force] += 1
                    self._modes[mode] += 1
                elif reason:
                    self._reasons[reason] += 1
            elif kind == EventKind.REFUSED:
                self._reasons[_U2.unpack_from(events, offset + _REFUSED_AT)[0]] += 1
            elif kind == EventKind.PREVENTED:
                self._prevented[events[offset + _PREVENTED_AT]] += 1
            offset += size

    def add(self, other: "Coverage") -> None:
        """Add another run's counts."""
        self.commands += other.commands
        self.batches += other.batches
        for name, counter in vars(self).items():
            if isinstance(counter, Counter):
                counter.update(getattr(other, name))

    def reason(self, reason: int) -> int:
        """How often a refusal, or an end of an order, carried this reason."""
        return self._reasons[reason]

    def groups(self) -> dict[str, dict[str, int]]:
        """Every counter by group and name."""
        modes = [mode for mode in StpMode if mode is not StpMode.NONE]
        return {
            "command": {kind.name: self._commands[kind] for kind in COMMAND_KINDS},
            "event": {kind.name: self._events[kind] for kind in EventKind},
            "order type": {kind.name: self._types[kind] for kind in OrderType},
            "time in force": {kind.name: self._times[kind] for kind in TimeInForce},
            "prevention mode": {mode.name: self._modes[mode] for mode in StpMode},
            "prevented by": {mode.name: self._prevented[mode] for mode in modes},
            "execution": {kind.name: self._executions[kind] for kind in Execution},
            "reason": {reason.name: self._reasons[reason] for reason in REASONS},
        }

    def below(self, least: int) -> dict[str, int]:
        """Return what was met less often than `least` times; events are a by-product."""
        return {
            f"{group} {name}": count
            for group, names in self.groups().items()
            if group != "event"
            for name, count in names.items()
            if count < least
        }

    def table(self) -> str:
        """Format the counters as text, a group after the other."""
        lines = [f"{self.commands:,} commands in {self.batches:,} batches"]
        for group, names in self.groups().items():
            lines.append(f"\n{group}")
            lines += [f"  {name:<32} {count:>12,}" for name, count in names.items()]
        return "\n".join(lines)
