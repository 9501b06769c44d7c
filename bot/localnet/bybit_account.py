"""Bybit account, position, fee and instrument queries and settings.

Rule 1: what is asked is what the desks hold at that moment; nothing is kept here.
"""

from __future__ import annotations

from bot.localnet.bybit_text import Row, category
from bot.localnet.bybit_trade import Params
from bot.localnet.bybit_wallet import instrument_row, position_row, wallet_row
from bot.localnet.desk import Desk
from bot.localnet.engine import Engine, text
from bot.localnet.web import Refused


def _listed(rows: list[Row], wanted: str = "") -> Row:
    return {"category": wanted, "list": rows, "nextPageCursor": ""}


def _desk(engine: Engine, params: Params) -> Desk | None:
    return next((desk for desk in engine.desks if category(desk) == params.get("category")), None)


def instruments(engine: Engine, params: Params) -> Row:
    """GET market/instruments-info: one instrument in `spot` and `linear`, none elsewhere."""
    desk, wanted = _desk(engine, params), str(params.get("category", ""))
    if desk is None or params.get("status", "Trading") != "Trading":
        return _listed([], wanted)
    return _listed([instrument_row(engine, desk)], wanted)


def risk_limits(engine: Engine, _params: Params) -> Row:
    """GET market/risk-limit: one tier, as the simulated account has it."""
    margin = engine.perp.perp_account.margin
    row = {
        "id": 1,
        "symbol": engine.symbol,
        "riskLimitValue": "1000000000",
        "maintenanceMargin": f"{margin.maintenance:f}",
        "initialMargin": f"{margin.initial:f}",
        "isLowestRisk": 1,
        "maxLeverage": "20.00",
        "mmDeduction": "",
    }
    return _listed([row], "linear")


def key_information(engine: Engine, _params: Params) -> Row:
    """GET user/query-api: a trading key of a unified account that cannot withdraw."""
    return {
        "id": "1",
        "note": "local",
        "apiKey": engine.keys.api_key,
        "readOnly": 0,
        "permissions": {"ContractTrade": ["Order", "Position"], "Spot": ["SpotTrade"], "Wallet": []},
        "ips": ["127.0.0.1"],
        "type": 1,
        "unified": 0,
        "uta": 1,
        "userID": 1,
        "vipLevel": "No VIP",
    }


def information(engine: Engine, _params: Params) -> Row:
    """GET account/info."""
    return {
        "unifiedMarginStatus": 6,
        "marginMode": "REGULAR_MARGIN" if engine.crossed else "ISOLATED_MARGIN",
        "isMasterTrader": False,
        "spotHedgingStatus": "OFF",
        "updatedTime": str(engine.spot.now_ms),
        "dcpStatus": "OFF",
        "timeWindow": 10,
        "smpGroup": 0,
    }


def wallet(engine: Engine, params: Params) -> Row:
    """GET account/wallet-balance."""
    if params.get("accountType") != "UNIFIED":
        raise Refused(10001, "accountType only support UNIFIED.")
    return {"list": [wallet_row(engine)]}


def fee_rate(engine: Engine, params: Params) -> Row:
    """GET account/fee-rate."""
    desk = _desk(engine, params) or engine.perp
    row = {
        "symbol": engine.symbol,
        "takerFeeRate": f"{desk.instrument.taker_fee:f}",
        "makerFeeRate": f"{desk.instrument.maker_fee:f}",
    }
    return {"category": "", "list": [row]}


def transactions(engine: Engine, _params: Params) -> Row:
    """GET account/transaction-log: funding only."""
    rows = [
        {
            "id": str(row.id),
            "symbol": engine.symbol,
            "category": "linear",
            "side": "None",
            "transactionTime": str(row.ms),
            "type": "SETTLEMENT",
            "qty": "0",
            "size": text(row.position),
            "currency": engine.quote,
            "tradePrice": "",
            "funding": text(row.usdt),
            "fee": "0",
            "cashFlow": "0",
            "change": text(row.usdt),
            "cashBalance": text(engine.perp.exchange.usdt),
            "feeRate": f"{row.rate:.8f}",
            "bonusChange": "0",
            "tradeId": str(row.id),
            "orderId": "",
            "orderLinkId": "",
        }
        for row in reversed(engine.perp.funding)
    ]
    return {"list": rows, "nextPageCursor": ""}


def positions(engine: Engine, params: Params) -> Row:
    """GET position/list: a flat position is a row too when its symbol is named."""
    if params.get("category") != "linear":
        return _listed([], str(params.get("category", "")))
    row = position_row(engine)
    return _listed([row] if row["side"] or params.get("symbol") else [], "linear")


def set_leverage(engine: Engine, params: Params) -> Row:
    """POST position/set-leverage."""
    buy, sell = (str(params.get(key, "")) for key in ("buyLeverage", "sellLeverage"))
    if buy != sell or not buy.isdigit() or not 1 <= int(buy) <= 20:
        raise Refused(110013, "cannot set leverage due to risk limit")
    if int(buy) == engine.leverage:
        raise Refused(110043, "Set leverage not modified")
    engine.leverage = int(buy)
    return {}


def switch_mode(_engine: Engine, params: Params) -> Row:
    """POST position/switch-mode: only one-way mode is simulated."""
    if str(params.get("mode")) == "0":
        raise Refused(110025, "Position mode is not modified")
    raise Refused(110024, "You have existing positions, so position mode cannot be switched")


def set_margin_mode(_engine: Engine, params: Params) -> Row:
    """POST account/set-margin-mode: only cross margin is simulated."""
    if params.get("setMarginMode") == "REGULAR_MARGIN":
        return {"reasons": []}
    raise Refused(3400045, "Set margin mode failed")
