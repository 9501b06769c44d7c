"""Chores: funding settlements are told once, terms are kept, the listen key is renewed."""

from __future__ import annotations

from decimal import Decimal

import ccxt
import pytest

from bot.model.instrument import Kind
from bot.model.order import Side
from bot.venues.outcomes import Outcome, Verdict
from venues.ccxt_rigs import DIALECTS, FAIR, local_rig
from venues.test_contract import order, rests, settled


@pytest.mark.parametrize("exchange", DIALECTS)
async def test_a_funding_payment_is_told_once_with_our_sign(exchange: str) -> None:
    async with local_rig(exchange, Kind.PERP) as rig:
        terms = rig.venue.funding()
        assert terms is not None
        assert terms[1] == 8.0
        assert terms[2] > rig.clock.now_ns()
        await rests(rig, order(rig, "a", Side.SELL, FAIR + 5, 1_000))
        await rig.takes(Side.BUY, FAIR + 5, 1_000)
        await settled(rig, "a")
        rig.desk.exchange.settle_funding(0.001, Decimal(1), "8h", rig.clock.now_ns())
        await rig.venue._chores.payments()
        await rig.venue._chores.payments()
        (paid,) = rig.heard.payments
        assert (paid.usdt, paid.position) == (Decimal("0.1"), -100)


async def test_a_refused_account_is_asked_again() -> None:
    async with local_rig("binance", Kind.SPOT) as rig:
        rig.venue.trouble(Verdict(Outcome.AUTH, "-2015", "Invalid API-key"))
        assert not rig.venue.ready_to_send
        await rig.venue._chores.account()
        assert rig.venue.ready_to_send


async def test_the_listen_key_is_renewed() -> None:
    async with local_rig("binance", Kind.PERP) as rig:
        rig.fault("500", "PUT /fapi/v1/listenKey", count=1)
        with pytest.raises(ccxt.BaseError, match="-1001"):
            await rig.venue._chores._renew()
        await rig.venue._chores._renew()
        assert rig.net.faults.rules[0].hits == 1


async def test_clocks_are_compared() -> None:
    async with local_rig("binance", Kind.SPOT) as rig:
        await rig.venue._chores.clocks()
        assert rig.venue._chores.offset.trouble() == ""
        assert abs(rig.venue._chores.offset.offset_ms or 0) < 250
