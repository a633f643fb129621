"""The state machines of deposits and withdrawals, as data. Whoever moves a record asks here first.

`docs/internals/wallets.md` draws them and says what a crash between any two states leads to.
"""

from collections.abc import Mapping

from openoutcry.ports.wallets import DepositState, WithdrawalState

_D = DepositState
_W = WithdrawalState

DEPOSIT_TRANSITIONS: Mapping[DepositState, frozenset[DepositState]] = {
    _D.SEEN: frozenset((_D.FINAL, _D.ORPHANED, _D.TOO_SMALL)),
    _D.FINAL: frozenset((_D.CREDITED, _D.BLOCKED)),
    _D.BLOCKED: frozenset((_D.FINAL,)),
    _D.ORPHANED: frozenset((_D.SEEN,)),
    _D.CREDITED: frozenset(),
    _D.TOO_SMALL: frozenset(),
}
"""A payment that the chain dropped may come back, and is then counted from the start."""

WITHDRAWAL_TRANSITIONS: Mapping[WithdrawalState, frozenset[WithdrawalState]] = {
    _W.REQUESTED: frozenset((_W.HELD, _W.REFUSED)),
    _W.HELD: frozenset((_W.APPROVED, _W.AWAITING)),
    _W.AWAITING: frozenset((_W.APPROVED, _W.RETURNING)),
    _W.APPROVED: frozenset((_W.SENDING, _W.RETURNING)),
    _W.SENDING: frozenset((_W.SENT, _W.RETURNING)),
    _W.SENT: frozenset((_W.SETTLED, _W.RETURNING)),
    _W.RETURNING: frozenset((_W.RETURNED,)),
    _W.SETTLED: frozenset(),
    _W.RETURNED: frozenset(),
    _W.REFUSED: frozenset(),
}

WITHDRAWALS_UNFINISHED = tuple(state for state, after in WITHDRAWAL_TRANSITIONS.items() if after)
DEPOSITS_UNFINISHED = (_D.SEEN, _D.FINAL)
"""What the chain or the ledger still has to say something about."""
WITHDRAWALS_WAITING_FOR_PEOPLE = (_W.AWAITING,)

assert set(DEPOSIT_TRANSITIONS) == set(_D), "every state of a deposit has its row"
assert set(WITHDRAWAL_TRANSITIONS) == set(_W), "every state of a withdrawal has its row"
assert not WITHDRAWAL_TRANSITIONS[_W.SETTLED] & WITHDRAWAL_TRANSITIONS[_W.RETURNED]


class TransitionError(RuntimeError):
    """A record was about to make a step that its state machine does not have: a bug."""


def check_deposit(before: DepositState, after: DepositState) -> None:
    """Raise TransitionError unless a deposit may go this way."""
    if after not in DEPOSIT_TRANSITIONS[before]:
        raise TransitionError(f"a deposit does not go from {before} to {after}")


def check_withdrawal(before: WithdrawalState, after: WithdrawalState) -> None:
    """Raise TransitionError unless a withdrawal may go this way."""
    if after not in WITHDRAWAL_TRANSITIONS[before]:
        raise TransitionError(f"a withdrawal does not go from {before} to {after}")
