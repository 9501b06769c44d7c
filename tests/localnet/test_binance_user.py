"""Binance's private streams."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson

from bot.localnet.binance_user import KEY_LIFE_MS, LinearUser, SpotUser
from bot.model.order import Side
from localnet.desks import Frames, HandClock, bid, engine, order


def test_spot_reports_carry_the_account_after_them() -> None:
    venue, heard = engine(), Frames()
    user = SpotUser(venue, venue.spot)
    assert (user.subscribe(heard), user.subscribe(Frames())) == (0, 1)
    resting = bid(venue.spot, "100", "0.9995")
    venue.spot.exchange.sweep(Side.SELL, 1, 400, 0)
    venue.spot.cancel(resting, note="cancel-1")
    events: list[dict[str, Any]] = [data["event"] for _, data in heard.sent]
    reports = [event for event in events if event["e"] == "executionReport"]
    assert [(one["x"], one["X"]) for one in reports] == [
        ("NEW", "NEW"), ("TRADE", "PARTIALLY_FILLED"), ("CANCELED", "CANCELED")
    ]  # fmt: skip
    assert (reports[1]["l"], reports[1]["z"], reports[1]["m"]) == ("40.00000000", "40.00000000", True)
    assert (reports[2]["c"], reports[2]["C"]) == ("cancel-1", "a")
    locked = [event["B"][1]["l"] for event in events if event["e"] == "outboundAccountPosition"]
    assert locked == ["99.95000000", "59.97000000", "0.00000000"]
    assert heard.sent[0][0] == "private executionReport"
    user.drop(heard)
    bid(venue.spot, "100", "0.9995", client_id="b")
    assert len(events) == len(heard.sent)


def _linear() -> tuple[HandClock, LinearUser, Frames]:
    clock, heard = HandClock(), Frames()
    venue = engine(clock=clock)
    user = LinearUser(venue, venue.perp)
    for name in ("ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE", "listenKeyExpired"):
        user.topics.add(name, heard)
    return clock, user, heard


def test_futures_tell_the_account_before_the_order() -> None:
    _, user, heard = _linear()
    user.open_key()
    resting = bid(user.desk, "100", "0.9995")
    user.desk.amend(resting, 99_940, 900)
    order(user.desk, Side.SELL, "50", None, client_id="m")
    user.desk.exchange.settle_funding(0.01, Decimal(1), "one", 0)
    events = [orjson.loads(str(text)) for _, text in heard.sent]
    kinds = [(event["e"], event.get("o", event.get("a", {})).get("x")) for event in events]
    assert kinds == [
        ("ORDER_TRADE_UPDATE", "NEW"), ("ORDER_TRADE_UPDATE", "AMENDMENT"), ("ORDER_TRADE_UPDATE", "NEW"),
        ("ACCOUNT_UPDATE", None), ("ORDER_TRADE_UPDATE", "TRADE"), ("ACCOUNT_UPDATE", None),
    ]  # fmt: skip
    assert events[3]["a"]["P"][0]["pa"] == "-50.0"
    assert events[4]["o"]["n"] == f"{user.desk.trades[-1].fee:.8f}"
    assert (events[5]["a"]["m"], events[5]["a"]["P"]) == ("FUNDING_FEE", [])


def test_a_key_nobody_keeps_alive_expires_with_a_word() -> None:
    clock, user, heard = _linear()
    key = user.open_key()
    clock.move(KEY_LIFE_MS / 1_000 - 1)
    user.expire()
    assert user.open_key() == key
    clock.move(KEY_LIFE_MS / 1_000)
    user.expire()
    assert [channel for channel, _ in heard.sent] == ["private listenKeyExpired"]
    bid(user.desk, "100", "0.9995")
    assert len(heard.sent) == 1
    assert not user.good(key)
    assert user.open_key() != key
    user.close_key()
    assert not user.good("")
