"""What follows from every fact: holdings → exposure → targets → level, once and in this order."""

from __future__ import annotations

from bot.risk.levels import Inputs
from bot.risk.parts import Parts
from bot.risk.steering import Situation


class Review:
    """Brings exposure, targets and level up to date with the parts."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._held = -1

    def run(self) -> None:
        """Review once."""
        p = self._parts
        books, steering, now, limits = p.books, p.steering, p.now_ns, p.limits
        if self._held != books.version:
            self._held = books.version
            steering.hold(books.ledger)
        if not p.ready:
            p.ready = not p.missing()
        expected = (p.setup.lp_expected, bool(p.setup.terms.tranches))
        lp, option = p.legs.parts(now, limits, expected)
        held = p.pnl.holdings
        steering.review(
            Situation(
                now,
                limits,
                p.levels.level,
                p.ready,
                p.pnl.spot,
                held.tokens,
                held.loan,
                lp,
                option,
                p.ready,
                p.unsold_tokens,
            ),
            p.books.fill_variance,
        )
        p.levels.judge(now, self._inputs(expected), limits)

    def _inputs(self, expected: tuple[bool, bool]) -> Inputs:
        p = self._parts
        now, marks, steering, legs = p.now_ns, p.marker.marks, p.steering, p.legs
        total = p.pnl.profit()
        # A price too few venues agree on neither sets a peak nor measures a loss against one.
        sound = marks.fair_inputs >= p.limits.risk.fair_inputs_min
        if sound and (p.peak is None or total > p.peak):
            p.peak = total
        since, stalled = steering.unhedged_since_ns, steering.stalled_since_ns
        return Inputs(
            p.ready,
            "" if p.ready else p.missing(),
            p.levels.paused,
            marks.fair_inputs,
            (now - marks.time_ns) / 1e9 if marks.time_ns else None,
            marks.dispersion_bps,
            p.marker.move_bps_per_s,
            steering.net_judged * (p.pnl.spot or 0.0),
            (now - since) / 1e9 if since else 0.0,
            (now - stalled) / 1e9 if stalled else 0.0,
            p.peak - total if p.peak is not None and sound else 0.0,
            p.doubts,
            sum(x.usable for x in steering.perps.values()),
            legs.lp_age_s(now) if expected[0] else 0.0,
            legs.option_book.age_s(now) if expected[1] else 0.0,
        )
