"""What must hold between settings: no mode in another mode's world, balances that are the deal's."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.config import context_of, instruments
from bot.config.check_settings import check_settings
from bot.config.read import read_toml
from bot.model.instrument import Kind
from config_edits import KEYS, Config

ADDRESS = "0x" + "b" * 40
CHAIN = f"""
[chain]
rpc_urls = ["https://node.example/KEY"]
token = "{ADDRESS}"
quote = "{ADDRESS}"
v2_pair = "{ADDRESS}"
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """The shipped configuration, to be edited."""
    return Config(tmp_path)


def _live(config: Config, mode: str = "live", chain: str = CHAIN) -> dict[str, str]:
    config.main.write_text(config.main.read_text() + chain)
    return {"BOT_MODE": mode, "BOT_FEED__KIND": "live", **KEYS}


def test_the_shipped_configuration_is_sound(config: Config) -> None:
    settings = config.load()
    assert check_settings(settings, read_toml(config.limits)) == []


def test_instruments_are_made_of_the_exchanges(config: Config) -> None:
    found = instruments(config.load())
    assert list(found) == [
        f"{name}.{kind}" for kind in ("spot", "perp") for name in ("binance", "bybit", "bitget")
    ]
    perp = found["bybit.perp"]
    assert (perp.kind, perp.symbol, str(perp.taker_fee)) == (Kind.PERP, "TKN/USDT:USDT", "0.00045")


def test_the_context_sums_the_opening(config: Config) -> None:
    context = context_of(config.load())
    assert (context.wallet_usdt, context.held_tokens) == (1_500_000, 3_000_000)
    assert (context.price_usdt, context.loan_tokens, context.loan_acknowledged) == (1.0, 3_000_000, True)
    assert context.file == str(config.limits)


EDITS = {
    "another token": (
        "main",
        'symbol = "TKN/USDT"',
        'symbol = "TNK/USDT"',
        "is not the spot symbol of the deal",
    ),
    "a perp for a spot": ("main", '"TKN/USDT:USDT"', '"TKN/USDT"', 'set "TKN/USDT:USDT"'),
    "an unknown account": ("main", '"bybit.perp"', '"bybit.margin"', "opening.accounts.bybit.margin"),
    "tokens in a perp wallet": (
        "main",
        '"bybit.perp"]',
        '"bybit.perp"]\ntokens = "5"',
        "a perp wallet holds USDT only",
    ),
    "a negative balance": (
        "main",
        '[opening.accounts.treasury]\nusdt = "0"',
        '[opening.accounts.treasury]\nusdt = "-1"',
        "opening.accounts.treasury.usdt = -1: must be ≥ 0",
    ),
    "a loan that does not add up": (
        "main",
        'tokens = "1250000"',
        'tokens = "1250001"',
        "sum to 3,000,001, the loan is",
    ),
    "a pool that is not the deal's": (
        "main",
        'tokens = "500000"',
        'tokens = "400000"',
        "differs from the deal's pool",
    ),
    "another kind of pool": ("deal", 'kind = "v2"', 'kind = "v3"', "paper.world.pool"),
    "two opening prices": ("main", "price_usdt = 1.0", "price_usdt = 1.1", "write the same price in both"),
    "terms written twice": (
        "main",
        "[paper.world.pool]",
        '[paper.world.instruments]\ntick_usdt = "0.01"\n[paper.world.pool]',
        "instrument terms stand in [exchanges]",
    ),
    "a replay without recordings": ("main", 'kind = "sim"', 'kind = "replay"', "feed.replay: is missing"),
    "an exchange the market lacks": ("main", "exchanges.bitget.spot", "exchanges.okx.spot", "exchanges"),
    "the loan not accepted": (
        "main",
        "unhedged_loan = true",
        "unhedged_loan = false",
        "leaves the loan unhedged",
    ),
    "too little margin": (
        "main",
        'usdt = "500000"\n\n[opening.accounts."bybit',
        'usdt = "5"\n\n[opening.accounts."bybit',
        "of margin",
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_contradiction_is_refused(config: Config, name: str) -> None:
    file, old, new, message = EDITS[name]
    config.edit(getattr(config, file), old, new)
    problems = config.problems()
    assert any(message in line for line in problems), problems


def test_a_v2_pool_opens_balanced(config: Config) -> None:
    for path in (config.main, config.deal):
        config.edit(
            path,
            "tokens = 500000.0" if path == config.deal else 'tokens = "500000"',
            "tokens = 400000.0" if path == config.deal else 'tokens = "400000"',
        )
    config.edit(config.main, 'tokens = "1250000"', 'tokens = "1350000"')
    (line,) = config.problems()
    assert "a v2 pool holds equal values: 500,000 tokens here" in line


def test_live_is_taken_with_keys_chain_and_a_live_feed(config: Config) -> None:
    env = _live(config)
    settings = config.load(env)
    assert (settings.mode, settings.feed.kind, len(settings.secrets)) == ("live", "live", 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"BOT_FEED__KIND": "sim"}, 'feed.kind = "sim": mode live trades on the venues\' own data'),
        (
            {"BOT_BITGET_PASSWORD": ""},
            "BOT_BITGET_PASSWORD: is not set; set it, or write the file bot_bitget_password",
        ),
        ({"BOT_BYBIT_SECRET": ""}, "BOT_BYBIT_SECRET: is not set"),
        ({"BOT_CONNECT__RESOLVE_TO": "127.0.0.1:9443"}, "diverts a live run"),
        ({"BOT_CHAIN__RPC_URLS": '["http://127.0.0.1:8545"]'}, "a node on loopback in a live run"),
        ({"BOT_CHAIN__CHAIN_ID": "97"}, "chain.chain_id = 97: is no main chain; set 56"),
        (
            {"BOT_MODE": "localnet"},
            "connect.resolve_to: is missing: without it localnet orders would go to the real",
        ),
    ],
)
def test_modes_are_not_mixed(config: Config, change: dict[str, str], message: str) -> None:
    problems = config.problems(_live(config) | change)
    assert len(problems) == 1, problems
    assert message in problems[0]
    assert "/KEY" not in problems[0]


def test_live_needs_the_pools_chain(config: Config) -> None:
    (line,) = config.problems(_live(config, chain=""))
    assert "chain: is missing, but the deal has a pool: its delta would be unknown" in line
    (line,) = config.problems(_live(config, chain=CHAIN.replace("v2_pair", "owner")))
    assert "chain: names no pool; set chain.v2_pair or chain.v3_pool" in line


def test_live_leaves_no_limit_to_a_default(config: Config) -> None:
    config.edit(config.limits, "collar_bps = 50.0", "# collar_bps = 50.0")
    assert config.problems() == []
    (line,) = config.problems(_live(config))
    assert line == (
        "limits.toml: hedge.collar_bps: is missing: no limit is left to a default in this mode; "
        "add collar_bps = 50"
    )


def test_paper_needs_opening_balances(config: Config) -> None:
    text = config.main.read_text()
    start, end = text.index("[opening]"), text.index("[exchanges.binance.spot]")
    config.main.write_text(text[:start] + text[end:])
    (line,) = config.problems()
    assert "opening.accounts: is missing: paper accounts would be empty" in line
