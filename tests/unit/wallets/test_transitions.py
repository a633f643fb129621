"""The state machines as data: every state has its row, ends are ends, nothing else is walked."""

from itertools import product
from pathlib import Path

import pytest

from openoutcry.ports.wallets import DepositState, WithdrawalState
from openoutcry.wallets.transitions import (
    DEPOSIT_TRANSITIONS,
    WITHDRAWAL_TRANSITIONS,
    TransitionError,
    check_deposit,
    check_withdrawal,
)

State = WithdrawalState


def reachable(start: State) -> set[State]:
    found, edge = {start}, [start]
    while edge:
        for after in WITHDRAWAL_TRANSITIONS[edge.pop()]:
            if after not in found:
                found.add(after)
                edge.append(after)
    return found


def test_nothing_sent_is_sent_again_and_nothing_returned_is_sent() -> None:
    assert reachable(State.RETURNING) == {State.RETURNING, State.RETURNED}
    assert reachable(State.SETTLED) == {State.SETTLED}
    assert State.APPROVED not in reachable(State.SENDING)
    assert reachable(State.REQUESTED) == set(State)


def test_money_is_returned_only_by_way_of_returning() -> None:
    before = {s for s, after in WITHDRAWAL_TRANSITIONS.items() if State.RETURNED in after}
    assert before == {State.RETURNING}


def test_a_deposit_is_credited_only_when_final() -> None:
    before = {s for s, after in DEPOSIT_TRANSITIONS.items() if DepositState.CREDITED in after}
    assert before == {DepositState.FINAL}


@pytest.mark.parametrize(("before", "after"), list(product(WithdrawalState, repeat=2)))
def test_any_other_way_is_a_bug(before: WithdrawalState, after: WithdrawalState) -> None:
    if after in WITHDRAWAL_TRANSITIONS[before]:
        check_withdrawal(before, after)
        return
    with pytest.raises(TransitionError):
        check_withdrawal(before, after)


def test_a_deposit_does_not_leave_its_ways() -> None:
    check_deposit(DepositState.SEEN, DepositState.FINAL)
    with pytest.raises(TransitionError):
        check_deposit(DepositState.SEEN, DepositState.CREDITED)


def test_the_page_draws_every_state() -> None:
    page = Path(__file__).parents[3] / "docs" / "internals" / "wallets.md"
    deposits, withdrawals = page.read_text(encoding="utf-8").split("## Withdrawals")
    for state in DepositState:
        assert state.name in deposits
    for state in WithdrawalState:
        assert state.name in withdrawals
