"""Accounts of tokens and USDT, moved by facts and by nothing else.

Rule 1: money and quantities are Decimals, exact to the last unit; floats never enter.
Rule 2: a fill counts once per (instrument, trade id), a payment once per id, an opening and a transfer once
per fact.
Rule 3: the order of fills may move money between a perp's wallet and its entry cost, never their
difference.
Rule 4: a fee in a currency other than USDT and the token has no known value: it stands in its own line.
Rule 5: bad data is refused as a value (`Refusal`); the ledger then stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from bot.model.errors import Refusal
from bot.model.facts import AccountOpened, Fill, FundingPaid, Transferred
from bot.model.instrument import Instrument, InstrumentId, Kind
from bot.risk.once import Once, TradeIds

ZERO = Decimal(0)
TREASURY = "treasury"
_COST_STEP = Decimal("1e-12")  # entry cost is split at this step, so that no sum outgrows 28 digits


@dataclass(slots=True)
class Account:
    """One account. Spot: token and USDT balance. Perp: signed position, margin wallet, cost of the open
    position.

    `cost` = Σ signed quantity × entry price of what is open; `reordered` = a fill was applied later than a
    newer one, so the wallet may differ from the venue's by money that sits in `cost`.
    """

    tokens: Decimal = ZERO
    usdt: Decimal = ZERO
    cost: Decimal = ZERO
    realised: Decimal = ZERO
    opened: bool = False
    entry_known: bool = True
    reordered: bool = False
    last_fill_ns: int = 0

    @property
    def average_entry(self) -> Decimal | None:
        """Average entry price of a perp position in USDT, None when flat or not known."""
        return self.cost / self.tokens if self.tokens and self.entry_known else None


@dataclass(frozen=True, slots=True)
class Booked:
    """A fill as it entered the ledger: signed tokens, price, and its fee by where it was taken."""

    instrument: InstrumentId
    quantity: Decimal
    price: Decimal
    fee_usdt: Decimal
    fee_tokens: Decimal
    fee_other: str


@dataclass(frozen=True, slots=True)
class Moved:
    """What a transfer did beyond our own accounts: net tokens and USDT that left (< 0) or came in (> 0).

    `counterparty` is the outside account's name, empty for a move between two of ours.
    """

    counterparty: str
    tokens: Decimal
    usdt: Decimal


def base_currency(symbol: str) -> str:
    """The token's ticker in a symbol such as `TOK/USDT`, `TOK/USDT:USDT` or `TOKUSDT`."""
    return symbol.split("/")[0] if "/" in symbol else symbol.removesuffix("USDT")


class Ledger:
    """All accounts of one deal, by InstrumentId, plus the treasury."""

    def __init__(self, instruments: Mapping[InstrumentId, Instrument], token: str) -> None:
        self.accounts: dict[str, Account] = {key: Account() for key in instruments}
        self.accounts[TREASURY] = Account()
        self.perps = tuple(key for key, item in instruments.items() if item.kind is Kind.PERP)
        self.tokens_held = tuple(key for key in self.accounts if key not in self.perps)
        self.borrowed = self.repaid = ZERO
        self.fees_unvalued: dict[str, Decimal] = {}
        self._base = {key: {token, base_currency(item.symbol)} for key, item in instruments.items()}
        self._trades = {key: TradeIds() for key in instruments}
        self._payments = Once()
        self._transfers = Once()
        self._openings: set[tuple[str, bool, Decimal, Decimal]] = set()

    # --- facts ---

    def open(self, fact: AccountOpened) -> Refusal | None:
        """Book an opening balance. The same account, origin (own or borrowed) and amounts count once."""
        account = self.accounts.get(fact.account)
        if account is None:
            return Refusal("account", f"opening of an account that is not configured: {fact.account}")
        if not (fact.tokens.is_finite() and fact.usdt.is_finite()):
            return Refusal(
                "account", f"opening of {fact.account} is not a number: {fact.tokens}, {fact.usdt}"
            )
        if fact.account in self.perps and fact.tokens:
            return Refusal("account", f"{fact.account} is a perpetual: it is opened in USDT only")
        key = (fact.account, fact.borrowed, fact.tokens, fact.usdt)
        if key in self._openings:
            return Refusal("repeated", "")
        if account.opened and not any(name == fact.account for name, *_ in self._openings):
            return Refusal(
                "opening", f"{fact.account} already took its balance from the venue; opening ignored"
            )
        self._openings.add(key)
        account.opened = True
        account.tokens += fact.tokens
        account.usdt += fact.usdt
        if fact.borrowed:
            self.borrowed += fact.tokens
        return None

    def fill(self, fact: Fill) -> Booked | Refusal | None:
        """Book a fill. None when it was known already."""
        account = self.accounts.get(fact.instrument)
        if account is None or fact.instrument not in self._trades:
            return Refusal("instrument", f"fill on an instrument that is not configured: {fact.instrument}")
        numbers = (fact.price, fact.quantity, fact.fee)
        if not all(n.is_finite() for n in numbers) or fact.price <= 0 or fact.quantity <= 0:
            return Refusal("fill", f"{fact.instrument} trade {fact.trade_id}: {fact.quantity} @ {fact.price}")
        at_ns = _traded_ns(fact)
        verdict = self._trades[fact.instrument].admit(fact.trade_id, at_ns)
        if verdict is not None:
            return verdict if verdict.detail else None
        quantity = fact.quantity if fact.side > 0 else -fact.quantity
        booked = self._fee(fact, quantity)
        if fact.instrument in self.perps:
            _trade_perp(account, quantity, fact.price)
        else:
            account.tokens += quantity
            account.usdt -= quantity * fact.price
        account.usdt -= booked.fee_usdt
        account.tokens -= booked.fee_tokens
        account.reordered |= at_ns < account.last_fill_ns
        account.last_fill_ns = max(account.last_fill_ns, at_ns)
        return booked

    def know(self, fact: Fill) -> None:
        """Remember a trade without booking it (it is already in a balance taken from the venue)."""
        self._trades[fact.instrument].admit(fact.trade_id, _traded_ns(fact))

    def funding(self, fact: FundingPaid) -> bool | Refusal:
        """Book a funding payment; False when it was known already."""
        account = self.accounts.get(fact.instrument)
        if account is None:
            return Refusal(
                "instrument", f"funding on an instrument that is not configured: {fact.instrument}"
            )
        if not fact.usdt.is_finite():
            return Refusal("funding", f"{fact.instrument}: funding of {fact.usdt} USDT")
        if not self._payments.first((fact.instrument, fact.payment_id)):
            return False
        account.usdt += fact.usdt
        account.realised += fact.usdt
        return True

    def transfer(self, fact: Transferred) -> Moved | Refusal | None:
        """Book a transfer. None when it was known already (the same fact, word for word)."""
        source, target = self.accounts.get(fact.source), self.accounts.get(fact.target)
        if source is None and target is None:
            return Refusal(
                "account", f"transfer between accounts unknown to us: {fact.source} → {fact.target}"
            )
        if not (fact.tokens.is_finite() and fact.usdt.is_finite()):
            return Refusal("account", f"transfer is not a number: {fact.tokens} tokens, {fact.usdt} USDT")
        if fact.tokens and (fact.source in self.perps or fact.target in self.perps):
            return Refusal("account", "tokens cannot be transferred from or to a perpetual")
        if not self._transfers.first(fact):
            return None
        if source is not None:
            source.tokens -= fact.tokens
            source.usdt -= fact.usdt
        if target is not None:
            target.tokens += fact.tokens
            target.usdt += fact.usdt
        if source is not None and target is not None:
            return Moved("", ZERO, ZERO)
        sign = 1 if source is None else -1
        outside = fact.source if source is None else fact.target
        if outside == "loan":
            self.repaid -= sign * fact.tokens
        return Moved(outside, sign * fact.tokens, sign * fact.usdt)

    # --- reconcile ---

    def adopt(self, key: InstrumentId, tokens: Decimal, usdt: Decimal) -> None:
        """Take an account's first balance from its venue. A perp's entry is set by `set_entry`."""
        account = self.accounts[key]
        account.tokens, account.usdt, account.cost, account.opened = tokens, usdt, ZERO, True
        account.entry_known = key not in self.perps or not tokens

    def set_entry(self, key: InstrumentId, price: Decimal) -> None:
        """Give an adopted perp position an entry price (the mark at that time)."""
        account = self.accounts[key]
        account.cost, account.entry_known = account.tokens * price, True

    def adjust(self, key: InstrumentId, tokens: Decimal, usdt: Decimal, price: Decimal) -> None:
        """Book a difference that no trade explains; a perp position changes at `price`, in USDT."""
        account = self.accounts[key]
        if tokens and key in self.perps:
            _trade_perp(account, tokens, price)
        else:
            account.tokens += tokens
        account.usdt += usdt

    def shift_entry(self, key: InstrumentId, usdt: Decimal) -> None:
        """Move money between a perp's wallet and its entry cost: the venue closed in another order than we
        saw.
        """
        account = self.accounts[key]
        account.usdt += usdt
        account.cost += usdt
        account.reordered = False

    # --- totals ---

    def spot_tokens(self) -> Decimal:
        """Tokens in all spot accounts and the treasury."""
        return sum((self.accounts[key].tokens for key in self.tokens_held), ZERO)

    def cash(self) -> Decimal:
        """USDT paid and received in all: Σ (balance − cost of open perps). Equity = cash + Σ tokens ×
        marks.
        """
        return sum((a.usdt - a.cost for a in self.accounts.values()), ZERO)

    def _fee(self, fact: Fill, quantity: Decimal) -> Booked:
        usdt = tokens = ZERO
        other = ""
        if fact.fee_currency == "USDT" or not fact.fee:
            usdt = fact.fee
        elif fact.fee_currency in self._base[fact.instrument] and fact.instrument not in self.perps:
            tokens = fact.fee
        else:
            other = fact.fee_currency or "?"
            self.fees_unvalued[other] = self.fees_unvalued.get(other, ZERO) + fact.fee
        return Booked(fact.instrument, quantity, fact.price, usdt, tokens, other)


def _traded_ns(fact: Fill) -> int:
    # A venue time in the future (or none) must not move the window of remembered trades past now.
    return min(fact.venue_ns, fact.seen_ns) if fact.venue_ns > 0 else fact.seen_ns


def _trade_perp(account: Account, quantity: Decimal, price: Decimal) -> None:
    held = account.tokens
    closing = ZERO
    if held * quantity < 0:
        closing = quantity if abs(quantity) <= abs(held) else -held
        part = account.cost if closing == -held else (account.cost * -closing / held).quantize(_COST_STEP)
        gain = -closing * price - part
        account.cost -= part
        account.usdt += gain
        account.realised += gain
    account.cost += (quantity - closing) * price
    account.tokens = held + quantity
