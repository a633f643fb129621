"""The steps of withdrawals as a log of what people are told."""

import pytest
from tests.support.notification_scene import ANN, ANN_ACCOUNT, ROBOT, Scene

from openoutcry.adapters.memory.wallets import MemoryWalletStore
from openoutcry.notifications.rules import occurrence_told
from openoutcry.notifications.templates import CATALOGUE, render
from openoutcry.notifications.withdrawals import (
    CAUSE_WORDS,
    OTHER_CAUSE_WORDS,
    TEMPLATES,
    WithdrawalOccurrences,
)
from openoutcry.ports.notifications import NotificationStoreError
from openoutcry.ports.wallets import (
    WalletStoreError,
    Withdrawal,
    WithdrawalCause,
    WithdrawalRule,
    WithdrawalState,
)
from openoutcry.simulation import demo

WIDE = WithdrawalRule(
    asset=demo.BTC, hour_atoms=1 << 60, day_atoms=1 << 60, second_person_atoms=1 << 60
)


def asked(name: str, account_id: int = ANN_ACCOUNT, **more: object) -> Withdrawal:
    fields: dict[str, object] = {
        "withdrawal_id": name,
        "account_id": account_id,
        "asset": demo.BTC,
        "chain": "BTC",
        "address": "bc1qexample",
        "amount_atoms": 150_000_000,
        "fee_atoms": 1_000,
        "requested_us": 5,
        "changed_us": 6,
        **more,
    }
    return Withdrawal(**fields)  # type: ignore[arg-type]


async def moved(store: MemoryWalletStore, name: str, *states: WithdrawalState) -> None:
    for version, state in enumerate(states, start=1):
        change = asked(name, state=state, version=version, transaction="f00d", changed_us=9)
        assert await store.save_withdrawal(change)


async def test_steps_are_told_in_order_and_once() -> None:
    store = MemoryWalletStore()
    log = WithdrawalOccurrences(store, Scene().terms)
    assert await log.last() == 0
    assert await log.after(0, 9) == ([], 0)
    await store.add_withdrawal(asked("w1"), WIDE)
    await store.add_withdrawal(asked("w2", ROBOT), WIDE)
    states = (WithdrawalState.HELD, WithdrawalState.SENT, WithdrawalState.SETTLED)
    await moved(store, "w1", *states)
    found, up_to = await log.after(0, 4)
    assert ([one.template for one in found], up_to) == (["withdrawal_sent"], 4)
    found, up_to = await log.after(up_to, 4)
    assert ([one.template for one in found], up_to) == (["withdrawal_settled"], 5)
    assert await log.last() == 5
    assert found[0].person_id == ANN
    assert render(occurrence_told("w", found[0])).text == (
        "Your withdrawal of 1.5 BTC to bc1qexample is complete. Transaction: f00d."
    )


@pytest.mark.parametrize("state", TEMPLATES)
async def test_every_fact_is_there(state: WithdrawalState) -> None:
    store = MemoryWalletStore()
    await store.add_withdrawal(asked("w1"), WIDE)
    await moved(store, "w1", state)
    (found,), _ = await WithdrawalOccurrences(store, Scene().terms).after(1, 9)
    assert CATALOGUE[found.template].facts() <= set(found.facts)


def test_causes_have_words() -> None:
    unspoken = set(WithdrawalCause) - set(CAUSE_WORDS)
    assert unspoken == {WithdrawalCause.NONE, WithdrawalCause.LEDGER_REFUSED}
    assert OTHER_CAUSE_WORDS


class AwayStore(MemoryWalletStore):
    """Cannot be read."""

    async def steps_after(self, *_: object) -> list[object]:  # type: ignore[override]
        raise WalletStoreError("away")


async def test_steps_that_cannot_be_read_are_read_later() -> None:
    with pytest.raises(NotificationStoreError):
        await WithdrawalOccurrences(AwayStore(), Scene().terms).after(0, 9)
