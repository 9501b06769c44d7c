"""What an exchange's error means for an order: one table per venue, by the venue's own code.

Rule 1: REJECTED, NOT_FOUND, RATE, AUTH and FATAL are an allow-list; whatever is not on it is UNKNOWN.
Rule 2: the code decides, not the client library's exception class: one class stands for opposite outcomes
(a timeout may be filed under authentication, a rate limit under network errors).
Rule 3: reasons carry the code and the venue's words only: never an address, a signature or a key.

Sources: Binance "Error codes" (spot and USD-M futures), Bybit v5 "Error codes", Bitget v2 "Error codes";
"observed" rows are what the client library's tables and loopback runs show for that situation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What became of a request. RATE and AUTH were refused before matching; FATAL asks for an operator."""

    REJECTED = "rejected"
    UNKNOWN = "unknown"
    NOT_FOUND = "not_found"
    RATE = "rate"
    AUTH = "auth"
    FATAL = "fatal"


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome with the venue's code ("" = none was given) and words."""

    outcome: Outcome
    code: str
    words: str

    @property
    def reason(self) -> str:
        """`code: words`, short enough for a log line."""
        return f"{self.code}: {self.words}"[:160] if self.code else self.words[:160]

    @property
    def never_traded(self) -> bool:
        """The order certainly did not reach the book."""
        return self.outcome in (Outcome.REJECTED, Outcome.RATE, Outcome.AUTH, Outcome.FATAL)


_R, _U, _N = Outcome.REJECTED, Outcome.UNKNOWN, Outcome.NOT_FOUND
_L, _A, _F = Outcome.RATE, Outcome.AUTH, Outcome.FATAL

BINANCE: Mapping[str, Outcome] = {
    "-1000": _U,  # "An unknown error occurred while processing the request" (Error codes)
    "-1001": _U,  # DISCONNECTED: internal error, not processed or not known (Error codes)
    "-1003": _L,  # TOO_MANY_REQUESTS, also with 418 (Error codes)
    "-1006": _U,  # UNEXPECTED_RESP: "Execution status unknown" (Error codes)
    "-1007": _U,  # TIMEOUT: "Send status unknown; execution status unknown" (Error codes)
    "-1008": _L,  # SERVER_BUSY: refused by overload protection (Error codes)
    "-1013": _R,  # filter failure (Filters)
    "-1015": _L,  # TOO_MANY_ORDERS (Error codes)
    "-1016": _F,  # SERVICE_SHUTTING_DOWN (Error codes)
    "-1021": _R,  # INVALID_TIMESTAMP, before matching (Error codes)
    "-1022": _A,  # INVALID_SIGNATURE (Error codes)
    "-1100": _R,  # ILLEGAL_CHARS (Error codes)
    "-1102": _R,  # MANDATORY_PARAM_EMPTY_OR_MALFORMED (Error codes)
    "-1111": _R,  # BAD_PRECISION (Error codes)
    "-1115": _R,  # INVALID_TIF (Error codes)
    "-1116": _R,  # INVALID_ORDER_TYPE (Error codes)
    "-1117": _R,  # INVALID_SIDE (Error codes)
    "-1121": _F,  # BAD_SYMBOL (Error codes)
    "-2010": _R,  # NEW_ORDER_REJECTED; a duplicate id is told apart below (Error codes)
    "-2011": _N,  # CANCEL_REJECTED: unknown order (Error codes)
    "-2013": _N,  # NO_SUCH_ORDER (Error codes)
    "-2014": _A,  # BAD_API_KEY_FMT (Error codes)
    "-2015": _A,  # REJECTED_MBX_KEY: key, address or permission (Error codes)
    "-2018": _R,  # BALANCE_NOT_SUFFICIENT (USD-M)
    "-2019": _R,  # MARGIN_NOT_SUFFICIEN (USD-M)
    "-2021": _U,  # cancel-replace half done (Error codes)
    "-2022": _R,  # REDUCE_ONLY_REJECT (USD-M)
    "-2025": _R,  # MAX_OPEN_ORDER_EXCEEDED (USD-M)
    "-4001": _R,  # PRICE_LESS_THAN_ZERO (USD-M)
    "-4003": _R,  # QTY_LESS_THAN_ZERO (USD-M)
    "-4014": _R,  # PRICE_NOT_INCREASED_BY_TICK_SIZE (USD-M)
    "-4015": _R,  # INVALID_CL_ORD_ID_LEN (USD-M)
    "-4016": _R,  # PRICE_HIGHTER_THAN_MULTIPLIER_UP (USD-M)
    "-4024": _R,  # price band, lower side (USD-M)
    "-4061": _F,  # INVALID_POSITION_SIDE: the account is in hedge mode (USD-M)
    "-4116": _U,  # CLIENT_ORDER_ID duplicated: one with this id is there (USD-M)
    "-4131": _R,  # MARKET_ORDER_REJECT: price band (USD-M)
    "-4142": _R,  # symbol not in trading status (observed)
    "-4164": _R,  # MIN_NOTIONAL (USD-M)
    "-5021": _R,  # FOK_ORDER_REJECT (USD-M)
    "-5022": _R,  # GTX_ORDER_REJECT: post-only would take (USD-M)
    "-5027": _R,  # NO_NEED_TO_MODIFY: the order stays as it is (USD-M)
}

BYBIT: Mapping[str, Outcome] = {
    "10000": _U,  # server timeout (v5)
    "10001": _R,  # request parameter error (v5)
    "10002": _R,  # request time exceeds the window, before matching (v5)
    "10003": _A,  # API key is invalid (v5)
    "10004": _A,  # error sign (v5)
    "10005": _A,  # permission denied (v5)
    "10006": _L,  # too many visits (v5)
    "10010": _A,  # unmatched IP (v5)
    "10016": _U,  # server error (v5)
    "10018": _L,  # IP rate limit (v5)
    "33004": _A,  # API key expired (v5)
    "110001": _N,  # order not exists or too late (v5)
    "110003": _R,  # price out of range (v5)
    "110004": _R,  # wallet balance insufficient (v5)
    "110007": _R,  # available balance insufficient (v5)
    "110008": _N,  # order has been finished or cancelled (v5)
    "110009": _R,  # stop orders exceed the limit (v5)
    "110010": _N,  # order has been cancelled (v5)
    "110012": _R,  # insufficient available balance (v5)
    "110017": _R,  # reduce-only rule not satisfied (v5)
    "110020": _R,  # too many active orders (v5)
    "110025": _F,  # position mode (v5)
    "110066": _R,  # trading currently not allowed (v5)
    "110072": _U,  # OrderLinkedID is duplicate: one with this id is there (v5)
    "110094": _R,  # notional below the lower limit (v5)
    "170007": _U,  # timeout waiting for response from backend (v5)
    "170121": _F,  # invalid symbol (v5)
    "170124": _R,  # order amount too large (v5)
    "170131": _R,  # balance insufficient (v5)
    "170132": _R,  # order price too high (v5)
    "170133": _R,  # order price below the lower limit (v5)
    "170134": _R,  # price decimals (v5)
    "170136": _R,  # quantity below the lower limit (v5)
    "170137": _R,  # quantity decimals (v5)
    "170140": _R,  # order value below the lower limit (v5)
    "170141": _U,  # duplicate clientOrderId: one with this id is there (v5)
    "170142": _N,  # order has been cancelled (v5)
    "170143": _N,  # not on the order book (v5)
    "170193": _R,  # price out of the allowed range (v5)
    "170213": _N,  # order does not exist (v5)
    "170218": _R,  # LIMIT-MAKER order would take (v5)
    "170333": _R,  # symbol not open for trading (observed)
    "170810": _R,  # too many active orders (v5)
}

BITGET: Mapping[str, Outcome] = {
    "22006": _R,  # limit price outside of the allowed range (v2)
    "40020": _R,  # parameter price error (v2)
    "40774": _F,  # order type of another position mode: the account is in hedge mode (v2)
    "43118": _U,  # clientOrderId duplicate: one with this id is there (v2)
    "45111": _R,  # too many open orders (observed)
    "22001": _N,  # no order to cancel (v2)
    "22002": _R,  # no position to close (v2)
    "30007": _L,  # request over limit (v2)
    "40005": _R,  # invalid timestamp, before matching (v2)
    "40006": _A,  # invalid ACCESS_KEY (v2)
    "40008": _R,  # request timestamp expired, before matching (v2)
    "40009": _A,  # sign signature error (v2)
    "40010": _U,  # request timed out (v2; filed under authentication by the client library)
    "40011": _A,  # ACCESS_PASSPHRASE empty (v2)
    "40012": _A,  # apikey/password incorrect (v2)
    "40014": _A,  # incorrect permissions (v2)
    "40015": _U,  # system is abnormal (v2)
    "40017": _R,  # parameter verification failed (v2)
    "40018": _A,  # invalid IP (v2)
    "40019": _R,  # parameter cannot be empty (v2)
    "40034": _F,  # parameter (symbol) does not exist (v2)
    "40037": _A,  # API key does not exist (v2)
    "40109": _N,  # the data of the order cannot be found (v2)
    "40200": _F,  # server upgrade (v2)
    "40725": _U,  # service return an error (v2)
    "40754": _R,  # balance not enough (v2)
    "40762": _R,  # order amount exceeds the balance (v2)
    "40768": _N,  # order does not exist (v2)
    "40786": _U,  # duplicate clientOid: one with this id is there (v2)
    "40808": _R,  # parameter verification exception: size and price steps (v2)
    "429": _L,  # too many requests (v2)
    "43001": _N,  # the order does not exist (v2)
    "43012": _R,  # insufficient balance (v2)
    "45001": _U,  # unknown error (v2)
    "45110": _R,  # less than the minimum amount (v2)
    "45117": _R,  # quantity step (observed)
}

TABLES: Mapping[str, Mapping[str, Outcome]] = {"binance": BINANCE, "bybit": BYBIT, "bitget": BITGET}
_DUPLICATE = re.compile(r"duplicate", re.IGNORECASE)
_CODE = re.compile(r'"(?:retCode|code)"\s*:\s*"?(-?\d+)"?')
_WORDS = re.compile(r'"(?:retMsg|msg)"\s*:\s*"([^"]*)"')
_STATUS = re.compile(r"\b([45]\d\d)\b")


def judge(exchange: str, error: BaseException) -> Verdict:
    """What an error of one exchange's client means; its `body`, where it has one, is the venue's answer.

    Every unfamiliar error is UNKNOWN.
    """
    text = str(getattr(error, "body", "") or error)
    found, words = _CODE.search(text), _WORDS.search(text)
    if found is None:
        status = _STATUS.search(text)
        return Verdict(Outcome.UNKNOWN, "", type(error).__name__ + (f" http {status[1]}" if status else ""))
    code, said = found[1], words[1] if words else ""
    outcome = TABLES[exchange].get(code, Outcome.UNKNOWN)
    if outcome is Outcome.REJECTED and _DUPLICATE.search(said):
        outcome = Outcome.UNKNOWN
    return Verdict(outcome, code, said)
