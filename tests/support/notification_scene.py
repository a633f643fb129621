"""People who trade on a real kernel with a journal, for tests of what they are told."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from openoutcry.adapters.memory.journal import MemoryJournal, MemorySnapshots
from openoutcry.adapters.memory.notifications import MemoryNotifications
from openoutcry.app.engine import kernel_machines
from openoutcry.app.notifications import CatalogTerms
from openoutcry.codec.journal import seal
from openoutcry.codec.records import decode_events
from openoutcry.core.enums import OrderType, Side, TimeInForce
from openoutcry.core.ids import account_id_of
from openoutcry.core.records import CancelOrder, Deposit, NewOrder, OrderEvent, Withdraw
from openoutcry.gateways.edge.catalog import Catalog
from openoutcry.notifications.outbox import Outbox
from openoutcry.notifications.watch import Watch
from openoutcry.partition.batches import JournalBatches
from openoutcry.ports.feeds import Committed, CommittedLog, Listener
from openoutcry.ports.notifications import NotificationStore, OccurrenceLog
from openoutcry.ports.people import FIRST_PERSON_ID
from openoutcry.simulation import demo

ANN, BOB = FIRST_PERSON_ID, FIRST_PERSON_ID + 1
ROBOT = demo.MAKERS[demo.BTCUSD].account_id
"""An account of nobody."""
ANN_ACCOUNT, BOB_ACCOUNT = account_id_of(ANN), account_id_of(BOB)
BEGAN_US = 1_700_000_000_000_000
PRICE = 100_00
"""100.00 USD in ticks of BTCUSD; a lot is 0.00001 BTC."""


_numbers = count(1)


class Scene:
    """An exchange in one thread: every commit is a row of its journal and reaches listeners."""

    def __init__(self) -> None:
        self.machines = kernel_machines()
        self.journal = MemoryJournal()
        self.epoch = self.journal.acquire()
        self.snapshots = MemorySnapshots()
        self.kernel = self.machines.fresh()
        self.catalog = Catalog()
        self.terms = CatalogTerms(self.catalog)
        self.listeners: list[Listener] = [self.catalog.on_committed]
        self.now_us = BEGAN_US
        self._open()

    def _open(self) -> None:
        self.commit(*(command.pack() for command in demo.create_assets()))
        self.commit(*(command.pack() for command in demo.set_fees()))
        self.commit(*(command.pack() for command in demo.create_markets()))
        for account_id in (ANN_ACCOUNT, BOB_ACCOUNT, ROBOT):
            person = demo.USERS[0]._replace(account_id=account_id)
            self.commit(
                demo.create_account(person).pack(),
                *(command.pack() for command in demo.deposits(person).values()),
            )

    def commit(self, *commands: bytes) -> Committed:
        """Journal and apply one batch, a second after the one before."""
        self.now_us += 1_000_000
        batch = self.machines.stamp(list(commands), self.now_us)
        row = seal(self.journal.head(), 0, self.epoch, batch, len(commands))
        self.journal.append([row])
        events = decode_events(self.kernel.apply(batch, row.seq))
        committed = Committed(row.seq, self.now_us, events)
        for listener in list(self.listeners):
            listener(committed)
        return committed

    @property
    def seq(self) -> int:
        return self.kernel.seq()

    def batches(self) -> JournalBatches:
        return JournalBatches(self.machines, self.journal, self.snapshots)

    def order(
        self, account_id: int, side: Side, lots: int, ticks: int = PRICE, **fields: object
    ) -> Committed:
        return self.commit(limit(account_id, side, lots, ticks, **fields))

    def trade(self, ticks: int = PRICE, lots: int = 10_000) -> Committed:
        """Let a program trade with itself under another name: Bob buys from the program."""
        self.order(ROBOT, Side.SELL, lots, ticks)
        return self.order(BOB_ACCOUNT, Side.BUY, lots, ticks)

    def cancel(self, account_id: int, placed: Committed) -> Committed:
        order_id = placed.of_type(OrderEvent)[0].order_id
        return self.commit(
            CancelOrder(account_id=account_id, market=demo.BTCUSD, order_id=order_id).pack()
        )

    def deposit(self, account_id: int, atoms: int, asset: int = demo.USD) -> Committed:
        return self.commit(Deposit(account_id=account_id, asset=asset, amount_atoms=atoms).pack())

    def withdraw(self, account_id: int, atoms: int, asset: int = demo.USD) -> Committed:
        return self.commit(Withdraw(account_id=account_id, asset=asset, amount_atoms=atoms).pack())


def limit(account_id: int, side: Side, lots: int, ticks: int = PRICE, **fields: object) -> bytes:
    """Return the command of a limit order in BTCUSD."""
    order = NewOrder(
        account_id=account_id,
        market=demo.BTCUSD,
        market_version=1,
        side=side,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        price_ticks=ticks,
        qty_lots=lots,
        client_order_id=f"o{next(_numbers)}".encode(),
    )
    return order._replace(**fields).pack()  # type: ignore[arg-type]


@dataclass
class NoLog:
    """Nothing is to be read again."""

    def after(self, seq: int, up_to: int) -> Iterator[Committed]:
        raise AssertionError(f"batches {seq} to {up_to} are asked for")
        yield


@dataclass
class Told:
    """An outbox at a scene, driven by hand."""

    scene: Scene
    store: NotificationStore = field(default_factory=MemoryNotifications)
    log: CommittedLog | None = None
    waiting_max: int = 1_000
    logs: Sequence[OccurrenceLog] = ()

    def __post_init__(self) -> None:
        self.watch = Watch(self.scene.seq, waiting_max=self.waiting_max)
        self.scene.listeners.append(self.watch.take)
        self.wakes = 0
        self.outbox = Outbox(
            self.store,
            self.watch,
            self.log if self.log is not None else self.scene.batches(),
            self.scene.terms,
            clock=lambda: self.scene.now_us,
            logs=self.logs,
        )
        self.outbox.when_recorded(self._recorded)

    def _recorded(self) -> None:
        self.wakes += 1

    def leave(self) -> None:
        """Hear nothing more, as a process that has died."""
        self.scene.listeners.remove(self.watch.take)

    async def texts(self, person_id: int) -> list[str]:
        """Return (event: facts) of all that the person is shown, oldest first."""
        found = await self.store.shown(person_id, before=None, limit=10_000)
        return [stored.notification.template for stored in found][::-1]

    async def facts(self, person_id: int) -> dict[str, str]:
        """Return the facts of the newest."""
        (stored,) = await self.store.shown(person_id, before=None, limit=1)
        return dict(stored.notification.facts)
