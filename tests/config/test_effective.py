"""Every key with its value and where it came from; no secret among them."""

from __future__ import annotations

from pathlib import Path

from bot.config import effective
from bot.config.read import flat
from bot.model.limits import Limits
from config_edits import KEYS, Config


def test_origins_are_file_environment_and_default(tmp_path: Path) -> None:
    config = Config(tmp_path)
    env = {"BOT_FEED__SEED": "7", "BOT_STATE_DIR": "elsewhere", "BOT_LOGS__FILE": "bot.log"}
    rows = {row.key: row for row in effective(config.load(env))}
    main, limits, deal = str(config.main), str(config.limits), str(config.deal)
    expected = {
        "mode": ('"paper"', main),
        "feed.seed": ("7", "environment BOT_FEED__SEED"),
        "state.dir": ("elsewhere", "environment BOT_STATE_DIR"),
        "logs.file": ("bot.log", "environment BOT_LOGS__FILE"),
        "feed.replay": ("(none)", "default"),
        "paper.reject_share": ("0", "default"),
        "paper.world.price.start_usdt": ("1", main),
        "paper.world.price.sigma_annual": ("0.9", "default"),
        "opening.accounts.binance.spot.tokens": ("1250000", main),
        "exchanges.bybit.perp.taker_fee": ("0.00045", main),
        "deal.loan_tokens": ("3000000", deal),
        "limits.hedge.collar_bps": ("50", limits),
        "limits.hedge.band_tokens_fixed": ("(none)", "default"),
    }
    assert {key: (rows[key].value, rows[key].origin) for key in expected} == expected


def test_every_limit_is_listed_once(tmp_path: Path) -> None:
    rows = effective(Config(tmp_path).load())
    keys = [row.key for row in rows]
    assert len(set(keys)) == len(keys)
    assert {f"limits.{key}" for key in flat(Limits().model_dump())} <= set(keys)
    assert not {"terms", "files", "origins", "limits_digest"} & {key.split(".")[0] for key in keys}


def test_secrets_are_listed_masked_and_addresses_cut(tmp_path: Path) -> None:
    config = Config(tmp_path)
    address = "0x" + "c" * 40
    chain = f'[chain]\ntoken = "{address}"\nquote = "{address}"\nv2_pair = "{address}"\n'
    config.main.write_text(
        config.main.read_text() + chain + 'rpc_urls = ["https://node.example/v1/CANARY"]\n'
    )
    rows = effective(config.load(KEYS))
    masked = [row for row in rows if row.key.startswith("secrets.")]
    assert len(masked) == 9
    assert {row.value for row in masked} == {"***"}
    text = "\n".join(map(str, rows))
    assert "CANARY" not in text
    assert "x" * 16 not in text
    assert '["https://node.example/***"]' in text
