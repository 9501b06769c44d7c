"""The tables decide; what they do not know is unknown."""

from __future__ import annotations

import pytest

from bot.venues.outcomes import TABLES, Outcome, judge


class ClientError(Exception):
    """Any error of a client library."""


@pytest.mark.parametrize(
    ("exchange", "text", "outcome"),
    [
        ("binance", 'binance {"code":-2010,"msg":"Account has insufficient balance"}', Outcome.REJECTED),
        ("binance", 'binance {"code":-2010,"msg":"Duplicate order sent."}', Outcome.UNKNOWN),
        ("binance", 'binance {"code":-1007,"msg":"Timeout waiting for backend"}', Outcome.UNKNOWN),
        ("binance", 'binance {"code":-2011,"msg":"Unknown order sent."}', Outcome.NOT_FOUND),
        ("binance", 'binance 418 {"code":-1003,"msg":"banned"}', Outcome.RATE),
        ("binance", 'binance {"code":-2015,"msg":"Invalid API-key"}', Outcome.AUTH),
        ("binance", 'binance {"code":-9999,"msg":"new words"}', Outcome.UNKNOWN),
        ("binance", "binance POST https://api.binance.com 502 Bad Gateway <html>", Outcome.UNKNOWN),
        ("bybit", 'bybit {"retCode":170131,"retMsg":"Insufficient balance."}', Outcome.REJECTED),
        ("bybit", 'bybit {"retCode":10000,"retMsg":"Server Timeout"}', Outcome.UNKNOWN),
        ("bybit", 'bybit {"retCode":110072,"retMsg":"OrderLinkedID is duplicate"}', Outcome.UNKNOWN),
        ("bitget", 'bitget {"code":"43012","msg":"Insufficient balance"}', Outcome.REJECTED),
        ("bitget", 'bitget {"code":"40010","msg":"Request timed out"}', Outcome.UNKNOWN),
        ("bitget", 'bitget {"code":"43001","msg":"The order does not exist"}', Outcome.NOT_FOUND),
    ],
)
def test_the_code_decides(exchange: str, text: str, outcome: Outcome) -> None:
    assert judge(exchange, ClientError(text)).outcome is outcome


def test_reasons_hold_the_venues_words_and_no_address() -> None:
    text = 'binance POST https://api.binance.com/api/v3/order?signature=abc 400 {"code":-1013,"msg":"Filter"}'
    verdict = judge("binance", ClientError(text))
    assert verdict.reason == "-1013: Filter"
    assert verdict.never_traded
    bare = judge("binance", ClientError("POST https://api.binance.com/api/v3/order?signature=abc 502 <html>"))
    assert "signature" not in bare.reason
    assert not bare.never_traded


def test_every_venue_knows_an_unknown_order_and_a_missing_one() -> None:
    for table in TABLES.values():
        assert {Outcome.UNKNOWN, Outcome.NOT_FOUND, Outcome.RATE, Outcome.AUTH} <= set(table.values())
