"""The rules of the house that no ready-made linter knows.

A rule is a plain function from one parsed module to its findings. Paths are relative to src/feiqian, so the
first part of a path is the floor or domain that the module belongs to.
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

SOURCE = Path(__file__).parents[2] / "src" / "feiqian"

FUNCTION_LINES_MAX = 70
MODULE_LINES_MAX = 400

SHARED_FLOORS = {"kernel", "infra", "app"}
"""Floors without a domain's privacy: their modules are imported by name. What is above app is the command line only."""
SQL_MODULES = {"store", "queries", "invariants"}
SQL_FLOOR_MODULES = ("database", "migrations", "postgres")
"""How the names of infra's own SQL modules begin."""
SQL_STATEMENT = re.compile(
    r"\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH|COPY|MERGE|CREATE|ALTER|DROP|TRUNCATE|LOCK|GRANT|REVOKE)\s"
    r"|\s*(?:select\s.*\sfrom\s|insert\s+into\s|update\s+\S+\s+set\s|delete\s+from\s)",
    re.DOTALL,
)

CLOCK = PurePosixPath("kernel/clock.py")
TIME_READERS = {
    *(f"{prefix}datetime.{name}" for prefix in ("", "datetime.") for name in ("now", "utcnow", "today")),
    *("date.today", "datetime.date.today", "time.time", "time.time_ns"),
}


@dataclass(frozen=True)
class Module:
    """One source file, parsed."""

    path: PurePosixPath
    text: str
    tree: ast.Module

    @property
    def floor(self) -> str:
        return self.path.parts[0].removesuffix(".py")

    @property
    def topics(self) -> set[str]:
        """The module's own name and those of the packages around it, below its floor."""
        return set(self.path.with_suffix("").parts[1:])


@dataclass(frozen=True)
class Finding:
    """A place that breaks a rule, and what to do instead."""

    place: str
    advice: str

    def __str__(self) -> str:
        return f"{self.place}: {self.advice}"


Rule = Callable[[Module], Iterable[Finding]]


def parse(path: str, text: str) -> Module:
    return Module(path=PurePosixPath(path), text=text, tree=ast.parse(text, path))


def modules_of(root: Path = SOURCE) -> list[Module]:
    files = sorted(root.rglob("*.py"))
    return [parse(file.relative_to(root).as_posix(), file.read_text(encoding="utf-8")) for file in files]


def enters_by_the_door(module: Module) -> Iterator[Finding]:
    """Another domain is imported as `feiqian.<domain>`, never one of its inner modules."""
    for line, target in imported_modules(module):
        root, domain, *inner = [*target.split("."), ""][:3]
        if root != "feiqian" or domain in SHARED_FLOORS | {module.floor} or inner in ([], [""]):
            continue
        yield at(module, line, f"take it from feiqian.{domain}, not from {target}")


def keeps_sql_in_stores(module: Module) -> Iterator[Finding]:
    """SQL is in a store, a query, an invariant, a migration or the database module of infra."""
    if module.topics & SQL_MODULES or module.floor == "simulators":
        return
    if module.floor == "infra" and any(topic.startswith(SQL_FLOOR_MODULES) for topic in module.topics):
        return
    for node in strings_of(module):
        if SQL_STATEMENT.match(str(node.value)):
            yield at(module, node.lineno, "move this statement to the domain's store.py or queries.py")


def builds_legs_in_postings(module: Module) -> Iterator[Finding]:
    """Who is debited and who is credited is said in postings.py only."""
    if module.floor == "ledger" or "postings" in module.topics:
        return
    for call in calls_of(module):
        if called_name(call) == "Leg":
            yield at(module, call.lineno, "make a function in postings.py that returns these legs")


def stays_short(module: Module) -> Iterator[Finding]:
    """Past the limits a function is split and a module becomes a package."""
    lines = len(module.text.splitlines())
    if lines > MODULE_LINES_MAX:
        yield at(module, lines, f"{lines} lines: make it a package of the same name, split by topic")
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES_MAX:
                yield at(module, node.lineno, f"{node.name} has {length} lines: split it")


def swallows_no_exception(module: Module) -> Iterator[Finding]:
    """An exception is handled, translated or let through."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler) and all(says_nothing(statement) for statement in node.body):
            yield at(module, node.lineno, "handle it, or suppress one narrow type that is no fault")
        if isinstance(node, ast.Call) and called_name(node) == "suppress":
            broad = {name.id for name in node.args if isinstance(name, ast.Name)}
            if broad & {"Exception", "BaseException"}:
                yield at(module, node.lineno, "suppress only the narrow type that is no fault here")


def prints_only_to_people(module: Module) -> Iterator[Finding]:
    """Only a command that a person started prints; everything else logs."""
    if module.floor in {"cli", "demo"} or module.path.name == "__main__.py":
        return
    for call in calls_of(module):
        if isinstance(call.func, ast.Name) and call.func.id == "print":
            yield at(module, call.lineno, "log it, or return it to the command that prints")


def takes_the_time_from_a_clock(module: Module) -> Iterator[Finding]:
    """`now` is passed in; only the kernel's clock reads the machine's time."""
    if module.path == CLOCK:
        return
    for call in calls_of(module):
        if ast.unparse(call.func) in TIME_READERS:
            yield at(module, call.lineno, "take `now` as a parameter, or ask the clock that was handed in")


def explains_itself(module: Module) -> Iterator[Finding]:
    """A module says what it is for; a member of an enum says what it means, right below it."""
    private = module.path.stem.startswith("_") and module.path.stem not in {"__init__", "__main__"}
    if not private and not ast.get_docstring(module.tree):
        yield at(module, 1, "begin with a docstring that says what this module is for")
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef) and is_enum(node):
            yield from unexplained_members(module, node)


RULES: list[Rule] = [
    enters_by_the_door,
    keeps_sql_in_stores,
    builds_legs_in_postings,
    stays_short,
    swallows_no_exception,
    prints_only_to_people,
    takes_the_time_from_a_clock,
    explains_itself,
]


def at(module: Module, line: int, advice: str) -> Finding:
    return Finding(place=f"{module.path}:{line}", advice=advice)


def imported_modules(module: Module) -> Iterator[tuple[int, str]]:
    """Every module that is imported, with its line; a submodule taken by name counts as itself."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute_name(module, node)
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}" if is_module(f"{base}.{alias.name}") else base


def absolute_name(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = ["feiqian", *module.path.parent.parts]
    return ".".join([*package[: len(package) - node.level + 1], *filter(None, [node.module])])


def is_module(name: str) -> bool:
    path = SOURCE.joinpath(*name.split(".")[1:])
    return name.startswith("feiqian.") and (path.with_suffix(".py").is_file() or path.is_dir())


def strings_of(module: Module) -> Iterator[ast.Constant]:
    """String literals, the fixed head of f-strings among them; docstrings are prose and left out."""
    prose = {id(node.value) for node in ast.walk(module.tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node


def calls_of(module: Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(module.tree) if isinstance(node, ast.Call))


def called_name(call: ast.Call) -> str:
    """The last part of what is called: `Leg` for both Leg(…) and ledger.Leg(…)."""
    return ast.unparse(call.func).rpartition(".")[2]


def says_nothing(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and statement.value.value is ...
    )


def is_enum(node: ast.ClassDef) -> bool:
    return any(ast.unparse(base).rpartition(".")[2].endswith(("Enum", "Flag")) for base in node.bases)


def unexplained_members(module: Module, node: ast.ClassDef) -> Iterator[Finding]:
    for statement, following in zip(node.body, [*node.body[1:], None], strict=True):
        if not isinstance(statement, ast.Assign):
            continue
        explained = (
            isinstance(following, ast.Expr)
            and isinstance(following.value, ast.Constant)
            and isinstance(following.value.value, str)
        )
        if not explained:
            member = ast.unparse(statement.targets[0])
            yield at(module, statement.lineno, f"say below {node.name}.{member} what it means")
