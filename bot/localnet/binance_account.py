"""Binance account, position, funding and settings queries, for spot and USDT futures.

Rule 1: what is asked is what the desks hold at that moment; nothing is kept here.
"""

from __future__ import annotations

from bot.localnet.binance_params import Params, need
from bot.localnet.binance_text import Row, trade_row
from bot.localnet.desk import Desk
from bot.localnet.engine import Engine, perp_state, spot_balances, text
from bot.localnet.web import Refused


def my_trades(engine: Engine, desk: Desk, params: Params) -> list[Row]:
    """GET myTrades, userTrades: by time, from an id, or of one order; newest `limit` without a start."""
    if need(params, "symbol") != engine.symbol:
        raise Refused(-1121, "Invalid symbol.")
    rows = list(desk.trades)
    if params.get("orderId"):
        rows = [t for t in rows if t.order.id == int(params["orderId"])]
    if params.get("startTime"):
        rows = [t for t in rows if t.ms >= int(params["startTime"])]
    if params.get("endTime"):
        rows = [t for t in rows if t.ms <= int(params["endTime"])]
    if params.get("fromId"):
        rows = [t for t in rows if t.id >= int(params["fromId"])]
    limit = min(1_000, int(params.get("limit", "500")))
    page = rows[:limit] if params.get("startTime") or params.get("fromId") else rows[-limit:]
    return [trade_row(desk, engine.symbol, t) for t in page]


def spot_account(engine: Engine, _params: Params) -> Row:
    """GET account (spot)."""
    maker, taker = (
        text(fee, 8) for fee in (engine.spot.instrument.maker_fee, engine.spot.instrument.taker_fee)
    )
    return {
        "makerCommission": 0,
        "takerCommission": 10,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {"maker": maker, "taker": taker, "buyer": "0", "seller": "0"},
        "canTrade": True,
        "canWithdraw": False,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": engine.spot.now_ms,
        "accountType": "SPOT",
        "balances": [
            {"asset": one.asset, "free": text(one.free, 8), "locked": text(one.locked, 8)}
            for one in spot_balances(engine)
        ],
        "permissions": ["SPOT"],
        "uid": 1,
    }


def trade_fee(engine: Engine, _params: Params) -> list[Row]:
    """GET sapi tradeFee."""
    instrument = engine.spot.instrument
    return [
        {
            "symbol": engine.symbol,
            "makerCommission": f"{instrument.maker_fee:f}",
            "takerCommission": f"{instrument.taker_fee:f}",
        }
    ]


def linear_account(engine: Engine, _params: Params) -> Row:
    """GET account (futures, v3)."""
    state = perp_state(engine)
    figures = {
        "InitialMargin": state.initial_margin + state.order_margin,
        "MaintMargin": state.maintenance,
        "WalletBalance": state.wallet,
        "UnrealizedProfit": state.unrealised,
        "MarginBalance": state.equity,
        "PositionInitialMargin": state.initial_margin,
        "OpenOrderInitialMargin": state.order_margin,
        "CrossWalletBalance": state.wallet,
        "CrossUnPnl": state.unrealised,
    }
    rest = {"availableBalance": text(state.available, 8), "maxWithdrawAmount": text(state.available, 8)}
    asset = {name[0].lower() + name[1:]: text(value, 8) for name, value in figures.items()}
    asset |= {"asset": engine.quote, "marginAvailable": "true", **rest}
    return {
        **{f"total{name}": text(value, 8) for name, value in figures.items()},
        **rest,
        "assets": [asset | {"updateTime": engine.perp.now_ms}],
        "positions": position_risk(engine, {}),
    }


def linear_balance(engine: Engine, _params: Params) -> list[Row]:
    """GET balance (futures)."""
    state = perp_state(engine)
    return [
        {
            "accountAlias": "local",
            "asset": engine.quote,
            "balance": text(state.wallet, 8),
            "crossWalletBalance": text(state.wallet, 8),
            "crossUnPnl": text(state.unrealised, 8),
            "availableBalance": text(state.available, 8),
            "maxWithdrawAmount": text(state.available, 8),
            "marginAvailable": True,
            "updateTime": engine.perp.now_ms,
        }
    ]


def position_risk(engine: Engine, params: Params) -> list[Row]:
    """GET positionRisk (v3): open positions only."""
    if params.get("symbol") and params["symbol"] != engine.symbol:
        raise Refused(-1121, "Invalid symbol.")
    state = perp_state(engine)
    if not state.position:
        return []
    return [
        {
            "symbol": engine.symbol,
            "positionSide": "BOTH",
            "positionAmt": f"{state.position:f}",
            "entryPrice": text(state.entry, 8),
            "breakEvenPrice": text(state.entry, 8),
            "markPrice": text(state.mark, 8),
            "unRealizedProfit": text(state.unrealised, 8),
            "liquidationPrice": text(state.liquidation, 8) if state.liquidation is not None else "0",
            "isolatedMargin": "0",
            "notional": text(state.notional, 8),
            "marginAsset": engine.quote,
            "isolatedWallet": "0",
            "initialMargin": text(state.initial_margin, 8),
            "maintMargin": text(state.maintenance, 8),
            "positionInitialMargin": text(state.initial_margin, 8),
            "openOrderInitialMargin": text(state.order_margin, 8),
            "adl": 1,
            "bidNotional": "0",
            "askNotional": "0",
            "updateTime": engine.perp.now_ms,
        }
    ]


def leverage_bracket(engine: Engine, _params: Params) -> list[Row]:
    """GET leverageBracket: one bracket, as the simulated account has it."""
    ratio = float(engine.perp.perp_account.margin.maintenance)
    bracket = {
        "bracket": 1,
        "initialLeverage": 20,
        "notionalCap": 1_000_000_000,
        "notionalFloor": 0,
        "maintMarginRatio": ratio,
        "cum": 0.0,
    }
    return [{"symbol": engine.symbol, "notionalCoef": 1.0, "brackets": [bracket]}]


def symbol_config(engine: Engine, _params: Params) -> list[Row]:
    """GET symbolConfig."""
    return [
        {
            "symbol": engine.symbol,
            "marginType": "CROSSED" if engine.crossed else "ISOLATED",
            "isAutoAddMargin": False,
            "leverage": engine.leverage,
            "maxNotionalValue": "1000000000",
        }
    ]


def account_config(engine: Engine, _params: Params) -> Row:
    """GET accountConfig."""
    return {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": False,
        "dualSidePosition": engine.hedge_mode,
        "updateTime": 0,
        "multiAssetsMargin": False,
        "tradeGroupId": -1,
    }


def commission_rate(engine: Engine, _params: Params) -> Row:
    """GET commissionRate."""
    instrument = engine.perp.instrument
    return {
        "symbol": engine.symbol,
        "makerCommissionRate": f"{instrument.maker_fee:f}",
        "takerCommissionRate": f"{instrument.taker_fee:f}",
    }


def income(engine: Engine, params: Params) -> list[Row]:
    """GET income: funding payments; negative = paid."""
    if params.get("incomeType", "FUNDING_FEE") != "FUNDING_FEE":
        return []
    start, end = int(params.get("startTime", "0")), int(params.get("endTime", str(2**62)))
    rows = [row for row in engine.perp.funding if start <= row.ms <= end]
    return [
        {
            "symbol": engine.symbol,
            "incomeType": "FUNDING_FEE",
            "income": text(row.usdt, 8),
            "asset": engine.quote,
            "info": "FUNDING_FEE",
            "time": row.ms,
            "tranId": row.id,
            "tradeId": "",
        }
        for row in rows[-int(params.get("limit", "100")) :]
    ]


def set_leverage(engine: Engine, params: Params) -> Row:
    """POST leverage."""
    wanted = int(need(params, "leverage"))
    if not 1 <= wanted <= 20:
        raise Refused(-4028, f"Leverage {wanted} is not valid.")
    engine.leverage = wanted
    return {"symbol": engine.symbol, "leverage": wanted, "maxNotionalValue": "1000000000"}


def set_margin_type(engine: Engine, params: Params) -> Row:
    """POST marginType: only cross margin is simulated."""
    if need(params, "marginType") == "CROSSED":
        raise Refused(-4046, "No need to change margin type.")
    raise Refused(-4047, "Margin type cannot be changed if there exists open orders.")


def position_mode(engine: Engine, _params: Params) -> Row:
    """GET positionSide/dual."""
    return {"dualSidePosition": engine.hedge_mode}


def set_position_mode(engine: Engine, params: Params) -> Row:
    """POST positionSide/dual: only one-way mode is simulated."""
    if need(params, "dualSidePosition").lower() == "false":
        raise Refused(-4059, "No need to change position side.")
    raise Refused(-4068, "Position side cannot be changed if there exists position.")
