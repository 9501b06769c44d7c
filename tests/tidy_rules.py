"""House rules on the text itself: sizes, banned words, docstrings, every module has its test."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tidy_tree import Breach, Source, dotted, functions, imports, sources, text_files

FILE_LINES, CLASS_LINES, FUNCTION_LINES, PARAMETERS, LINE_LENGTH = 300, 200, 50, 6, 110

# Signatures that others rely on as they are.
WIDE = {("bot/pricing/options.py", "call")}
SUPERVISORS = {"bot/app.py", "bot/tasks/supervise.py"}
PRINTERS = ("bot/commands/", "bot/cli.py", "bot/ops/terminal.py")

_WALL_CLOCK = {
    "time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today", "date.today",
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.date.today",
}  # fmt: skip
_NUMPY = {"default_rng", "Generator", "SeedSequence", "PCG64", "Philox"}
_SEEDED = {"random.Random"} | {f"{np}.random.{name}" for np in ("np", "numpy") for name in _NUMPY}
_ENTROPY = {"uuid.uuid4", "uuid.uuid1", "os.urandom"}
_MOCKS = ("unittest.mock", "mock", "pytest_mock")

# Spelled so that this file keeps its own rule.
_LEFTOVERS = re.compile(r"\b(T[O]DO|F[I]XME|X[X]X)\b")
_MACHINE = re.compile(r"(?<![\w.~])/(work|tmp|root|farm|Users|home/\w+)(?=/|\b)")
_HOSTS = re.compile(r"py[p]i\.org|python[h]osted|registry\.[n]pmjs")
_OUTSIDE = re.compile(r"\bDESIG[N](\.md| ?§)|\bquan[t](\.md| §)|\breferenc[e]/\w+\.md")


def sizes(root: Path) -> Iterator[Breach]:
    """No file, class, function, parameter list or line above its limit."""
    for source in sources(root, "bot", "tests"):
        if len(source.lines) > FILE_LINES:
            what = f"{len(source.lines)} lines > {FILE_LINES}"
            yield source.breach(FILE_LINES, what, "split it by subject")
        for number, line in enumerate(source.lines, 1):
            if len(line) > LINE_LENGTH:
                yield source.breach(number, f"line of {len(line)} > {LINE_LENGTH} characters", "wrap it")
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ClassDef) and _length(node) > CLASS_LINES:
                remedy = "let it do one thing; move the rest to functions or a second class"
                yield source.breach(node, f"class {node.name}: {_length(node)} lines > {CLASS_LINES}", remedy)
        yield from _function_sizes(source)


def _function_sizes(source: Source) -> Iterator[Breach]:
    for node in functions(source.tree):
        if _length(node) > FUNCTION_LINES:
            remedy = "push the leaves down into named functions"
            yield source.breach(node, f"{node.name}(): {_length(node)} lines > {FUNCTION_LINES}", remedy)
        narrow = source.name.startswith("bot/") and (source.name, node.name) not in WIDE
        if narrow and not _is_command(source, node):
            names = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            count = len(names) - (names[:1] in (["self"], ["cls"]))
            if count > PARAMETERS:
                what = f"{node.name}(): {count} parameters > {PARAMETERS}"
                yield source.breach(node, what, "pass one frozen object instead")


def _length(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _is_command(source: Source, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A command's parameters are the options a person types: the one place where they may be many."""
    if not source.name.startswith(("bot/commands/", "bot/cli.py")):
        return False
    targets = [d.func if isinstance(d, ast.Call) else d for d in node.decorator_list]
    return any(dotted(target).rpartition(".")[2] in {"command", "callback"} for target in targets)


def broad_excepts(root: Path) -> Iterator[Breach]:
    """Only the supervisor catches everything."""
    for source in sources(root, "bot", "tests"):
        if source.name in SUPERVISORS:
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ExceptHandler):
                kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
                if any(kind is None or dotted(kind) in {"Exception", "BaseException"} for kind in kinds):
                    remedy = f"name what can be raised; only {', '.join(sorted(SUPERVISORS))} catch broadly"
                    yield source.breach(node, "broad `except`", remedy)


def calls(root: Path) -> Iterator[Breach]:
    """No wall clock, no randomness without a seed, no print in the wrong room, no real sleep in a test."""
    for source in sources(root, "bot", "tests"):
        modules = {name.split(".")[0] for _, name in imports(source.tree)}
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and (name := dotted(node.func)):
                yield from _call(source, node, name)
                if name.split(".")[0] in modules | {"np"}:
                    yield from _random(source, node, name)


def _random(source: Source, node: ast.Call, name: str) -> Iterator[Breach]:
    if name in _SEEDED and not (node.args or node.keywords):
        yield source.breach(node, f"{name}() without a seed", "pass the seed")
    elif name not in _SEEDED and re.match(r"(random|np\.random|numpy\.random)\.\w+$", name):
        yield source.breach(node, f"{name}() uses the shared generator", "draw from random.Random(seed)")


def _call(source: Source, node: ast.Call, name: str) -> Iterator[Breach]:
    if name in _WALL_CLOCK and source.name != "bot/clock.py":
        yield source.breach(node, f"{name}() reads the wall clock", "take time from a fact or a Clock")
    if name in _ENTROPY:
        yield source.breach(node, f"{name}() cannot be repeated", "draw from a seeded generator")
    if name == "print" and source.name.startswith("bot/") and not source.name.startswith(PRINTERS):
        yield source.breach(node, "print outside the commands", "log it, or return it to the command")
    if name == "time.sleep" and source.name.startswith("tests/"):
        yield source.breach(node, "a test that sleeps", "wait for the condition, or run on the virtual clock")


def mocks(root: Path) -> Iterator[Breach]:
    """Fakes keep the Protocol; no mock library."""
    for source in sources(root, "bot", "tests"):
        for node in ast.walk(source.tree):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}", *(f"{node.module}.{a.name}" for a in node.names)]
            if any(name in _MOCKS for name in names):
                yield source.breach(node, "mock library", "write a fake that keeps the Protocol")


def words(root: Path) -> Iterator[Breach]:
    """No leftovers, no paths of one machine, no registry hosts, no pointers to papers outside the project."""
    rules = (
        (_LEFTOVERS, "a leftover mark", "do it, or file an issue and delete the mark"),
        (_MACHINE, "a path of one machine", "use a relative path, a setting or a temporary folder"),
        (_HOSTS, "a registry's address", "leave download addresses to the machine's own settings"),
        (_OUTSIDE, "a pointer outside the project", "say it here, or cite the published source"),
    )
    for path in text_files(root):
        name = path.relative_to(root).as_posix()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for pattern, what, remedy in rules:
                if (found := pattern.search(line)) is not None:
                    yield Breach(name, number, f"{what} (`{found[0].strip()}`)", remedy)


def docstrings(root: Path) -> Iterator[Breach]:
    """Every public module, class, function and method of `bot` says what it is."""
    for source in sources(root, "bot"):
        if not ast.get_docstring(source.tree):
            yield source.breach(1, "module without a docstring", "say what it is and the rules it keeps")
        yield from _undocumented(source, source.tree.body)


def _undocumented(source: Source, body: list[ast.stmt]) -> Iterator[Breach]:
    for node in body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name.startswith("_") or _repeats_another(node):
            continue
        if not ast.get_docstring(node):
            yield source.breach(node, f"`{node.name}` without a docstring", "say what it is")
        if isinstance(node, ast.ClassDef):
            yield from _undocumented(source, node.body)


def _repeats_another(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    names = {dotted(d).rpartition(".")[2] for d in node.decorator_list}
    return bool(names & {"overload", "setter", "override"})


def untested(root: Path) -> Iterator[Breach]:
    """Every module that can fail has its test file: `bot/x/y.py` ↔ `tests/x/test_y.py`."""
    for source in sources(root, "bot"):
        if source.path.name == "__main__.py" or not _can_fail(source):
            continue
        inner = Path(source.name).relative_to("bot")
        stem = inner.parent.name if inner.name == "__init__.py" else inner.stem
        wanted = Path("tests") / inner.parent / f"test_{stem}.py"
        path = root / wanted
        if not path.exists():
            yield source.breach(1, "module without its test", f"write {wanted.as_posix()}")
        elif not re.search(r"^\s*(async )?def test_", path.read_text(encoding="utf-8"), re.MULTILINE):
            yield Breach(wanted.as_posix(), 1, "test file without a test", f"test {source.name}")


def _can_fail(source: Source) -> bool:
    """Whether any function has a body: nouns and Protocols alone have nothing to test."""
    return any(
        not (isinstance(statement, ast.Pass) or _is_constant(statement))
        for function in functions(source.tree)
        for statement in function.body
    )


def _is_constant(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
