"""The status document: its keys are a contract, and unknown never reads as zero."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from bot.model.view import Level, View
from bot.ops.status import status
from sample_views import NS, ON_CHAIN, TIME_NS, busy, troubled, unborn

TOP = "state mode limits_version time delta venues orders unhedged_age_s pnl lp options fills hedges"
DELTA = "spot perp lp option working source loan economic target net band"
SPOT = "bid_depth_usdt ask_depth_usdt spread_bps compliant uptime"


@pytest.mark.parametrize("view", [busy(), troubled(), unborn()], ids=["busy", "troubled", "unborn"])
def test_the_promised_keys_are_always_there(view: View) -> None:
    document = status(view)
    assert set(TOP.split()) <= set(document)
    assert set(DELTA.split()) <= set(document["delta"])
    assert list(document["venues"]) == ["binance", "bybit", "bitget"]
    for venue in document["venues"].values():
        assert {"health", "spot", "perp"} <= set(venue)
        assert set(SPOT.split()) <= set(venue["spot"])
        assert {"position", "margin_ratio", "funding_rate"} <= set(venue["perp"])
    assert set(document["orders"]) == {"open", "unknown"}
    assert "total" in document["pnl"]


@pytest.mark.parametrize("view", [busy(), troubled(), unborn()], ids=["busy", "troubled", "unborn"])
def test_it_is_plain_json(view: View) -> None:
    document = status(view, TIME_NS + NS, started_ns=TIME_NS - NS)
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_figures_of_a_busy_day() -> None:
    document = status(busy(), TIME_NS + NS // 2, started_ns=TIME_NS - 3600 * NS)
    assert document["state"] == "running"
    assert document["time"] == "2026-01-01T00:04:05.123Z"
    assert document["run_s"] == 3600.5
    assert document["age_s"] == 0.5
    assert document["orders"] == {"open": 60, "unknown": 0}
    assert document["delta"]["economic"] == -3_000_312
    binance = document["venues"]["binance"]
    assert binance["health"] == "up"
    assert binance["spot"]["bid_depth_usdt"] == 108_123
    assert binance["spot"]["owed_bid_usdt"] == 100_000
    assert binance["perp"]["funding_rate"] == pytest.approx(0.0001)  # 10.95 % a year, three times a day
    assert document["pnl"]["total"] == pytest.approx(220.19)
    assert document["sell"]["progress"] == pytest.approx(452 / 2300)
    assert document["options"]["tranches"][0]["strike"] == 1.25
    assert document["feeds"]["bitget.spot"] == pytest.approx(0.3)


def test_unknown_is_null() -> None:
    document = status(troubled())
    assert document["delta"]["lp"] is None
    assert document["delta"]["complete"] is False
    assert document["venues"]["bitget"]["spot"]["bid_depth_usdt"] is None
    assert document["venues"]["bitget"]["health"] == "degraded"
    empty = status(unborn())
    assert empty["time"] is None
    assert empty["age_s"] is None
    assert empty["venues"]["binance"]["health"] == "unknown"
    assert empty["venues"]["binance"]["perp"]["position"] is None
    assert empty["venues"]["binance"]["spot"]["compliant"] is None
    assert empty["lp"]["value_usdt"] is None
    assert empty["sell"]["progress"] is None


def test_the_pool_tells_bounds_moves_ahead_and_where_it_was_read() -> None:
    lp = status(replace(busy(), lp=ON_CHAIN))["lp"]
    assert (lp["to_lower_pct"], lp["to_upper_pct"]) == (20.0, pytest.approx(1.9))
    assert lp["delta_at"][0] == {"move_pct": -5.0, "delta_tokens": 512_398.0}
    assert (lp["provider"], lp["block"], lp["finalized_block"]) == ("127.0.0.1:8545", 45_123_456, 45_123_452)
    assert lp["block_hash"] == "0x" + "ab12" * 16
    assert (lp["wallet_token"], lp["wallet_usdt"], lp["cake"], lp["fees_today_usdt"]) == (
        12.0,
        0.5,
        1.25,
        31.2,
    )
    unknown = status(unborn())["lp"]
    assert unknown["delta_at"] == []
    known = {key: value for key, value in unknown.items() if value is not None}
    assert set(known) == {"age_s_max", "delta_at"}


def test_a_number_that_is_not_finite_is_null() -> None:
    view = replace(busy(), pnl={"spread_capture": math.nan, "funding": 1.0}, unhedged_age_s=math.inf)
    document = status(view)
    assert document["pnl"] == {"spread_capture": None, "funding": 1.0, "total": None}
    assert document["unhedged_age_s"] is None


def test_the_aggregators_own_total_is_taken() -> None:
    assert status(replace(busy(), pnl={"a": 1.0, "loan_delta": 9.0}))["pnl"]["total"] == 1.0
    assert status(replace(busy(), pnl={"a": 1.0, "total": 5.0}))["pnl"]["total"] == 5.0


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "running"),
        ({"paused": True}, "paused"),
        ({"ready": False}, "starting"),
        ({"level": Level.HALTED}, "halted"),
        ({"level": Level.FLATTEN, "ready": False}, "flattening"),
    ],
)
def test_state_in_one_word(changes: dict[str, object], state: str) -> None:
    assert status(replace(busy(), **changes))["state"] == state  # type: ignore[arg-type]


def test_the_run_has_the_last_word() -> None:
    document = status(busy(), state="stopped", left_open=["binance.perp −1,350,256"])
    assert document["state"] == "stopped"
    assert document["left_open"] == ["binance.perp −1,350,256"]
