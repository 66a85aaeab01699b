"""Hold the rules of the house that import contracts cannot see."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from server import registry
from tests.legs import ROOT

SERVER = ROOT / "server"
MODULES = SERVER / "modules"
HTTP_METHODS = {"get", "post", "put", "patch", "delete"}
MOST_LINES = 450


def trees(folder: Path, name: str = "") -> Iterator[tuple[str, ast.Module]]:
    """Yield each file below a folder; with a name only that file, or the files of the package of that name."""
    for path in sorted(folder.rglob("*.py")):
        if not name or name in (path.stem, path.parent.name):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


def nodes(tree: ast.AST, *kinds: type[ast.AST]) -> Iterator[ast.AST]:
    return (node for node in ast.walk(tree) if isinstance(node, kinds))


def test_only_the_unit_of_work_commits():
    found = [
        f"{path}:{node.lineno} {node.func.attr}()"
        for path, tree in trees(SERVER)
        for node in nodes(tree, ast.Call)
        if isinstance(node.func, ast.Attribute) and node.func.attr in {"commit", "rollback"}
        if path != "server/core/uow.py"
    ]
    assert found == []


def test_nobody_reads_through_model_query():
    found = [
        f"{path}:{node.lineno} {node.value.id}.query"
        for path, tree in trees(SERVER)
        for node in nodes(tree, ast.Attribute)
        if node.attr == "query" and isinstance(node.value, ast.Name) and node.value.id[0].isupper()
    ]
    assert found == []


def test_every_module_is_registered_and_every_registered_one_exists():
    folders = {path.parent.name for path in MODULES.glob("*/__init__.py")}
    assert folders == set(registry.MODULES)
    assert len(registry.MODULES) == len(set(registry.MODULES))


def test_no_module_catches_everything():
    found = [
        f"{path}:{node.lineno}"
        for path, tree in trees(MODULES)
        for node in nodes(tree, ast.ExceptHandler)
        if node.type is None or {n.id for n in nodes(node.type, ast.Name)} & {"Exception", "BaseException"}
    ]
    assert found == []


def test_validators_raise():
    # marshmallow 4 accepts what a validator answers with False.
    found = []
    for path, tree in trees(SERVER):
        given = [keyword.value for keyword in nodes(tree, ast.keyword) if keyword.arg == "validate"]
        names = {node.id for value in given for node in nodes(value, ast.Name)}
        found += [f"{path}:{node.lineno} lambda" for value in given for node in nodes(value, ast.Lambda)]
        for function in nodes(tree, ast.FunctionDef):
            if function.name in names or function.name.lstrip("_").startswith("validate"):
                found += [
                    f"{path}:{node.lineno} {function.name} returns {node.value.value}"
                    for node in nodes(function, ast.Return)
                    if isinstance(node.value, ast.Constant) and isinstance(node.value.value, bool)
                ]
    assert found == []


def test_only_the_clock_tells_the_time():
    found = [
        f"{path}:{node.lineno} {node.func.value.id}.{node.func.attr}()"
        for path, tree in trees(SERVER)
        for node in nodes(tree, ast.Call)
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
        if node.func.value.id in {"datetime", "date"} and node.func.attr in {"now", "utcnow", "today"}
        if path != "server/core/clock.py"
    ]
    assert found == []


def test_verbs_reads_and_schemas_have_a_sentence():
    found = [
        f"{path}:{node.lineno} {node.name}"
        for name in ("service", "queries", "policies", "schemas")
        for path, tree in trees(MODULES, name)
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        if not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert found == []


def test_http_methods_have_a_sentence():
    # It becomes the summary in the OpenAPI document.
    found = [
        f"{path}:{method.lineno} {resource.name}.{method.name}"
        for path, tree in trees(MODULES, "resources")
        for resource in nodes(tree, ast.ClassDef)
        for method in resource.body
        if isinstance(method, ast.FunctionDef) and method.name in HTTP_METHODS and not ast.get_docstring(method)
    ]
    assert found == []


def test_no_file_is_too_long():
    lengths = {
        path.relative_to(ROOT): len(path.read_text(encoding="utf-8").splitlines()) for path in SERVER.rglob("*.py")
    }
    assert {str(path): length for path, length in lengths.items() if length > MOST_LINES} == {}


def test_each_lint_ignore_has_its_reason():
    silent = re.compile(r"# noqa(?!: [A-Z0-9, ]+ --? \S)")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for folder in ("server", "migrations", "benchmarks")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if silent.search(line)
    ]
    assert found == []
