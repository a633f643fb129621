"""Captures: exact numbers, and words for what cannot be read."""

import gzip
import json
from pathlib import Path

import pytest

from openoutcry.simulation.capture import Action, Capture, CaptureError, scaled_integer

HEADER = "id,timestamp,exchange_timestamp,price,volume,action,direction"
TRADES_HEADER = "trade_id,timestamp,exchange_timestamp,price,amount,buy_order_id,sell_order_id,side"


def write(directory: Path, *rows: str, trades: tuple[str, ...] = (), meta: object = None) -> Path:
    with gzip.open(directory / "orders.csv.gz", "wt") as file:
        file.write("\n".join((HEADER, *rows)) + "\n")
    if trades:
        (directory / "trades.csv").write_text("\n".join((TRADES_HEADER, *trades)) + "\n")
    if meta is not None:
        (directory / "meta.json").write_text(json.dumps(meta))
    return directory


@pytest.mark.parametrize(
    ("text", "decimals", "value"),
    [
        ("0", 2, 0),
        ("78318.0", 2, 7_831_800),
        ("78318.05", 2, 7_831_805),
        ("1.53453667", 8, 153_453_667),
        ("6.405e-05", 8, 6_405),
        ("1e3", 2, 100_000),
        ("0.1000000000", 2, 10),
    ],
)
def test_numbers_are_read_exactly(text: str, decimals: int, value: int) -> None:
    assert scaled_integer(text, decimals) == value


@pytest.mark.parametrize("text", ["", "x", "-1", "nan", "inf", "1e99", "0.001", "1_0", "٣", ".5"])
def test_what_is_no_such_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        scaled_integer(text, 2)


def test_rows_come_in_order_with_how_far_the_file_is_read(tmp_path: Path) -> None:
    write(
        tmp_path,
        "a,2,1,100.5,0.5,created,bid",
        "a,3,2,100.5,0.25,changed,bid",
        "a,4,3,100.5,0.0,deleted,bid",
    )
    capture = Capture(tmp_path)
    rows = list(capture.orders())
    assert [row.action for _, row in rows] == [Action.CREATED, Action.CHANGED, Action.DELETED]
    assert rows[0][1] == ("a", 1_000, 10_050, 50_000_000, Action.CREATED, True)
    assert all(0 < position <= capture.size() for position, _ in rows)


def test_without_trades_nothing_is_known_of_takers(tmp_path: Path) -> None:
    capture = Capture(write(tmp_path))
    assert capture.taker_ids() is None
    assert capture.trades == ()
    assert (capture.base, capture.quote) == ("BTC", "USD")


def test_a_trade_names_its_taker_by_side(tmp_path: Path) -> None:
    write(
        tmp_path,
        trades=("1,1,1,100.0,0.1,b1,s1,buy", "2,1,1,100.0,0.1,b2,s2,sell"),
        meta={"pair": "etheur", "stale_snapshot_orders": ["x", 7]},
    )
    capture = Capture(tmp_path)
    assert capture.taker_ids() == frozenset({"b1", "s2"})
    assert capture.stale_order_ids == {"x", "7"}
    assert (capture.base, capture.quote) == ("ETH", "EUR")


def test_a_folder_that_is_none_or_holds_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="not a directory"):
        Capture(tmp_path / "none")
    with pytest.raises(CaptureError, match=r"orders\.csv\.gz"):
        Capture(tmp_path)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("a,1,1,100.0,0.5,created,sideways", "line 3.*bid or ask"),
        ("a,1,1,100.0,0.5,eaten,bid", "line 3.*eaten"),
        ("a,1,1,100.001,0.5,created,bid", "line 3.*more than 2 decimals"),
        ("a,1,x,100.0,0.5,created,bid", "line 3"),
        (f"a,1,{'9' * 20},100.0,0.5,created,bid", "line 3.*out of range"),
        (f"a,1,1,{'9' * 20},0.5,created,bid", "line 3.*out of range"),
        (f"a,1,1,100.0,{'9' * 11},created,bid", "line 3.*out of range"),
        ("a,1,1,100.0", "line 3.*4 values for 7 columns"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, row: str, words: str) -> None:
    capture = Capture(write(tmp_path, "a,1,1,100.0,0.5,created,bid", row))
    with pytest.raises(CaptureError, match=words):
        list(capture.orders())


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, *(f"{n},1,1,100.0,0.5,created,bid" for n in range(5_000)))
    whole = (path / "orders.csv.gz").read_bytes()
    (path / "orders.csv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CaptureError, match="line"):
        list(Capture(path).orders())


def test_a_file_that_is_no_gzip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "orders.csv.gz").write_text(HEADER)
    with pytest.raises(CaptureError):
        list(Capture(tmp_path).orders())


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "orders.csv.gz", "wt") as file:
        file.write("id,price\n")
    with pytest.raises(CaptureError, match="volume"):
        list(Capture(tmp_path).orders())


@pytest.mark.parametrize(
    "meta", [[], {"pair": "usd"}, {"pair": 3}, {"pair": "a/b"}, {"stale_snapshot_orders": "x"}]
)
def test_bad_meta_data_is_refused(tmp_path: Path, meta: object) -> None:
    with pytest.raises(CaptureError, match=r"meta\.json"):
        Capture(write(tmp_path, meta=meta))


def test_a_trade_without_a_side_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"line 2.*buy or sell"):
        Capture(write(tmp_path, trades=("1,1,1,100.0,0.1,b,s,both",)))
