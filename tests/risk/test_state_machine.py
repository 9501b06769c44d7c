"""Random traffic against the state: targets and books are right after every step."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot.model.facts import Fill, LimitsChanged, VenueDown, VenueUp
from bot.risk.hedge import next_order
from risk_desk import limits, ready
from risk_world import INSTRUMENTS, PERPS, SPOTS, T0, S, fill, sample, top


class Desk(RuleBasedStateMachine):
    """Random traffic; after each step the targets must be right and the books must add up."""

    @initialize()
    def begin(self) -> None:
        self.state = ready()
        self.at, self.mid, self.trades = 1.0, 1.0, 0
        self.seen: list[Fill] = []

    def trade(self, key: str, lots: int) -> None:
        self.trades += 1
        fact = fill(key, self.trades, lots, Decimal(round(self.mid * 1e4)) / 10_000, at_s=self.at)
        self.seen.append(fact)
        self.state.apply(fact)

    @rule(key=st.sampled_from(SPOTS), lots=st.integers(-8_000, 8_000).filter(bool))
    def quote_fills(self, key: str, lots: int) -> None:
        self.trade(key, lots)

    @rule(data=st.data())
    def a_fill_comes_again(self, data: st.DataObject) -> None:
        if self.seen:
            before = self.state.view().exposure
            self.state.apply(data.draw(st.sampled_from(self.seen)))
            assert self.state.view().exposure.source == before.source

    @rule(share=st.floats(0.2, 1))
    def hedges_fill(self, share: float) -> None:
        for key in PERPS:
            order = next_order(self.state.view(), INSTRUMENTS[key], top(key, self.mid, self.at))
            if order is not None:
                self.trade(key, order.side * max(1, int(order.quantity_lots * share)))

    @rule(move=st.floats(-0.004, 0.004), elapsed=st.floats(0.1, 3))
    def the_price_moves(self, move: float, elapsed: float) -> None:
        self.at += elapsed
        self.mid *= 1 + move
        self.state.apply(sample(self.mid, self.at))

    @rule(key=st.sampled_from(PERPS), up=st.booleans())
    def a_perp_goes_or_comes(self, key: str, up: bool) -> None:
        at = T0 + round(self.at * S)
        self.state.apply(VenueUp(at, key) if up else VenueDown(at, key, "x"))

    @rule(band=st.sampled_from([None, 200.0, 3_000.0, 20_000.0]))
    def the_band_changes(self, band: float | None) -> None:
        chosen = limits(hedge={"band_tokens_fixed": band})
        self.state.apply(LimitsChanged(T0 + round(self.at * S), 1, chosen, (), "a", "d"))

    @invariant()
    def hedged_net_is_inside_unless_there_is_no_room(self) -> None:
        view = self.state.view()
        side = 0 if view.exposure.hedged_net > 0 else 1
        room = sum((p.room_sell, p.room_buy)[side] for p in view.perps.values())
        assert abs(view.exposure.hedged_net) <= view.exposure.band + 1e-6 or room <= 20

    @invariant()
    def the_books_add_up(self) -> None:
        state = self.state
        assert abs(state.parts.pnl.residual()) <= 1e-9 * state.parts.pnl.gross()
        held = sum(f.side * f.quantity for f in self.seen if f.instrument in SPOTS)
        assert state.parts.books.ledger.spot_tokens() == held + 198_000


TestDesk = Desk.TestCase
TestDesk.settings = settings(max_examples=20, stateful_step_count=25)
