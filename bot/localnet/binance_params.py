"""Reading Binance's request parameters.

Rule 1: what is missing is -1102 and what is no number -1100, whatever the request.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from bot.localnet.web import Refused

Params = dict[str, str]


def need(params: Params, name: str) -> str:
    """A mandatory parameter."""
    value = params.get(name, "")
    if not value:
        message = f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
        raise Refused(-1102, message)
    return value


def number(params: Params, name: str) -> Decimal:
    """A mandatory decimal."""
    value = need(params, name)
    try:
        found = Decimal(value)
    except InvalidOperation:
        raise Refused(-1100, f"Illegal characters found in parameter '{name}'.") from None
    if not found.is_finite():
        raise Refused(-1100, f"Illegal characters found in parameter '{name}'.")
    return found
