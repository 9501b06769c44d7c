"""Configuration: read, validate whole, explain. `load` gives the settings or every problem at once."""

from __future__ import annotations

from bot.config.check import check
from bot.config.check_settings import context_of, instruments
from bot.config.context import Context
from bot.config.effective import Row, effective
from bot.config.load import load
from bot.config.problems import Problem
from bot.config.settings import Settings

__all__ = [
    "Context",
    "Problem",
    "Row",
    "Settings",
    "check",
    "context_of",
    "effective",
    "instruments",
    "load",
]
