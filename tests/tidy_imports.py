"""House rules on who may import whom: the order of the rooms, the purity of the pure ones, no cycles."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tidy_tree import Breach, Source, imports, sources

# Left never imports right. Rooms in one group may import each other as long as no cycle arises.
ORDER: tuple[tuple[str, ...], ...] = (
    ("model",),
    ("pricing",),
    ("sim",),
    ("quoting",),
    ("deal",),
    ("risk",),
    ("channels", "clock", "config"),
    ("venues", "chain"),
    ("ops",),
    ("tasks",),
    ("wiring", "operate"),
    ("app",),
    ("backtest", "run"),
    ("localnet", "guardian", "dashboard"),
    ("commands",),
    ("cli",),
    ("__main__",),
)
RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}
LEAVES = {"localnet", "guardian", "dashboard"}
_LEAF_MAY_IMPORT_UP_TO = RANK["ops"]

PURE = {"model", "pricing", "sim", "quoting", "deal", "risk"}
_PURE_STDLIB = {
    "__future__", "abc", "array", "bisect", "calendar", "cmath", "collections", "contextlib", "copy",
    "dataclasses", "datetime", "decimal", "enum", "fractions", "functools", "hashlib", "heapq", "itertools",
    "math", "numbers", "operator", "random", "re", "statistics", "string", "struct", "types", "typing",
    "zoneinfo",
}  # fmt: skip
PURE_MAY_IMPORT = _PURE_STDLIB | {"numpy", "QuantLib", "pydantic", "typing_extensions", "bot"}

# Everybody else waits and stamps with the injected clock, or the virtual world is not repeatable.
CLOCK_READERS = {"clock", "backtest", "commands", "localnet", "guardian", "dashboard"}


def room(module: str) -> str:
    """`risk` of `bot.risk.state`; an empty string for the package itself."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def _rooms_imported(source: Source) -> Iterator[tuple[ast.stmt, str]]:
    for node, name in imports(source.tree):
        if name.startswith("bot."):
            target = room(name)
            if target and target != "__version__":
                yield node, target


def import_order(root: Path) -> Iterator[Breach]:
    """Left never imports right; leaves are imported by commands only and know nothing of the tasks."""
    table = " ← ".join(",".join(group) for group in ORDER)
    for source in sources(root, "bot"):
        own = room(source.module)
        if own and own not in RANK:
            yield source.breach(1, f"room `{own}` has no place in the import order", "give it one")
            continue
        for node, target in _rooms_imported(source):
            if target == own or not own:
                continue
            if target not in RANK:
                yield source.breach(node, f"imports unknown room `{target}`", "place it in ORDER")
            elif RANK[target] > RANK[own] or (target in LEAVES and RANK[own] < RANK["commands"]):
                remedy = f"move the shared part left, or pass it in as an argument ({table})"
                yield source.breach(node, f"`{own}` imports `{target}`, which stands to its right", remedy)
            elif own in LEAVES and RANK[target] > _LEAF_MAY_IMPORT_UP_TO:
                yield source.breach(node, f"leaf `{own}` imports `{target}`", "a leaf imports up to ops only")


def purity(root: Path) -> Iterator[Breach]:
    """Pure rooms import only maths, each other and numpy, QuantLib, pydantic."""
    for source in sources(root, *(f"bot/{name}" for name in sorted(PURE))):
        for node, name in imports(source.tree):
            top = name.split(".")[0]
            if top not in PURE_MAY_IMPORT:
                remedy = "take what it gives as an argument; time, randomness and I/O come from outside"
                yield source.breach(node, f"pure room imports `{top}`", remedy)


def clock(root: Path) -> Iterator[Breach]:
    """Only the clock and the leaves import `time`."""
    for source in sources(root, "bot"):
        own = room(source.module)
        if own in CLOCK_READERS or own in PURE:
            continue
        for node, name in imports(source.tree):
            if name.split(".")[0] == "time":
                yield source.breach(node, "reads the machine's clock", "take a Clock as an argument")


def cycles(root: Path) -> Iterator[Breach]:
    """No module reaches itself through imports at module level."""
    found = {source.module: source for source in sources(root, "bot")}
    graph: dict[str, dict[str, int]] = {}
    for module, source in found.items():
        edges = graph.setdefault(module, {})
        for statement in source.tree.body:
            for node, name in imports(statement):
                target = name if name in found else name.rpartition(".")[0]
                if target in found and target != module:
                    edges.setdefault(target, node.lineno)
    done: set[str] = set()
    for start in sorted(graph):
        for path in _loops_from(start, graph, done):
            remedy = "move what both need into a third module further left"
            yield found[path[0]].breach(graph[path[0]][path[1]], " → ".join(path), remedy)


def _loops_from(start: str, graph: dict[str, dict[str, int]], done: set[str]) -> Iterator[list[str]]:
    path: list[str] = []

    def visit(module: str) -> Iterator[list[str]]:
        if module in path:
            yield [*path[path.index(module) :], module]
            return
        if module in done:
            return
        path.append(module)
        for target in sorted(graph.get(module, {})):
            yield from visit(target)
        path.pop()
        done.add(module)

    yield from visit(start)
