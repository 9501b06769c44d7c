"""Reading the source tree for the house rules: files, syntax trees, imports, and how a breach is told."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

_SKIPPED = {"build", "dist", "state", "node_modules", "__pycache__"}
_TEXT = {"", ".py", ".toml", ".md", ".yml", ".yaml", ".json", ".txt", ".in", ".service", ".sh", ".example"}


@dataclass(frozen=True, slots=True)
class Breach:
    """One breach of a rule: where, what, and what to do about it."""

    file: str
    line: int
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}; {self.remedy}"


class Source:
    """One Python file, parsed."""

    def __init__(self, root: Path, path: Path) -> None:
        self.path = path
        self.name = path.relative_to(root).as_posix()
        self.text = path.read_text(encoding="utf-8")
        self.lines = self.text.splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text, filename=self.name)

    @property
    def module(self) -> str:
        """Dotted name, e.g. `bot.risk.state` or `bot.risk` for its `__init__`."""
        return self.name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def breach(self, node: ast.AST | int, what: str, remedy: str) -> Breach:
        """A breach at a node or line of this file."""
        line = node if isinstance(node, int) else getattr(node, "lineno", 1)
        return Breach(self.name, line, what, remedy)


def sources(root: Path, *folders: str) -> Iterator[Source]:
    """Every Python file below the folders of `root`, in order of name."""
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            if not _SKIPPED & set(path.relative_to(root).parts):
                yield _read(root, path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2_000)
def _read(root: Path, path: Path, _changed_ns: int) -> Source:
    """Each file is read and parsed once, however many rules look at it."""
    return Source(root, path)


def text_files(root: Path) -> Iterator[Path]:
    """Every text file that belongs to the project (hidden folders left out, but for the CI one)."""
    for folder, below, names in os.walk(root):
        below[:] = sorted(name for name in below if _belongs(name))
        for name in sorted(names):
            path = Path(folder, name)
            if path.suffix in _TEXT:
                yield path


def _belongs(folder: str) -> bool:
    hidden = folder.startswith(".") and folder != ".ci"
    return not (hidden or folder in _SKIPPED or folder.endswith(".egg-info"))


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method, nested ones too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def imports(tree: ast.AST) -> Iterator[tuple[ast.stmt, str]]:
    """Every import as (statement, dotted name); `from a import b` gives `a.b`, so that modules are seen."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node, f"{node.module or ''}.{alias.name}"


def dotted(node: ast.expr) -> str:
    """`a.b.c` of a name or attribute chain, or an empty string."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        left = dotted(node.value)
        return f"{left}.{node.attr}" if left else ""
    return ""
