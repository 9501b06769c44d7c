"""What we hold on one simulated exchange account: spot balances with holds, or a perp wallet with a position.

Rule 1: money is Decimal and exact: nothing is rounded, so sums close to the last unit.
Rule 2: placing and moving orders touches integers only; USDT is counted there in quanta of tick times lot.
Rule 3: holds cover the worst case of every resting order, so a balance can never become negative by a fill.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from bot.model.errors import Refusal
from bot.model.instrument import Instrument, Kind
from bot.model.order import Side

_SCALE = 10**8  # fees and margin fractions as integers


def _scaled_up(fraction: Decimal) -> int:
    return int((fraction * _SCALE).to_integral_value(ROUND_CEILING))


@dataclass(frozen=True, slots=True)
class MarginTerms:
    """Margin of a perp account as fractions of notional: needed to open, and to keep open."""

    initial: Decimal = Decimal("0.1")
    maintenance: Decimal = Decimal("0.025")


class SpotAccount:
    """Tokens and USDT of a spot account. Resting asks hold tokens, resting bids hold USDT and their fee."""

    def __init__(self, instrument: Instrument, tokens: Decimal, usdt: Decimal) -> None:
        self.instrument = instrument
        self.tokens, self.usdt = tokens, usdt
        self.fees_usdt = Decimal(0)
        self.held_lots = 0
        self.held_quanta = 0
        self._quantum = instrument.tick * instrument.lot
        self._maker_fee = max(0, _scaled_up(instrument.maker_fee))
        self._taker_fee = max(0, _scaled_up(instrument.taker_fee))
        self._recount()

    def _recount(self) -> None:
        self._lots = int(self.tokens // self.instrument.lot)
        self._quanta = int(self.usdt // self._quantum)

    @property
    def position(self) -> Decimal:
        """Tokens held, resting asks included."""
        return self.tokens

    def _need(self, ticks: int, lots: int, fee: int) -> int:
        notional = ticks * lots
        return notional - (-notional * fee // _SCALE) if fee else notional

    def reserve(self, side: Side, old_ticks: int, old_lots: int, ticks: int, lots: int) -> str:
        """Move a hold from (old_ticks, old_lots) to (ticks, lots); 0 lots = none. "" or why it is refused."""
        if side > 0:
            fee = self._maker_fee
            change = self._need(ticks, lots, fee) - self._need(old_ticks, old_lots, fee)
            held = self.held_quanta + change
            if change > 0 and held > self._quanta:
                return "insufficient_balance"
            self.held_quanta = held
            return ""
        held = self.held_lots + lots - old_lots
        if lots > old_lots and held > self._lots:
            return "insufficient_balance"
        self.held_lots = held
        return ""

    def reserve_again(self, side: Side, ticks: int, lots: int) -> None:
        """Take up the hold of an order that was accepted before a restart, without asking again."""
        if side > 0:
            self.held_quanta += self._need(ticks, lots, self._maker_fee)
        else:
            self.held_lots += lots

    def refuse_taker(self, side: Side, ticks: int, lots: int) -> str:
        """Why an order that takes up to `ticks` cannot be paid for; "" when it can."""
        if side > 0:
            short = self.held_quanta + self._need(ticks, lots, self._taker_fee) > self._quanta
        else:
            short = self.held_lots + lots > self._lots
        return "insufficient_balance" if short else ""

    def fill(self, side: Side, ticks: int, lots: int, rate: Decimal) -> Decimal:
        """Book a trade; returns the fee in USDT (negative = rebate). The hold is released by the caller."""
        notional = self._quantum * (ticks * lots)
        fee = notional * rate
        self.tokens += self.instrument.lot * (side * lots)
        self.usdt -= notional * side + fee
        self.fees_usdt += fee
        self._recount()
        return fee

    def credit(self, tokens: Decimal, usdt: Decimal) -> Refusal | None:
        """Deposit (or, negative, withdraw). Refused when the free balance does not cover a withdrawal."""
        free_tokens = self.tokens - self.instrument.lot * self.held_lots
        free_usdt = self.usdt - self._quantum * self.held_quanta
        if free_tokens + tokens < 0 or free_usdt + usdt < 0:
            return Refusal("insufficient_balance", f"free: {free_tokens} tokens, {free_usdt} USDT")
        self.tokens += tokens
        self.usdt += usdt
        self._recount()
        return None

    def state(self) -> dict[str, str]:
        """What must outlive the process, as text; holds follow from the resting orders."""
        return {"tokens": str(self.tokens), "usdt": str(self.usdt), "fees_usdt": str(self.fees_usdt)}

    def restore(self, state: dict[str, str]) -> None:
        """Take over a stored `state`; holds start at zero and come back with the orders."""
        self.tokens, self.usdt = Decimal(state["tokens"]), Decimal(state["usdt"])
        self.fees_usdt = Decimal(state["fees_usdt"])
        self.held_lots = self.held_quanta = 0
        self._recount()


class PerpAccount:
    """Wallet and signed position of a USDT perp account in one-way, cross-margin mode.

    `cost_quanta` is what the open position was entered for, so average entry and realised profit stay
    exact; `mark_ticks` is the last price the exchange showed, for margin checks.
    """

    def __init__(self, instrument: Instrument, usdt: Decimal, margin: MarginTerms | None = None) -> None:
        self.instrument = instrument
        self.margin = margin or MarginTerms()
        self.usdt = usdt
        self.position_lots = 0
        self.cost_quanta = 0
        self.realised_usdt = Decimal(0)
        self.fees_usdt = Decimal(0)
        self.funding_usdt = Decimal(0)
        self.bid_lots = 0
        self.ask_lots = 0
        self.mark_ticks = 0
        self._quantum = instrument.tick * instrument.lot
        self._initial = _scaled_up(self.margin.initial)
        self._taker_fee = max(0, _scaled_up(instrument.taker_fee))
        self._quanta = int(usdt // self._quantum)

    @property
    def position(self) -> Decimal:
        """Signed position in tokens."""
        return self.instrument.lot * self.position_lots

    @property
    def average_entry(self) -> Decimal | None:
        """Average entry price in USDT per token; None when flat."""
        if self.position_lots == 0:
            return None
        return self.instrument.tick * self.cost_quanta / self.position_lots

    def equity(self, mark_usdt: Decimal) -> Decimal:
        """Wallet plus unrealised profit at a mark."""
        return self.usdt + self.position * mark_usdt - self._quantum * self.cost_quanta

    def margin_ratio(self, mark_usdt: Decimal) -> float | None:
        """Maintenance margin over equity: 1 and above is liquidation; None when flat, inf without equity."""
        if self.position_lots == 0:
            return None
        equity = self.equity(mark_usdt)
        need = abs(self.position) * mark_usdt * self.margin.maintenance
        return float(need / equity) if equity > 0 else math.inf

    def liquidation_price(self, mark_usdt: Decimal) -> Decimal | None:
        """Mark at which equity equals maintenance margin; `mark_usdt` itself when that is already past.

        With wallet W, N tokens entered at P and maintenance m: short (W + N·P)/(N(1+m)), long
        (N·P - W)/(N(1-m)). None when flat or when no positive price liquidates.
        """
        position = self.position
        if not position:
            return None
        side = 1 if position > 0 else -1
        entered = self._quantum * self.cost_quanta
        price = (entered - self.usdt) / (position * (1 - side * self.margin.maintenance))
        if price <= 0:
            return None
        return mark_usdt if (price - mark_usdt) * side > 0 else price

    def reserve(self, side: Side, old_ticks: int, old_lots: int, ticks: int, lots: int) -> str:
        """Move an order's claim on margin from (old_ticks, old_lots) to (ticks, lots). "" or why refused."""
        change = lots - old_lots
        if change > 0:
            refused = self._refuse(side, ticks, change, 0)
            if refused:
                return refused
        if side > 0:
            self.bid_lots += change
        else:
            self.ask_lots += change
        return ""

    def reserve_again(self, side: Side, ticks: int, lots: int) -> None:
        """Take up the claim of an order that was accepted before a restart, without asking again."""
        if side > 0:
            self.bid_lots += lots
        else:
            self.ask_lots += lots

    def refuse_taker(self, side: Side, ticks: int, lots: int) -> str:
        """Why an order that takes up to `ticks` lacks margin; "" when it has it."""
        return self._refuse(side, ticks, lots, self._taker_fee)

    def _refuse(self, side: Side, ticks: int, lots: int, fee: int) -> str:
        """Worst-case position times the initial margin, and the fee, must fit in the equity."""
        position, mark = self.position_lots, self.mark_ticks or ticks
        resting = self.bid_lots if side > 0 else self.ask_lots
        worst = side * position + resting + lots
        if worst <= abs(position):
            return ""
        equity = self._quanta + position * mark - self.cost_quanta
        need = worst * mark * self._initial + lots * ticks * fee
        return "insufficient_margin" if need > equity * _SCALE else ""

    def fill(self, side: Side, ticks: int, lots: int, rate: Decimal) -> Decimal:
        """Book a trade; returns the fee in USDT (negative = rebate). The hold is released by the caller."""
        position, signed, realised = self.position_lots, side * lots, 0
        if position * signed < 0:
            closed = min(abs(position), lots)
            released = self.cost_quanta * closed // abs(position)
            realised = -side * closed * ticks - released
            self.cost_quanta += side * (lots - closed) * ticks - released
        else:
            self.cost_quanta += signed * ticks
        self.position_lots = position + signed
        fee = self._quantum * (ticks * lots) * rate
        self.realised_usdt += self._quantum * realised
        self.fees_usdt += fee
        self._pay(self._quantum * realised - fee)
        return fee

    def _pay(self, usdt: Decimal) -> None:
        self.usdt += usdt
        self._quanta = int((self.usdt / self._quantum).to_integral_value(ROUND_FLOOR))

    def pay_funding(self, rate: Decimal, mark_usdt: Decimal) -> Decimal:
        """Settle -position · mark · rate into the wallet; returns it (positive = received)."""
        payment = -self.position * mark_usdt * rate
        self.funding_usdt += payment
        self._pay(payment)
        return payment

    def credit(self, tokens: Decimal, usdt: Decimal) -> Refusal | None:
        """Deposit (negative: withdraw) USDT margin; refused beyond what the initial margin leaves free."""
        if tokens != 0:
            return Refusal("no_tokens_here", f"{self.instrument.id} holds USDT margin only")
        mark = self.instrument.price(self.mark_ticks)
        free = min(self.usdt, self.equity(mark) - abs(self.position) * mark * self.margin.initial)
        if usdt < 0 and free + usdt < 0:
            return Refusal("insufficient_margin", f"free: {free} USDT")
        self._pay(usdt)
        return None

    def state(self) -> dict[str, str]:
        """What must outlive the process, as text; claims on margin follow from the resting orders."""
        names = (
            "usdt",
            "position_lots",
            "cost_quanta",
            "realised_usdt",
            "fees_usdt",
            "funding_usdt",
            "mark_ticks",
        )
        return {name: str(getattr(self, name)) for name in names}

    def restore(self, state: dict[str, str]) -> None:
        """Take over a stored `state`; claims on margin start at zero and come back with the orders."""
        self.position_lots, self.cost_quanta = int(state["position_lots"]), int(state["cost_quanta"])
        self.mark_ticks = int(state["mark_ticks"])
        self.realised_usdt, self.fees_usdt = Decimal(state["realised_usdt"]), Decimal(state["fees_usdt"])
        self.funding_usdt = Decimal(state["funding_usdt"])
        self.bid_lots = self.ask_lots = 0
        self.usdt = Decimal(0)
        self._pay(Decimal(state["usdt"]))


SimAccount = SpotAccount | PerpAccount


def open_account(
    instrument: Instrument, tokens: Decimal, usdt: Decimal, margin: MarginTerms | None = None
) -> SimAccount:
    """The account that fits the instrument's kind; a perp starts flat and takes no tokens (ValueError)."""
    if instrument.kind is Kind.SPOT:
        return SpotAccount(instrument, tokens, usdt)
    if tokens != 0:
        raise ValueError(f"{instrument.id} starts flat: deposit USDT, then trade")
    return PerpAccount(instrument, usdt, margin)
