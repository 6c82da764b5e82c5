"""Architecture: what the house forbids and imports alone cannot say.

Each rule names every offender at once, so that one run tells all there is to
mend. Limits are chosen, after the flat code bases that read well: files under
400 lines, functions that fit a screen.
"""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import cast

import pytest
from pydantic import BaseModel, SecretStr

from ponte import flow
from ponte.connectors import CONNECTORS
from ponte.deps import escopo_of
from ponte.events import CATALOGO
from ponte.ports import Connector
from ponte.settings import Settings
from ponte.testing import embedded

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "ponte"
FILE_LINES = 400
FUNCTION_LINES = 60
ARGUMENTS = 6
FOLDERS = 2
# What such a field holds opens a door for whoever reads it. An address of the outside may carry
# its secret in itself (Slack, Discord); `base_url` is where a platform stands, known to all.
SECRET_NAME = re.compile(r"(^|_)(tokens?|secrets?|segredos?|password|senha|keys?|(?<!base_)urls?)$")
# A name that says nothing about what is inside collects everything.
EMPTY_NAMES = {
    "common",
    "constants",
    "helpers",
    "manager",
    "managers",
    "misc",
    "repositories",
    "repository",
    "schemas",
    "util",
    "utils",
}
# What anybody may ask for without a key. A route is added here only when a stranger may know all
# that it answers, or when each call proves itself by its own signature.
PUBLIC = {
    "/",
    "/asyncapi.json",
    "/docs",
    "/estoque",
    "/estoque/{produto_id}",
    "/health/live",
    "/health/ready",
    "/openapi.json",
    "/static/{digest}/{path:path}",
    "/webhooks/{conector}",
    "/webhooks/{conector}/{evento}",
    "/ws",
    "/ws/estoque",
}
# Carry any error from the thread that meets it to the one that waits, and swallow none.
CARRIERS = {"store/sqlite.py", "store/postgres.py", "store/pg_tx.py"}
# Written so that no pattern finds itself: servers of packages, and the paths of a machine.
FOREIGN = re.compile(
    r"py[p]i\.org|python[h]osted\.org|npm[j]s\.(org|com)|crates\.[i]o|proxy\.gol[a]ng\.org"
    r"|repo1?\.mav[e]n|deb\.deb[i]an\.org|/w[o]rk/|index[-]url"
)
UNFINISHED = re.compile(r"\b(TO[D]O|FIX[M]E|X[X]X)\b")
GENERATED = {"__pycache__", "node_modules", "vendor", "site", "dist", "build"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def python_files(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    assert found, f"no Python under {folders}: the rule would hold for nothing"
    return found


def functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, Function):
            yield node


def lines_of(function: Function) -> int:
    assert function.end_lineno is not None
    return function.end_lineno - function.lineno + 1


def arguments_of(function: Function) -> int:
    given = function.args
    names = [arg.arg for arg in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return len([name for name in names if name not in {"self", "cls"}])


def place(path: Path, node: ast.AST | None = None) -> str:
    line = getattr(node, "lineno", 1)
    return f"{path.relative_to(ROOT)}:{line}"


def test_no_file_outgrows_its_noun() -> None:
    files = python_files("src", "tests", "bench")

    long = {place(path): lines for path in files if (lines := count(path)) > FILE_LINES}

    assert long == {}


def count(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_every_function_fits_a_screen() -> None:
    files = python_files("src", "tests", "bench")

    long = {
        f"{place(path, function)} {function.name}": lines_of(function)
        for path in files
        for function in functions(path)
        if lines_of(function) > FUNCTION_LINES
    }

    assert long == {}


def test_no_function_takes_more_arguments_than_a_reader_holds() -> None:
    files = python_files("src", "tests", "bench")

    wide = {
        f"{place(path, function)} {function.name}": arguments_of(function)
        for path in files
        for function in functions(path)
        if arguments_of(function) > ARGUMENTS
    }

    assert wide == {}


def test_no_module_lies_deeper_than_two_folders() -> None:
    files = python_files("src/ponte")

    deep = [place(path) for path in files if len(path.relative_to(PACKAGE).parents) > FOLDERS + 1]

    assert deep == []


def test_every_module_says_what_it_is() -> None:
    files = python_files("src", "tests", "bench")

    silent = [place(path) for path in files if not ast.get_docstring(ast.parse(path.read_text()))]

    assert silent == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    files = python_files("src", "tests", "bench")

    empty = [place(path) for path in files if EMPTY_NAMES & {path.stem, path.parent.name}]

    assert empty == []


def test_the_environment_is_read_in_one_place() -> None:
    files = [path for path in python_files("src/ponte") if path != PACKAGE / "settings.py"]

    readers = [
        place(path, node)
        for path in files
        for node in ast.walk(ast.parse(path.read_text()))
        if reads_environment(node)
    ]

    assert readers == []


def reads_environment(node: ast.AST) -> bool:
    names = {"environ", "environb", "getenv", "getenvb", "putenv"}
    if isinstance(node, ast.Attribute):
        return node.attr in names and isinstance(node.value, ast.Name) and node.value.id == "os"
    if isinstance(node, ast.ImportFrom):
        return node.module == "os" and bool(names & {alias.name for alias in node.names})
    return False


def test_only_the_runtime_swallows_any_error() -> None:
    exempt = {PACKAGE / name for name in CARRIERS}
    files = [path for path in python_files("src/ponte") if path.parent != PACKAGE / "runtime"]

    catchers = [
        place(path, node)
        for path in files
        if path not in exempt
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        if catches_everything(node) and not isinstance(node.body[-1], ast.Raise)
    ]

    assert catchers == []


def catches_everything(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    wide = {"Exception", "BaseException"}
    return any(isinstance(node, ast.Name) and node.id in wide for node in caught)


def written_files() -> list[Path]:
    """Return every file that people wrote: none that a tool made or that git ignores."""
    folders = ("src", "tests", "bench", "docs", "deploy", "requirements", ".ci")
    nested = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    top = [path for path in ROOT.iterdir() if path.name not in {".coverage", ".env"}]
    found = [
        path
        for path in (*top, *nested)
        if path.is_file() and not GENERATED & set(path.relative_to(ROOT).parts)
    ]
    return sorted(path for path in found if b"\0" not in path.read_bytes()[:1024])


def matches(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in paths
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1)
        if pattern.search(line)
    ]


def test_no_file_names_a_package_server_or_a_machines_own_paths() -> None:
    files = written_files()

    named = matches(FOREIGN, files)

    assert named == []
    assert len(files) > 20


def test_requirements_hold_names_and_hashes_alone() -> None:
    files = sorted((ROOT / "requirements").glob("*.txt"))

    addresses = matches(re.compile(r"://"), files)
    unpinned = [path.name for path in files if "--hash=sha256:" not in path.read_text()]

    assert [path.stem for path in files] == ["dev", "docs", "engines", "runtime"]
    assert (addresses, unpinned) == ([], [])


def test_nothing_is_left_for_later() -> None:
    code = {".py", ".js", ".mjs", ".css", ".sql", ".html", ".sh", ".toml"}
    files = [path for path in written_files() if path.suffix in code]

    left = matches(UNFINISHED, files)

    assert left == []


def connector_named(name: str) -> Connector:
    module, _, attribute = CONNECTORS[name].partition(":")
    return cast("Connector", getattr(import_module(module), attribute))


@pytest.mark.parametrize("name", CONNECTORS)
def test_a_connector_is_found_under_its_own_name(name: str) -> None:
    connector = connector_named(name)

    told = (connector.name, CONNECTORS[name], bool(connector.title), connector.source_url[:8])

    assert told == (name, f"ponte.connectors.{name}:connector", True, "https://")


@pytest.mark.parametrize("name", CONNECTORS)
def test_a_connector_comes_with_its_page_and_real_payloads(name: str) -> None:
    page = ROOT / "docs" / "connectors" / f"{name}.md"
    fixtures = ROOT / "tests" / "connectors" / name / "fixtures"

    payloads = [path for path in fixtures.glob("*") if path.stat().st_size > 0]

    assert page.is_file()
    assert payloads != []


def secret_fields(model: type[BaseModel]) -> Iterator[tuple[str, object]]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from secret_fields(field.annotation)
        elif SECRET_NAME.search(name):
            yield f"{model.__name__}.{name}", field.annotation


def types_in(annotation: object) -> set[object]:
    parts: tuple[object, ...] = getattr(annotation, "__args__", ())
    return {annotation}.union(*(types_in(part) for part in parts))


@pytest.mark.parametrize(
    "model", [Settings, *(connector_named(name).settings for name in CONNECTORS)]
)
def test_a_secret_setting_shows_itself_to_nobody(model: type[BaseModel]) -> None:
    fields = dict(secret_fields(model))

    readable = [name for name, kind in fields.items() if types_in(kind) & {str, bytes}]

    assert readable == []


def test_the_secret_rule_knows_a_secret_when_it_sees_one() -> None:
    class Planted(BaseModel):
        bot_token: SecretStr | None = None
        webhook_url: str = ""
        base_url: str = ""
        nome: str = ""

    found = {name: types_in(kind) & {str, SecretStr} for name, kind in secret_fields(Planted)}

    assert found == {"Planted.bot_token": {SecretStr}, "Planted.webhook_url": {str}}


def test_every_fact_is_worked_on_or_shown() -> None:
    handled = {fato for step in flow.FLOW for fato in step.on}

    dropped = [tipo for tipo, fato in CATALOGO.items() if fato not in handled and fato.sala is None]

    assert dropped == []
    assert handled <= set(CATALOGO.values())


async def test_every_route_says_who_may_come_in(tmp_path: Path) -> None:
    async with embedded(tmp_path, papeis=()) as ponte:
        routes = [(getattr(route, "path", ""), escopo_of(route)) for route in ponte.app.routes]

    open_to_all = {path for path, escopo in routes if escopo == "publico"}
    forgotten = [path for path, escopo in routes if escopo is None]

    assert forgotten == []
    assert open_to_all == PUBLIC
    assert ("/pedido", "pedidos:escrever") in routes


@pytest.mark.parametrize("folder", ["decisions", "connectors"])
def test_every_page_stands_in_its_folders_index(folder: str) -> None:
    index = (ROOT / "docs" / folder / "index.md").read_text()
    pages = [path.name for path in sorted((ROOT / "docs" / folder).glob("*.md"))]

    lost = [name for name in pages if name != "index.md" and f"({name})" not in index]

    assert lost == []
    assert len(pages) > 1
