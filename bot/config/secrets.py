"""API keys: from the environment, or from files in a secrets directory. Never from a configuration file.

Rule 1: `BOT_BINANCE_API_KEY`, `BOT_BINANCE_SECRET`, `BOT_BINANCE_PASSWORD` (the last only where the exchange
has one); a variable wins over a file.
Rule 2: with `BOT_SECRETS_DIR=<directory>` the files are named as the variables, in lower case.
Rule 3: a file of secrets that other users may read is refused (reading by the group is allowed).
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from bot.config.problems import Problem

DIRECTORY = "BOT_SECRETS_DIR"


class ExchangeKeys(BaseSettings):
    """The keys of one exchange; None = not given."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    api_key: SecretStr | None = None
    secret: SecretStr | None = None
    password: SecretStr | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        *sources: PydanticBaseSettingsSource,
        **named: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `read_keys` hands over: the process environment is never read behind its back."""
        return (init_settings,)

    def clear_values(self) -> tuple[str, ...]:
        """The secrets in clear (for redaction)."""
        return tuple(
            v.get_secret_value() for v in (self.api_key, self.secret, self.password) if v is not None
        )


def read_keys(
    exchanges: Iterable[str], env: Mapping[str, str]
) -> tuple[dict[str, ExchangeKeys], list[Problem]]:
    """Keys of every exchange that has any, and what is wrong with the secrets directory."""
    folder = Path(env[DIRECTORY]) if env.get(DIRECTORY) else None
    problems = _unsafe(folder) if folder else []
    if problems:
        return {}, problems
    found: dict[str, ExchangeKeys] = {}
    for name in exchanges:
        prefix = f"bot_{name}_"
        values: dict[str, object] = {}
        if folder is not None:
            values.update(SecretsSettingsSource(ExchangeKeys, secrets_dir=folder, env_prefix=prefix)())
        variables = EnvSettingsSource(ExchangeKeys, env_prefix=prefix)
        variables.env_vars = {key.lower(): value for key, value in env.items() if value}
        values.update(variables())
        if values:
            found[name] = ExchangeKeys.model_validate(values)
    return found, []


def _unsafe(folder: Path) -> list[Problem]:
    if not folder.is_dir():
        return [Problem("environment", DIRECTORY, str(folder), "is no directory", "create it, mode 0700")]
    return [
        Problem(str(path), "", None, "other users may read this secret", f"run: chmod 600 {path}")
        for path in sorted(folder.iterdir())
        if path.is_file()
        and path.name.startswith("bot_")
        and path.stat().st_mode & (stat.S_IWGRP | stat.S_IRWXO)
    ]
