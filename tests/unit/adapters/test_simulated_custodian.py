"""The simulated custodian: addresses that check themselves, one send for each key."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.adapters.simulated import addresses
from openoutcry.adapters.simulated.addresses import PAYLOAD_BYTES, encode, fault_of, pattern_of
from openoutcry.adapters.simulated.custodian import (
    SIMULATED_BLOCK_US,
    Fault,
    SimulatedCustodian,
    simulated_networks,
)
from openoutcry.ports.custodian import (
    AddressFault,
    CustodianAwayError,
    SendKeyReusedError,
    SendOrder,
    SendState,
)

CHAINS = frozenset(("BTC", "ETH", "SIM"))
LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
BTC_BLOCK_US = SIMULATED_BLOCK_US["BTC"]


class Clock:
    def __init__(self) -> None:
        self.now_us = 1_790_000_000_000_000

    def __call__(self) -> int:
        return self.now_us


@pytest.fixture
def clock() -> Clock:
    return Clock()


Opener = Callable[[], SimulatedCustodian]


@pytest.fixture
def opener(tmp_path: Path, clock: Clock) -> Iterator[Opener]:
    opened: list[SimulatedCustodian] = []

    def open_one() -> SimulatedCustodian:
        opened.append(
            SimulatedCustodian(
                tmp_path / "custodian.db", simulated_networks(8), SIMULATED_BLOCK_US, clock
            )
        )
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


def order(key: str = "k", atoms: int = 5, address: str = "a") -> SendOrder:
    return SendOrder(key=key, chain="BTC", asset_name="BTC", address=address, amount_atoms=atoms)


def test_the_encoding_is_that_of_bip_350() -> None:
    """Its own valid strings, whose prefix and payload are not ours, have the same remainder."""
    for valid in ("a1lqfn3a", "split1checkupstagehandshakeupstreamerranterredcaperredlc445v"):
        prefix, _, body = valid.rpartition("1")
        values = [LETTERS.index(letter) for letter in body]
        assert addresses._remainder(prefix, values) == addresses._FINAL


@given(payload=st.binary(min_size=PAYLOAD_BYTES, max_size=PAYLOAD_BYTES), data=st.data())
def test_up_to_four_wrong_letters_are_noticed(payload: bytes, data: st.DataObject) -> None:
    address = encode("BTC", payload)
    assert fault_of("BTC", address, CHAINS) is None
    assert fault_of("ETH", address, CHAINS) is AddressFault.WRONG_CHAIN
    body_at = address.rindex("1") + 1
    places = data.draw(
        st.lists(st.integers(body_at, len(address) - 1), min_size=1, max_size=4, unique=True)
    )
    wrong = list(address)
    for place in places:
        others = LETTERS.replace(wrong[place], "")
        wrong[place] = data.draw(st.sampled_from(others))
    assert fault_of("BTC", "".join(wrong), CHAINS) is AddressFault.WRONG_CHECKSUM


@given(text=st.text(max_size=60))
def test_any_text_is_judged(text: str) -> None:
    assert fault_of("BTC", text, CHAINS) is not None


async def test_addresses_match_the_pattern_and_outlive_a_restart(opener: Opener) -> None:
    first = opener()
    address = await first.deposit_address("BTC", 1025)
    assert re.fullmatch(pattern_of("BTC"), address)
    assert await opener().deposit_address("BTC", 1025) == address
    assert await first.check_address("BTC", address) is AddressFault.OWN_ADDRESS
    assert await first.check_address("BTC", first.address_of("BTC", "x")) is None
    with pytest.raises(ValueError):
        await first.deposit_address("DOGE", 1025)


async def test_confirmations_grow_with_time_and_not_back(opener: Opener, clock: Clock) -> None:
    custodian = opener()
    address = await custodian.deposit_address("BTC", 1025)
    made = await custodian.pay_in("BTC", "BTC", address, 7)
    assert made.confirmations == 0
    clock.now_us += 3 * BTC_BLOCK_US + 1
    (seen,) = await custodian.payments(0)
    assert seen.confirmations == 3
    clock.now_us -= 10 * BTC_BLOCK_US
    assert (await opener().payments(0))[0].confirmations == 0
    assert await custodian.payments(seen.number) == []


async def test_only_a_payment_to_us_is_simulated(opener: Opener) -> None:
    custodian = opener()
    address = await custodian.deposit_address("BTC", 1025)
    for chain, to, atoms in (("ETH", address, 5), ("BTC", "x", 5), ("BTC", address, 0)):
        with pytest.raises(ValueError):
            await custodian.pay_in(chain, "BTC", to, atoms)


async def test_a_key_is_sent_once_and_means_one_thing(opener: Opener, clock: Clock) -> None:
    custodian = opener()
    assert await custodian.sent("k") is None
    first = await custodian.send(order())
    assert first.state is SendState.PENDING
    again = await opener().send(order())
    assert again.transaction == first.transaction
    for other in (order(atoms=6), order(address="b")):
        with pytest.raises(SendKeyReusedError):
            await custodian.send(other)
    clock.now_us += 3 * BTC_BLOCK_US
    done = await custodian.sent("k")
    assert done is not None
    assert (done.state, done.confirmations) == (SendState.DONE, 3)
    assert await custodian.paid_out() == {"k": 5}


async def test_failures_that_are_asked_for_happen_so_often_and_stay(
    opener: Opener, clock: Clock
) -> None:
    custodian = opener()
    await custodian.fail(Fault.AWAY, 2)
    for one in (custodian, opener()):
        with pytest.raises(CustodianAwayError):
            await one.sent("k")
    await custodian.fail(Fault.AWAY_AFTER)
    with pytest.raises(CustodianAwayError):
        await custodian.send(order())
    assert await custodian.sent("k") is not None, "it was done all the same"

    await custodian.fail(Fault.REFUSE_SEND)
    assert (await custodian.send(order("refused"))).state is SendState.FAILED
    await custodian.fail(Fault.DROP_SEND)
    assert (await custodian.send(order("dropped"))).state is SendState.PENDING
    clock.now_us += 100 * BTC_BLOCK_US
    for key in ("refused", "dropped"):
        status = await opener().sent(key)
        assert status is not None
        assert status.state is SendState.FAILED
        assert (await custodian.send(order(key))).state is SendState.FAILED
    assert await custodian.paid_out() == {"k": 5}
