"""The made-up book: around the last price, wider when it runs, silent when nothing changes."""

from decimal import Decimal

import pytest

from bot.sim.params import InstrumentParams, sim_instruments
from bot.sim.recording import ThinBookParams
from bot.sim.thin_book import ThinBook

NS = 1_000_000_000
SPOT = sim_instruments(InstrumentParams(tick_usdt=Decimal("0.0001"), lot_tokens=Decimal("0.1")))[0]


def test_levels_around_the_price() -> None:
    book = ThinBook(ThinBookParams(sizes_usdt=(100.0, 200.0)), SPOT)
    levels = book.around(10_000, NS)
    assert levels == ([(9_997, 1_000), (9_994, 2_000)], [(10_003, 1_000), (10_006, 2_000)])


def test_nothing_changes_nothing_is_said() -> None:
    book = ThinBook(ThinBookParams(), SPOT)
    assert book.around(10_000, NS) is not None
    assert book.around(10_000, 2 * NS) is None
    assert book.around(10_001, 3 * NS) is not None


def test_it_widens_in_a_run_and_narrows_after() -> None:
    params = ThinBookParams(half_spread_bps_min=3, volatility_share=0.5, volatility_time_s=30)
    book = ThinBook(params, SPOT)
    book.around(10_000, NS)
    book.around(9_800, NS + 1)
    # One return of -2.02 %: half-spread 3 bp + 0.5 * 2.02 %.
    assert book.half_spread == pytest.approx(0.0003 + 0.5 * 0.0202, rel=1e-3)
    book.around(9_800, 400 * NS)
    assert book.half_spread == pytest.approx(0.0003, rel=0.1)


def test_at_the_bottom_there_is_still_a_book() -> None:
    levels = ThinBook(ThinBookParams(), SPOT).around(2, NS)
    assert levels is not None
    bids, asks = levels
    assert bids == [(1, bids[0][1])]
    assert [ticks for ticks, _ in asks] == [3, 4, 5, 6]
