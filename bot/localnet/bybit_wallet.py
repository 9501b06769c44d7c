"""Bybit's rows for the unified wallet, the position and the instruments.

Rule 1: USDT of both desks is one coin of one wallet.
"""

from __future__ import annotations

from bot.localnet.bybit_text import Row, side_word
from bot.localnet.engine import Engine, perp_state, spot_balances, text
from bot.localnet.reports import DeskReports
from bot.model.order import Side


def position_row(engine: Engine) -> Row:
    """The position; flat = side "" and size 0. Queries read `avgPrice`, the stream `entryPrice`."""
    state, now = perp_state(engine), str(engine.perp.now_ms)
    side = side_word(Side.BUY if state.position > 0 else Side.SELL) if state.position else ""
    entry = text(state.entry, 8)
    liquidation = text(state.liquidation, 8) if state.liquidation is not None else ""
    return {
        "positionIdx": 0,
        "riskId": 1,
        "riskLimitValue": "1000000000",
        "symbol": engine.symbol,
        "side": side,
        "size": text(abs(state.position)),
        "avgPrice": entry,
        "entryPrice": entry,
        "positionValue": text(abs(state.position) * state.entry, 8),
        "tradeMode": 0,
        "positionStatus": "Normal",
        "autoAddMargin": 0,
        "adlRankIndicator": 1,
        "leverage": str(engine.leverage),
        "positionBalance": text(state.initial_margin, 8),
        "markPrice": text(state.mark),
        "liqPrice": liquidation,
        "bustPrice": liquidation,
        "positionMM": text(state.maintenance, 8),
        "positionIM": text(state.initial_margin, 8),
        "tpslMode": "Full",
        "takeProfit": "",
        "stopLoss": "",
        "trailingStop": "0",
        "unrealisedPnl": text(state.unrealised, 8),
        "curRealisedPnl": "0",
        "cumRealisedPnl": text(engine.perp.perp_account.realised_usdt, 8),
        "seq": engine.perp.now_ms,
        "isReduceOnly": False,
        "createdTime": now,
        "updatedTime": now,
    }


def wallet_row(engine: Engine) -> Row:
    """The unified account: USDT of both desks is one coin."""
    token, usdt = spot_balances(engine)
    state, price = perp_state(engine), engine.mark(engine.spot)
    wallet = usdt.total + state.wallet
    equity = wallet + state.unrealised
    total = equity + token.total * price
    common = {
        "availableToBorrow": "", "bonus": "0", "accruedInterest": "0", "availableToWithdraw": "",
        "collateralSwitch": True, "spotHedgingQty": "0", "borrowAmount": "0", "marginCollateral": True,
    }  # fmt: skip
    coins = [
        {"coin": engine.quote, "equity": text(equity, 8), "usdValue": text(equity, 8),
         "walletBalance": text(wallet, 8), "locked": text(usdt.locked, 8),
         "totalOrderIM": text(state.order_margin, 8), "totalPositionIM": text(state.initial_margin, 8),
         "totalPositionMM": text(state.maintenance, 8), "unrealisedPnl": text(state.unrealised, 8),
         "cumRealisedPnl": text(engine.perp.perp_account.realised_usdt, 8), **common},
        {"coin": engine.base, "equity": text(token.total), "usdValue": text(token.total * price, 8),
         "walletBalance": text(token.total), "locked": text(token.locked), "totalOrderIM": "0",
         "totalPositionIM": "0", "totalPositionMM": "0", "unrealisedPnl": "0", "cumRealisedPnl": "0",
         **common},
    ]  # fmt: skip
    return {
        "accountType": "UNIFIED",
        "totalEquity": text(total, 8),
        "accountIMRate": "0",
        "accountMMRate": text(state.maintenance / equity, 8) if equity > 0 else "1",
        "totalMarginBalance": text(equity, 8),
        "totalInitialMargin": text(state.initial_margin + state.order_margin, 8),
        "totalAvailableBalance": text(state.available + usdt.free, 8),
        "totalPerpUPL": text(state.unrealised, 8),
        "totalWalletBalance": text(wallet + token.total * price, 8),
        "accountLTV": "0",
        "totalMaintenanceMargin": text(state.maintenance, 8),
        "coin": coins,
    }


def instrument_row(engine: Engine, desk: DeskReports) -> Row:
    """The instrument in its category's list."""
    tick, lot = f"{desk.instrument.tick:f}", f"{desk.instrument.lot:f}"
    minimum = f"{desk.rules.notional_min:f}"
    row: Row = {
        "symbol": engine.symbol,
        "baseCoin": engine.base,
        "quoteCoin": engine.quote,
        "status": "Trading",
    }
    if desk.spot:
        return row | {
            "innovation": "0",
            "marginTrading": "none",
            "stTag": "0",
            "lotSizeFilter": {"basePrecision": lot, "quotePrecision": "0.0000001", "minOrderQty": lot,
                              "maxOrderQty": "90000000", "minOrderAmt": minimum, "maxOrderAmt": "9000000"},
            "priceFilter": {"tickSize": tick},
            "riskParameters": {"priceLimitRatioX": "0.8", "priceLimitRatioY": "4"},
        }  # fmt: skip
    return row | {
        "contractType": "LinearPerpetual",
        "launchTime": "1600000000000",
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": str(-int(desk.instrument.tick.as_tuple().exponent)),
        "leverageFilter": {"minLeverage": "1", "maxLeverage": "20.00", "leverageStep": "0.01"},
        "priceFilter": {"minPrice": tick, "maxPrice": "1000000", "tickSize": tick},
        "lotSizeFilter": {"maxOrderQty": "90000000", "minOrderQty": lot, "qtyStep": lot,
                          "postOnlyMaxOrderQty": "90000000", "maxMktOrderQty": "90000000",
                          "minNotionalValue": minimum},
        "unifiedMarginTrade": True,
        "fundingInterval": engine.funding()[1] * 60,
        "settleCoin": engine.quote,
        "copyTrading": "none",
        "upperFundingRate": "0.02",
        "lowerFundingRate": "-0.02",
    }  # fmt: skip
