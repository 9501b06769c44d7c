"""Bitget account, position, fee and funding queries and settings.

Rule 1: what is asked is what the desks hold at that moment; nothing is kept here.
"""

from __future__ import annotations

from bot.localnet.bitget_text import FUTURES, Row
from bot.localnet.bitget_trade import Params
from bot.localnet.engine import Engine, perp_state, spot_balances, text
from bot.localnet.web import Refused


def spot_assets(engine: Engine, params: Params) -> list[Row]:
    """GET spot/account/assets."""
    now = str(engine.spot.now_ms)
    return [
        {
            "coin": one.asset,
            "available": text(one.free, 8),
            "limitAvailable": "0",
            "frozen": text(one.locked, 8),
            "locked": "0",
            "uTime": now,
        }
        for one in spot_balances(engine)
        if params.get("coin", one.asset) == one.asset
    ]


def key_information(_engine: Engine, _params: Params) -> Row:
    """GET spot/account/info: a trading key that cannot withdraw or transfer."""
    return {
        "userId": "1",
        "inviterId": "",
        "ips": "127.0.0.1",
        "authorities": ["stor", "stow", "coor", "coow"],
        "parentId": 1,
        "traderType": "not_trader",
        "channelCode": "",
        "channel": "",
        "regisTime": "1600000000000",
    }


def account(engine: Engine, params: Params) -> Row:
    """GET mix/account/account."""
    if str(params.get("productType", "")).upper() != FUTURES:
        raise Refused("40017", "Parameter verification failed productType")
    state = perp_state(engine)
    free = text(state.available, 8)
    return {
        "marginCoin": engine.quote,
        "locked": text(state.order_margin, 8),
        "available": text(state.wallet, 8),
        "crossedMaxAvailable": free,
        "isolatedMaxAvailable": free,
        "maxTransferOut": free,
        "accountEquity": text(state.equity, 8),
        "usdtEquity": text(state.equity, 8),
        "btcEquity": "0",
        "crossedRiskRate": text(state.maintenance / state.equity, 8) if state.equity > 0 else "1",
        "crossedMarginLeverage": engine.leverage,
        "isolatedLongLever": engine.leverage,
        "isolatedShortLever": engine.leverage,
        "marginMode": "crossed",
        "posMode": "one_way_mode",
        "unrealizedPL": text(state.unrealised, 8),
        "coupon": "0",
        "crossedUnrealizedPL": text(state.unrealised, 8),
        "isolatedUnrealizedPL": "",
        "assetMode": "single",
    }


def accounts(engine: Engine, params: Params) -> list[Row]:
    """GET mix/account/accounts."""
    return [account(engine, params)]


def position_row(engine: Engine) -> Row | None:
    """The position, None when flat. Queries name it `symbol`, the stream `instId`: both are here."""
    state, now = perp_state(engine), str(engine.perp.now_ms)
    if not state.position:
        return None
    size = text(abs(state.position))
    equity = state.equity
    return {
        "posId": "1",
        "marginCoin": engine.quote,
        "symbol": engine.symbol,
        "instId": engine.symbol,
        "holdSide": "long" if state.position > 0 else "short",
        "openDelegateSize": "0",
        "marginSize": text(state.initial_margin, 8),
        "available": size,
        "frozen": "0",
        "locked": "0",
        "total": size,
        "leverage": str(engine.leverage),
        "achievedProfits": text(engine.perp.perp_account.realised_usdt, 8),
        "openPriceAvg": text(state.entry, 8),
        "marginMode": "crossed",
        "posMode": "one_way_mode",
        "unrealizedPL": text(state.unrealised, 8),
        "unrealizedPLR": text(state.unrealised / state.initial_margin, 8),
        "liquidationPrice": text(state.liquidation, 8) if state.liquidation is not None else "",
        "keepMarginRate": f"{engine.perp.perp_account.margin.maintenance:f}",
        "markPrice": text(state.mark),
        "marginRatio": text(state.maintenance / equity, 8) if equity > 0 else "1",
        "marginRate": text(state.maintenance / equity, 8) if equity > 0 else "1",
        "breakEvenPrice": text(state.entry, 8),
        "totalFee": "",
        "deductedFee": text(engine.perp.perp_account.fees_usdt, 8),
        "grant": "",
        "assetMode": "single",
        "autoMargin": "off",
        "takeProfit": "",
        "stopLoss": "",
        "takeProfitId": "",
        "stopLossId": "",
        "cTime": now,
        "uTime": now,
    }


def positions(engine: Engine, _params: Params) -> list[Row]:
    """GET mix/position/all-position, single-position."""
    row = position_row(engine)
    return [] if row is None else [row]


def set_leverage(engine: Engine, params: Params) -> Row:
    """POST mix/account/set-leverage."""
    wanted = str(params.get("leverage", ""))
    if not wanted.isdigit() or not 1 <= int(wanted) <= 20:
        raise Refused("40020", "Parameter leverage error")
    engine.leverage = int(wanted)
    return {
        "symbol": engine.symbol,
        "marginCoin": engine.quote,
        "longLeverage": wanted,
        "shortLeverage": wanted,
        "crossMarginLeverage": wanted,
        "marginMode": "crossed",
    }


def set_margin_mode(engine: Engine, params: Params) -> Row:
    """POST mix/account/set-margin-mode: only cross margin is simulated."""
    if params.get("marginMode") != "crossed":
        raise Refused("40020", "Parameter marginMode error")
    lever = str(engine.leverage)
    return {
        "symbol": engine.symbol,
        "marginCoin": engine.quote,
        "longLeverage": lever,
        "shortLeverage": lever,
        "marginMode": "crossed",
    }


def set_position_mode(_engine: Engine, params: Params) -> Row:
    """POST mix/account/set-position-mode: only one-way mode is simulated."""
    if params.get("posMode") != "one_way_mode":
        raise Refused("40020", "Parameter posMode error")
    return {"posMode": "one_way_mode"}


def trade_rate(engine: Engine, params: Params) -> Row:
    """GET common/trade-rate."""
    desk = engine.spot if params.get("businessType") == "spot" else engine.perp
    return {
        "makerFeeRate": f"{desk.instrument.maker_fee:f}",
        "takerFeeRate": f"{desk.instrument.taker_fee:f}",
    }


def bills(engine: Engine, params: Params) -> Row:
    """GET mix/account/bill: funding payments, negative = paid, newest first."""
    wanted = params.get("businessType", "contract_settle_fee")
    start, end = int(params.get("startTime") or 0), int(params.get("endTime") or 2**62)
    rows = [
        {
            "billId": str(row.id),
            "symbol": engine.symbol,
            "amount": text(row.usdt),
            "fee": "0",
            "feeByCoupon": "",
            "businessType": "contract_settle_fee",
            "coin": engine.quote,
            "balance": text(engine.perp.exchange.usdt, 8),
            "cTime": str(row.ms),
        }
        for row in reversed(engine.perp.funding)
        if wanted == "contract_settle_fee" and start <= row.ms <= end
    ][: int(params.get("limit") or 100)]
    return {"bills": rows, "endId": rows[-1]["billId"] if rows else ""}


def levers(engine: Engine, _params: Params) -> list[Row]:
    """GET mix/market/query-position-lever: one tier, as the simulated account has it."""
    row = {
        "symbol": engine.symbol,
        "level": "1",
        "startUnit": "0",
        "endUnit": "1000000000",
        "leverage": "20",
        "keepMarginRate": f"{engine.perp.perp_account.margin.maintenance:f}",
    }
    return [row]
