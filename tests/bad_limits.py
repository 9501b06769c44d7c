"""Limits files that must be refused, and changes that need a second word."""

from __future__ import annotations

from collections.abc import Callable

from limits_text import with_value, without

Edit = Callable[[str], bytes]


def setting(key: str, value: str) -> Edit:
    """One key with another value."""
    return lambda text: with_value(text, key, value).encode()


def raw(data: bytes) -> Edit:
    """Other bytes altogether."""
    return lambda text: data


def settings(*edits: tuple[str, str]) -> Edit:
    """Several keys with other values."""

    def edit(text: str) -> bytes:
        for key, value in edits:
            text = with_value(text, key, value)
        return text.encode()

    return edit


DEPTHS, WEIGHTS = "quote.level_depths_bps", "quote.level_weights"

# name: (edit, what the message must name: key and fault)
BAD: dict[str, tuple[Edit, str]] = {
    # no TOML
    "empty": (raw(b""), "the file is empty; restore it"),
    "only spaces": (raw(b" \n\t\n"), "the file is empty"),
    "binary": (raw(b"\x89PNG\r\n\x1a\n\x00\x00\n"), r"line 1 is not text (byte 0x89)"),
    "utf-16": (lambda text: text.encode("utf-16"), "line 1 is not text"),
    "latin-1": (
        lambda text: text.encode("utf-8") + "# gr\xfc\xdfe\n".encode("latin-1"),
        "is not text (byte 0xfc)",
    ),
    "zero bytes": (lambda text: text.encode() + b"\x00" * 64 + b"\n", "line 9"),
    "no closing bracket": (lambda text: text.replace("[hedge]", "[hedge").encode(), "line 25"),
    "no closing quote": (lambda text: (text + 'x = "abc\n').encode(), "correct that line"),
    "no value": (setting("hedge.collar_bps", ""), "column 14: invalid value"),
    "a comma for the point": (setting("hedge.collar_bps", "4,5"), "expected newline"),
    "a thousands comma": (setting("hedge.order_usdt_max", "50,000"), "expected newline"),
    "a unit behind the number": (setting("hedge.collar_bps", "50 bps"), "expected newline"),
    "yaml": (raw(b"hedge:\n  collar_bps: 50\n"), "line 1, column 6"),
    "json": (raw(b'{"hedge": {"collar_bps": 50}}\n'), "line 1, column 1"),
    "a merge conflict": (lambda text: ("<<<<<<< mine\n" + text).encode(), "line 1, column 1"),
    "a key twice": (
        lambda text: text.replace("[sell]", "collar_bps = 900\n[sell]").encode(),
        "write each key once",
    ),
    "a section twice": (lambda text: (text + "[hedge]\ncollar_bps = 900\n").encode(), "write each key once"),
    "too large": (lambda text: (text + "#" * 1_000_000 + "\n").encode(), "the file has 1,"),
    "nested without end": (raw(b"x = " + b"[" * 5_000 + b"]" * 5_000 + b"\n"), "nested too deeply"),
    # half a file
    "cut inside a number": (lambda text: text[: text.index("25000.0") + 2].encode(), "half-written"),
    "cut inside a key": (lambda text: text[: text.index("band_usdt_max") + 4].encode(), "half-written"),
    "cut after a section's head": (lambda text: text[: text.index("[risk]") + 7].encode(), "risk.net_delta"),
    "half of the lines": (
        lambda text: "\n".join([*text.split("\n")[:40], ""]).encode(),
        "is missing, but was there before",
    ),
    "one line lost": (
        lambda text: without(text, "risk.net_delta_usdt_max").encode(),
        "risk.net_delta_usdt_max: is missing, but was there before; write it: net_delta_usdt_max = 150000",
    ),
    # unknown keys
    "a misspelt key": (
        lambda text: text.replace("collar_bps", "colar_bps").encode(),
        "hedge.colar_bps = 50: unknown key; did you mean `collar_bps`?",
    ),
    "a misspelt section": (lambda text: text.replace("[hedge]", "[hegde]").encode(), "hegde = "),
    "a key of another section": (
        lambda text: (text + "phi = 1.0\n").encode(),
        "obligations.bitget.phi = 1: unknown key",
    ),
    "a key without a section": (
        lambda text: ("collar_bps = 50\n" + text).encode(),
        "collar_bps = 50: unknown key",
    ),
    "a new idea": (
        lambda text: text.replace("[sell]", "[sell]\nleverage = 3").encode(),
        "sell.leverage = 3: unknown key",
    ),
    "a secret": (
        lambda text: ('api_key = "hunter2-hunter2"\n' + text).encode(),
        "api_key = ***: unknown key; secrets",
    ),
    # types
    "a number in quotes": (
        setting("hedge.collar_bps", '"50"'),
        'hedge.collar_bps = "50": must be a number without quotes',
    ),
    "words for a number": (
        setting("hedge.collar_bps", '"fifty"'),
        "must be a number without quotes; set e.g. 50",
    ),
    "true for a number": (setting("hedge.collar_bps", "true"), "hedge.collar_bps = true: must be a number"),
    "a list for a number": (setting("hedge.collar_bps", "[50]"), "hedge.collar_bps = [50]: must be a number"),
    "a number for a list": (setting(WEIGHTS, "1.0"), f"{WEIGHTS} = 1: must be a list"),
    "a table for a number": (setting("hedge.collar_bps", "{ bps = 50 }"), "hedge.collar_bps"),
    "a number for a table": (
        lambda text: ("sell = 1\n" + text.split("[sell]")[0]).encode(),
        "sell = 1: must be a table",
    ),
    "text for true": (
        setting("hedge.enabled", '"yes"'),
        'hedge.enabled = "yes": must be true or false; set e.g. true',
    ),
    "1 for true": (setting("quote.enabled", "1"), "quote.enabled = 1: must be true or false"),
    "half an order": (
        setting("risk.unknown_orders_max", "2.5"),
        "risk.unknown_orders_max = 2.5: must be a whole number",
    ),
    "a date for a number": (setting("risk.book_age_s_max", "2026-01-01"), "risk.book_age_s_max"),
    # numbers that are none, and out of bounds
    "not a number": (setting("risk.net_delta_usdt_max", "nan"), "risk.net_delta_usdt_max = nan: must be"),
    "infinity": (
        setting("risk.gross_perp_usdt_max", "inf"),
        "risk.gross_perp_usdt_max = inf: must be a finite number",
    ),
    "minus infinity": (setting("hedge.collar_bps", "-inf"), "hedge.collar_bps = -inf: must be"),
    "infinity in a list": (setting(DEPTHS, "[4.5, inf]"), f"{DEPTHS}.1 = inf: must be a finite number"),
    "overflow": (
        setting("hedge.order_usdt_max", "1e999"),
        "hedge.order_usdt_max = inf: must be a finite number",
    ),
    "negative": (setting("hedge.collar_bps", "-1"), "hedge.collar_bps = -1: must be > 0; set e.g. 50"),
    "zero": (setting("hedge.order_usdt_max", "0"), "hedge.order_usdt_max = 0: must be > 0; set e.g. 50000"),
    "a share above one": (setting("risk.phi", "1.5"), "risk.phi = 1.5: must be ≤ 1"),
    "per cent for a share": (
        setting("hedge.exchange_share_max", "60"),
        "hedge.exchange_share_max = 60: must be ≤ 1",
    ),
    "a negative count": (
        setting("risk.unknown_orders_max", "-1"),
        "risk.unknown_orders_max = -1: must be ≥ 0",
    ),
    "no fair input": (setting("risk.fair_inputs_min", "0"), "risk.fair_inputs_min = 0: must be ≥ 1"),
    "a huge count": (setting("risk.unknown_orders_max", "9" * 30), "risk.unknown_orders_max"),
    "a narrowing factor": (
        setting("quote.cautious_widen_factor", "0.5"),
        "quote.cautious_widen_factor = 0.5: must be ≥ 1",
    ),
    "a negative depth": (setting(DEPTHS, "[-4.5, 8.0]"), f"{DEPTHS}.0 = -4.5: must be > 0"),
    "volatility in per cent": (setting("options.sigma", "100"), "options.sigma = 100: must be ≤ 5"),
    # contradictions
    "too few weights": (setting(WEIGHTS, "[0.5, 0.5]"), f"{WEIGHTS} = [0.5, 0.5]: has 2 values"),
    "weights short of one": (
        settings((DEPTHS, "[4.5, 50]"), (WEIGHTS, "[0.4, 0.4]")),
        f"{WEIGHTS} = [0.4, 0.4]: must sum to 1, sums to 0.8",
    ),
    "depths out of order": (settings((DEPTHS, "[50, 4.5]"), (WEIGHTS, "[0.4, 0.6]")), "must ascend strictly"),
    "equal depths": (settings((DEPTHS, "[4.5, 4.5]"), (WEIGHTS, "[0.4, 0.6]")), "must ascend strictly"),
    "no level": (settings((DEPTHS, "[]"), (WEIGHTS, "[]")), "holds no level"),
    "a spread too wide": (
        settings((DEPTHS, "[6, 50]"), (WEIGHTS, "[0.4, 0.6]")),
        "a spread of 12 bps breaks",
    ),
    "a level too deep": (settings((DEPTHS, "[4.5, 199]"), (WEIGHTS, "[0.4, 0.6]")), "may drift to 209.9 bps"),
    "a level too small": (
        settings((DEPTHS, "[4.5, 50]"), (WEIGHTS, "[0.00001, 0.99999]")),
        "the exchange takes 5 or more",
    ),
    "band floor above its cap": (
        setting("hedge.band_tokens_min", "30000"),
        "hedge.band_tokens_min = 30000: must be below",
    ),
    "fixed band above the cap": (
        setting("hedge.band_tokens_fixed", "30000"),
        "hedge.band_tokens_fixed = 30000: is above",
    ),
    "band above the delta cap": (
        settings(("risk.net_delta_usdt_max", "20000"), ("hedge.order_usdt_max", "20000")),
        "hedge.band_usdt_max = 25000: is above risk.net_delta_usdt_max = 20000",
    ),
    "one order above the delta cap": (
        setting("risk.net_delta_usdt_max", "40000"),
        "one order in doubt could breach it",
    ),
    "hedges below the minimum": (
        setting("hedge.order_usdt_max", "4"),
        "binance.perp takes no order below 5 USDT",
    ),
    "sales below the minimum": (
        setting("sell.slice_usdt_max", "1"),
        "sell.slice_usdt_max = 1: an exchange takes no",
    ),
    "shares that do not reach one": (
        setting("hedge.exchange_share_max", "0.3"),
        "hold only 90% of the hedge; set at least",
    ),
    "a collar inside the spread": (setting("hedge.collar_bps", "1"), "hedge.collar_bps = 1: is"),
    "more inputs than books": (setting("risk.fair_inputs_min", "7"), "only 6 books are configured"),
    "room for less than the hedge": (
        setting("risk.gross_perp_usdt_max", "1000000"),
        "needs 2,563,601 USDT of perps",
    ),
    "margin for less than the hedge": (setting("hedge.liquidation_distance_min", "0.6"), "of margin for"),
    "no obligation": (
        lambda text: (text.split("[obligations")[0] + "[obligations]\n").encode(),
        "obligations",
    ),
    "an unknown exchange": (
        lambda text: text.replace("gations.bybit", "gations.okx").encode(),
        "obligations.okx",
    ),
    # slips of a digit
    "a cap times a thousand": (
        setting("risk.net_delta_usdt_max", "150000000"),
        "above the program's own cap",
    ),
    "an order times a thousand": (
        setting("hedge.order_usdt_max", "50000000"),
        "above the program's own cap of 1,000,000",
    ),
    "a rate times a thousand": (
        setting("quote.message_rate_per_s_max", "20000"),
        "above the program's own cap of 500",
    ),
    "a collar times a thousand": (setting("hedge.collar_bps", "50000"), "above the program's own cap of 500"),
    "a stale book for an hour": (setting("risk.book_age_s_max", "3600"), "above the program's own cap of 10"),
}

# loosenings and contract changes: valid, but only with a second word
DANGEROUS: dict[str, tuple[str, str]] = {
    "delta cap × 3": ("risk.net_delta_usdt_max", "450000.0"),
    "gross cap × 4": ("risk.gross_perp_usdt_max", "24000000.0"),
    "loss cap × 10": ("risk.loss_from_peak_usdt_max", "1000000.0"),
    "band × 4": ("hedge.band_usdt_max", "100000.0"),
    "risk aversion / 10": ("hedge.risk_aversion_per_usdt", "1e-6"),
    "order × 3": ("hedge.order_usdt_max", "150000.0"),
    "liquidation distance / 5": ("hedge.liquidation_distance_min", "0.05"),
    "book age × 4": ("risk.book_age_s_max", "8.0"),
    "collar × 5": ("hedge.collar_bps", "250.0"),
    "hedging off": ("hedge.enabled", "false"),
    "phi a little": ("risk.phi", "0.01"),
    "band fixed": ("hedge.band_tokens_fixed", "9000.0"),
    "carry fixed": ("options.carry", "-0.3"),
    "volatility × 2.5": ("options.sigma", "2.5"),
    "less owed": ("obligations.binance.bid_usdt", "99000.0"),
    "wider spread owed": ("obligations.bybit.spread_bps_max", "11.0"),
    "less uptime owed": ("obligations.bybit.uptime_target", "0.94"),
    "sale share × 5": ("sell.participation_max", "0.5"),
    "sale interval / 5": ("sell.slice_interval_s", "1.0"),
    "one fair input": ("quote.skew_bps_max", "5.0"),
}
