"""The house rules, as tests: each breach is told with its file, its line and its remedy."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import bot
import tidy_imports
import tidy_rules
from tidy_tree import Breach

ROOT = Path(__file__).resolve().parent.parent

Rule = Callable[[Path], Iterator[Breach]]
RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        tidy_imports.import_order,
        tidy_imports.purity,
        tidy_imports.clock,
        tidy_imports.cycles,
        tidy_rules.sizes,
        tidy_rules.broad_excepts,
        tidy_rules.calls,
        tidy_rules.mocks,
        tidy_rules.words,
        tidy_rules.docstrings,
        tidy_rules.untested,
    )
}


@pytest.mark.parametrize("name", RULES)
def test_the_project_keeps_the_rule(name: str) -> None:
    found = [str(breach) for breach in RULES[name](ROOT)]
    if found:
        pytest.fail("\n".join([f"{RULES[name].__doc__}", *found]), pytrace=False)


def _tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


LONG_FUNCTION = "def f():\n" + "    pass\n" * 50
LONG_CLASS = "class C:\n" + "    x = 1\n" * 200
LEFTOVER = "# TO" + "DO later\n"
MACHINE = 'PATH = "/wo' + 'rk/x"\n'
HOST = "# see pyp" + "i.org\n"
OUTSIDE = '"""See DESI' + 'GN §4."""\n'

# rule, file, text that breaks it, line that must be named
BREAKS = [
    ("import_order", "bot/pricing/a.py", "from bot.risk import state\n", 1),
    ("import_order", "bot/ops/a.py", "import math\n\nfrom bot.tasks.hedger import Hedger\n", 3),
    ("import_order", "bot/newroom/a.py", "", 1),
    ("import_order", "bot/app.py", "def f():\n    import bot.localnet.node\n", 2),
    ("import_order", "bot/localnet/a.py", "from bot import app\n", 1),
    ("purity", "bot/risk/a.py", "import asyncio\n", 1),
    ("purity", "bot/model/a.py", "def f():\n    import logging\n", 2),
    ("clock", "bot/tasks/a.py", "from time import monotonic\n", 1),
    ("sizes", "bot/a.py", "x = 1\n" * 301, 300),
    ("sizes", "tests/a.py", LONG_FUNCTION, 1),
    ("sizes", "bot/a.py", LONG_CLASS, 1),
    ("sizes", "bot/a.py", "def f(a, b, c, d, e, f, g): ...\n", 1),
    ("sizes", "bot/a.py", "x = 1\ny = '" + "y" * 110 + "'\n", 2),
    ("broad_excepts", "bot/a.py", "try:\n    pass\nexcept Exception:\n    pass\n", 3),
    ("broad_excepts", "bot/a.py", "try:\n    pass\nexcept (OSError, BaseException):\n    pass\n", 3),
    ("broad_excepts", "tests/a.py", "try:\n    pass\nexcept:\n    pass\n", 3),
    ("calls", "bot/a.py", "import time\nx = time.time()\n", 2),
    ("calls", "bot/a.py", "x = datetime.now(UTC)\n", 1),
    ("calls", "tests/a.py", "import random\nx = random.random()\n", 2),
    ("calls", "bot/sim/a.py", "import random\nx = random.Random()\n", 2),
    ("calls", "bot/sim/a.py", "x = np.random.default_rng()\n", 1),
    ("calls", "bot/a.py", "x = uuid.uuid4()\n", 1),
    ("calls", "bot/risk/a.py", "print(1)\n", 1),
    ("calls", "tests/a.py", "time.sleep(1)\n", 1),
    ("mocks", "tests/a.py", "from unittest import mock\n", 1),
    ("mocks", "tests/a.py", "from unittest.mock import MagicMock\n", 1),
    ("words", "bot/a.py", "\n" + LEFTOVER, 2),
    ("words", "config/a.toml", MACHINE, 1),
    ("words", "notes.md", HOST, 1),
    ("words", "bot/a.py", OUTSIDE, 1),
    ("docstrings", "bot/a.py", "x = 1\n", 1),
    ("docstrings", "bot/a.py", '"""M."""\n\ndef f(): ...\n', 3),
    ("docstrings", "bot/a.py", '"""M."""\nclass C:\n    """C."""\n    def f(self): ...\n', 4),
    ("untested", "bot/risk/a.py", "def f():\n    return 1\n", 1),
]


@pytest.mark.parametrize(("rule", "file", "text", "line"), BREAKS)
def test_a_breach_is_found_and_its_line_named(
    tmp_path: Path, rule: str, file: str, text: str, line: int
) -> None:
    found = list(RULES[rule](_tree(tmp_path, {file: text})))
    assert [(b.file, b.line) for b in found] == [(file, line)]
    assert found[0].remedy
    assert str(found[0]).startswith(f"{file}:{line}: ")


# rule, file, text that looks alike and keeps it
KEEPS = [
    ("import_order", "bot/risk/a.py", "from bot.model import view\nfrom bot.pricing import options\n"),
    ("import_order", "bot/commands/a.py", "from bot.localnet import node\nfrom bot import __version__\n"),
    ("purity", "bot/risk/a.py", "import math\nimport numpy as np\nfrom bot.model import view\n"),
    ("purity", "bot/ops/a.py", "import asyncio\n"),
    ("clock", "bot/clock.py", "import time\n"),
    ("sizes", "bot/commands/a.py", "@app.command()\ndef f(a, b, c, d, e, f, g): ...\n"),
    ("sizes", "bot/a.py", "class C:\n    def f(self, a, b, c, d, e, f): ...\n"),
    ("sizes", "bot/a.py", "x = '" + "y" * 104 + "'\n"),
    ("broad_excepts", "bot/tasks/supervise.py", "try:\n    pass\nexcept Exception:\n    pass\n"),
    ("broad_excepts", "bot/a.py", "try:\n    pass\nexcept OSError:\n    pass\n"),
    ("calls", "bot/clock.py", "import time\nx = time.time_ns()\n"),
    ("calls", "bot/sim/a.py", "x = random.Random(7)\ny = np.random.default_rng(seed)\n"),
    ("calls", "bot/commands/a.py", "print(1)\n"),
    ("calls", "bot/a.py", "x = self.random.random()\n"),
    ("calls", "tests/a.py", "def test_f(random):\n    random.shuffle([1])\n"),
    ("words", "deploy/a.md", "see deploy/runbook.md and https://example.org/work/x\n"),
    ("docstrings", "bot/a.py", '"""M."""\ndef _f(): ...\nclass C:\n    """C."""\n    def __init__(s): ...\n'),
    ("untested", "bot/venues/base.py", 'class V:\n    def f(self):\n        """Doc."""\n        ...\n'),
    ("untested", "bot/model/a.py", "X = 1\n"),
]


@pytest.mark.parametrize(("rule", "file", "text"), KEEPS)
def test_what_keeps_the_rule_is_left_alone(tmp_path: Path, rule: str, file: str, text: str) -> None:
    assert list(RULES[rule](_tree(tmp_path, {file: text}))) == []


def test_a_test_file_must_hold_a_test(tmp_path: Path) -> None:
    module = {"bot/risk/a.py": "def f():\n    return 1\n"}
    assert list(RULES["untested"](_tree(tmp_path, module | {"tests/risk/test_a.py": "x = 1\n"})))
    good = "async def test_f():\n    pass\n"
    assert not list(RULES["untested"](_tree(tmp_path, module | {"tests/risk/test_a.py": good})))


def test_a_cycle_is_found_once_with_its_path(tmp_path: Path) -> None:
    files = {"bot/risk/a.py": "from bot.risk import b\n", "bot/risk/b.py": "from bot.risk.a import f\n"}
    found = [str(b) for b in RULES["cycles"](_tree(tmp_path, files))]
    assert len(found) == 1
    assert "bot.risk.a → bot.risk.b → bot.risk.a" in found[0]


def test_configuration_files_are_toml() -> None:
    paths = sorted((ROOT / "config").glob("*.toml"))
    assert paths, "config/ holds no *.toml"
    assert all(tomllib.loads(path.read_text(encoding="utf-8")) for path in paths)


def test_lock_files_hold_hashes_and_no_addresses() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text(encoding="utf-8")
        pins = re.findall(r"^\S+==\S+", text, re.MULTILINE)
        assert len(pins) > 30
        assert text.count("--hash=sha256:") >= len(pins)
        assert "://" not in text


def test_the_changelog_has_an_entry_for_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[(.+?)\]", text, re.MULTILINE)
    assert headings[0] == "Unreleased" or headings[0] == bot.__version__
    sections = set(re.findall(r"^### (.+)$", text, re.MULTILINE))
    assert sections <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
