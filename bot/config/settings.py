"""The settings: what needs a restart to change (the main file and the deal), with every default.

Rule 1: frozen, strict, unknown keys refused: a number in quotes is no number, a typing slip is no default.
Rule 2: money, prices and fees are decimals in quotes ("0.0001"): a binary float is not what was written.
Rule 3: secrets are no keys of any file; they come from the environment or a secrets directory.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from bot.config.secrets import ExchangeKeys
from bot.deal.terms import DealTerms
from bot.model.limits import Limits
from bot.sim.params import WorldParams
from bot.sim.recording import ReplayParams

Mode = Literal["paper", "localnet", "testnet", "live"]


def _decimal(value: object) -> object:
    if isinstance(value, float):
        raise ValueError('must stand in quotes, e.g. "0.0001" (a binary float is not exact)')
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        raise ValueError('must be a decimal in quotes, e.g. "0.0001"')
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError('must be a decimal in quotes, e.g. "0.0001"') from None
    if not number.is_finite():
        raise ValueError("must be a finite number")
    return number


def _path(value: object) -> object:
    return Path(value) if isinstance(value, str) and value else value


def _loopback(value: str) -> str:
    host, _, port = value.rpartition(":")
    try:
        local = host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        local = False
    if not local or not port.isdigit() or not 0 < int(port) < 65_536:
        raise ValueError("must be a loopback address and a port")
    return value


Money = Annotated[Decimal, BeforeValidator(_decimal)]
Step = Annotated[Decimal, BeforeValidator(_decimal), Field(gt=0, le=1_000_000, examples=["0.0001"])]
Fee = Annotated[Decimal, BeforeValidator(_decimal), Field(ge=Decimal("-0.01"), le=Decimal("0.05"))]
File = Annotated[Path, BeforeValidator(_path)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Latency = Annotated[float, Field(ge=0, le=60)]
Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """Base of every section of the main file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class StateSettings(Section):
    """Where this deal's journal, lock and control socket live; one directory per deal."""

    dir: File = Path("state")


class Acknowledge(Section):
    """Exposures that must be accepted in writing."""

    unhedged_loan: bool = False


class FeedSettings(Section):
    """Where market data comes from: the embedded market, a recording (`replay`), or the venues.

    Relative names in `replay.directory` count from the main file.
    """

    kind: Literal["sim", "replay", "live"] = "sim"
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    replay: ReplayParams | None = None


class PaperSettings(Section):
    """The paper exchange: latencies (means, one way), misbehaviour, when and in what world it begins.

    `jitter` is the share of a latency that varies; the other shares are of requests.
    """

    order_latency_s: Latency = 0.020
    answer_latency_s: Latency = 0.020
    jitter: Share = 0.3
    reject_share: Share = 0.0
    lost_request_share: Share = 0.0
    lost_answer_share: Share = 0.0
    start: AwareDatetime = datetime(2026, 1, 1, tzinfo=UTC)
    world: WorldParams = WorldParams()


class OpeningBalance(Section):
    """What an account holds when the deal begins; `borrowed` = these tokens belong to the loan."""

    tokens: Money = Decimal(0)
    usdt: Money = Decimal(0)
    borrowed: bool = False


class OpeningSettings(Section):
    """Opening balances by account (`binance.spot`, `binance.perp`, `treasury`), and what is in the pool.

    `price_usdt` is the token's price that day: the limits are judged at it until the market gives one.
    """

    price_usdt: Annotated[float, Field(gt=0, le=1_000_000)] = 1.0
    accounts: dict[str, OpeningBalance] = {}
    lp: OpeningBalance = OpeningBalance()


class InstrumentSettings(Section):
    """Terms of one symbol; `lot` in tokens (contract size multiplied in), fees as fractions."""

    symbol: str = Field(min_length=1, max_length=40, examples=["TKN/USDT"])
    tick: Step
    lot: Step
    notional_usdt_min: Annotated[Decimal, BeforeValidator(_decimal), Field(ge=0, le=10_000, examples=["5"])]
    maker_fee: Fee = Field(examples=["0"])
    taker_fee: Fee = Field(examples=["0.001"])


class ExchangeSettings(Section):
    """One exchange: its spot symbol and its perpetual."""

    spot: InstrumentSettings
    perp: InstrumentSettings


class JournalSettings(Section):
    """`path` is relative to the state directory."""

    path: File = Path("journal.db")
    group_commit_ms: Annotated[float, Field(gt=0, le=1_000)] = 4.0


class ControlSettings(Section):
    """`socket` is relative to the state directory."""

    socket: File = Path("control.sock")


class LogSettings(Section):
    """`file` absent = standard error only; relative to the state directory."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    file: File | None = None


class MarkSettings(Section):
    """When the market is sampled: at least this often, and on a move of this many basis points."""

    sample_interval_s: Seconds = 1.0
    sample_move_bps: Annotated[float, Field(gt=0, le=1_000)] = 2.0


class ConnectSettings(Section):
    """Send every venue host to a local address over TLS (local network and tests); loopback only."""

    resolve_to: Annotated[str, AfterValidator(_loopback), Field(examples=["127.0.0.1:9443"])] | None = None
    ca_file: File | None = None


Address = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$", examples=["0x" + "0" * 39 + "1"])]
HttpUrl = Annotated[str, Field(pattern=r"^https?://[^\s]+$", examples=["http://127.0.0.1:8545"])]
WsUrl = Annotated[str, Field(pattern=r"^wss?://[^\s]+$", examples=["ws://127.0.0.1:8545"])]


class ChainSettings(Section):
    """The node, the pool and whose positions are watched. No private key: the chain is only read."""

    rpc_urls: tuple[HttpUrl, ...] = Field(min_length=1)
    ws_urls: tuple[WsUrl, ...] = ()
    chain_id: Literal[56, 97, 31337, 1337] = 56
    token: Address
    quote: Address
    owner: Address | None = None
    positions: tuple[int, ...] = ()
    v3_pool: Address | None = None
    v2_pair: Address | None = None
    contracts_file: File | None = None


class Files(Section):
    """The three files a configuration was read from."""

    main: Path
    deal: Path
    limits: Path


class Settings(Section):
    """The whole configuration, validated."""

    mode: Mode
    prefix: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{1,7}$", examples=["tkn"])]
    terms: DealTerms
    limits: Limits
    state: StateSettings = StateSettings()
    acknowledge: Acknowledge = Acknowledge()
    feed: FeedSettings = FeedSettings()
    paper: PaperSettings = PaperSettings()
    opening: OpeningSettings = OpeningSettings()
    exchanges: dict[str, ExchangeSettings] = Field(min_length=1)
    journal: JournalSettings = JournalSettings()
    control: ControlSettings = ControlSettings()
    logs: LogSettings = LogSettings()
    marks: MarkSettings = MarkSettings()
    connect: ConnectSettings = ConnectSettings()
    chain: ChainSettings | None = None

    files: Files
    secrets: dict[str, ExchangeKeys] = {}
    origins: dict[str, str] = Field(default={}, repr=False)
    limits_digest: str = ""
    limits_keys: frozenset[str] = Field(default=frozenset(), repr=False)

    def state_path(self, path: Path) -> Path:
        """`path` inside the state directory (absolute paths stay as they are)."""
        return self.state.dir / path

    def secret_values(self) -> tuple[str, ...]:
        """Every secret in clear, for the logs' redaction only."""
        return tuple(value for keys in self.secrets.values() for value in keys.clear_values())


PROVIDED: frozenset[str] = frozenset(
    {"terms", "limits", "files", "secrets", "origins", "limits_digest", "limits_keys"}
)
SECTIONS: frozenset[str] = frozenset(Settings.model_fields) - PROVIDED - {"mode", "prefix"}
