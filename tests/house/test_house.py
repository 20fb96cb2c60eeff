"""Rules about the code itself: names, sizes, docstrings, luck, imports; every rule counts what it looked at."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tutelage.core.parts import NESTED, ROOMS, camel, names, summary

SOURCE = Path(__file__).parents[2] / "src" / "tutelage"
FILES = sorted(SOURCE.rglob("*.py"))
# A file over 200 lines explains itself in its docstring with this word.
EXPLAINS = "Longer than 200 lines"
METHODS = [(room, name) for room in ROOMS for name in names(room)]


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_the_rules_see_the_whole_package() -> None:
    found = subprocess.run(
        ["find", str(SOURCE), "-name", "*.py"], capture_output=True, text=True, check=True
    ).stdout.split()
    assert len(FILES) == len(found) > 40


def test_every_method_file_is_found() -> None:
    """Counted by other means: files in the rooms' folders, less packages and private files."""
    on_disk = 0
    for room in ROOMS:
        depth = len(room.split(".")) + NESTED.get(room, 0)
        for path in SOURCE.joinpath(*room.split(".")).rglob("*.py"):
            parts = path.relative_to(SOURCE).parts
            on_disk += len(parts) - 1 == depth and not path.name.startswith("_")
    assert on_disk == len(METHODS) > 30


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_file(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    module = ast.parse(text)
    doc = ast.get_docstring(module) or ""
    assert doc, "every module says what it is"
    assert text.count("\n") <= 200 or EXPLAINS in doc, f"{text.count(chr(10))} lines and no word on why"
    for node in ast.walk(module):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node) or _is_protocol(node) or _is_method(node), (
                f"class {node.name} has no docstring"
            )
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = _code_lines(node)
            assert length <= 50, f"function {node.name} has {length} lines of code"


def _is_protocol(node: ast.ClassDef) -> bool:
    return any(isinstance(base, ast.Name) and base.id in {"Protocol", "NamedTuple"} for base in node.bases)


def _is_method(node: ast.ClassDef) -> bool:
    """A method's docstring is its module's: one method a file."""
    return any(isinstance(mark, ast.Name) and mark.id == "method" for mark in node.decorator_list)


def _code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return sum((item.end_lineno or 0) - item.lineno + 1 for item in body)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_luck_is_an_argument(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for banned in (
        r"np\.random\.(?!Generator|PCG64|SeedSequence)\w+\(",
        r"^import random$",
        r"torch\.manual_seed",
        r"\bpickle\b\.",
        r"hasattr\(",
    ):
        assert not re.search(banned, text, re.MULTILINE), f"{banned} in {path.name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_only_the_command_line_prints(path: Path) -> None:
    if "cli" in path.relative_to(SOURCE).parts:
        return
    calls = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    assert not [node.lineno for node in calls if node.func.id == "print"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_error_is_swallowed(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"line {node.lineno}: a bare except"
            assert not all(isinstance(item, ast.Pass) for item in node.body), f"line {node.lineno}: except ... pass"


@pytest.mark.parametrize(("room", "name"), METHODS, ids=lambda value: str(value))
def test_method(room: str, name: str) -> None:
    """One public class a file, named after it; a sentence for users; no name of the standard library."""
    parts = name.split(".")
    path = SOURCE.joinpath(*room.split("."), *parts[:-1], f"{parts[-1]}.py")
    classes = [node for node in tree(path).body if isinstance(node, ast.ClassDef)]
    decorated = [
        node for node in classes if any(isinstance(d, ast.Name) and d.id == "method" for d in node.decorator_list)
    ]
    assert [node.name for node in decorated] == [camel(parts[-1])]
    assert not decorated[0].bases, "a method inherits nothing"
    assert parts[-1] not in sys.stdlib_module_names
    sentence = summary(room, name)
    assert 20 <= len(sentence) <= 120 and sentence[0].isupper(), f"first docstring line: {sentence!r}"


@pytest.mark.parametrize(("room", "name"), [m for m in METHODS if m[0] not in {"data", "student.text.encoder"}])
def test_method_names_its_source_and_neutral_limit(room: str, name: str) -> None:
    parts = name.split(".")
    doc = ast.get_docstring(tree(SOURCE.joinpath(*room.split("."), *parts[:-1], f"{parts[-1]}.py"))) or ""
    assert "Source:" in doc, "the docstring names its source"
    assert re.search(r"[Nn]eutral limit", doc), "the docstring names the neutral limit, or says why there is none"


def test_the_referee_needs_no_torch() -> None:
    """Every module of study/, and the statistics, imported in a fresh process."""
    modules = [
        "tutelage." + ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        for path in sorted((SOURCE / "study").rglob("*.py"))
        if path.stem not in {"__init__", "ray_engine"}  # which imports ray, and only where it is asked for
    ]
    assert len(modules) > 20
    code = "import importlib, sys\n" + "\n".join(f"importlib.import_module({name!r})" for name in modules)
    code += (
        "\nprint(sorted(name for name in sys.modules if name.partition('.')[0] in {'torch', 'transformers', 'ray'}))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"
