"""`tutelage new` writes files that are read, listed and fail until they are filled."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tutelage.cli.main import main
from tutelage.cli.templates import VERBS


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder that looks like a checkout."""
    core = tmp_path / "src" / "tutelage" / "core"
    core.mkdir(parents=True)
    (core / "parts.py").write_text("", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("room", VERBS)
def test_the_files_are_whole_and_the_tests_fail(checkout: Path, room: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", room, "brand_new", "--paper", "somebody2024", "--root", str(checkout)]) == 0
    method = checkout / "src" / "tutelage" / room / "brand_new.py"
    assert ast.parse(method.read_text(encoding="utf-8"))
    probe = f"import runpy; print(sorted(runpy.run_path({str(method)!r})['BrandNew'].__mro__[0].__dict__)[:0], 'built')"
    assert "built" in subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=60).stdout
    test = checkout / "tests" / room / "test_brand_new.py"
    functions = [node for node in ast.parse(test.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)]
    assert [node.name for node in functions] == ["test_by_hand", "test_neutral_limit"]
    assert all("pytest.fail(" in ast.unparse(node) for node in functions)
    assert "year: BLANK" in (checkout / "src/tutelage/papers/somebody2024.yaml").read_text(encoding="utf-8")
    assert f"make try M={room}/brand_new" in capsys.readouterr().err


def test_the_paper_is_refused_until_it_is_filled(checkout: Path) -> None:
    from tutelage.core.errors import Refused
    from tutelage.recipe.read import read_text
    from tutelage.recipe.schema import Paper

    main(["new", "choose", "brand_new", "--paper", "somebody2024", "--root", str(checkout)])
    text = (checkout / "src/tutelage/papers/somebody2024.yaml").read_text(encoding="utf-8")
    with pytest.raises(Refused, match="line 3, year"):
        read_text(text, "somebody2024.yaml", kind=Paper)
    assert read_text(text.replace("year: BLANK", "year: 2024"), "somebody2024.yaml", kind=Paper).recipes["uniform"]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["choose", "margin"], "has a method 'margin' already"),
        (["choose", "random"], "module of the standard library"),
        (["choose", "BrandNew"], "lower-case words"),
        (["student", "brand_new"], "cannot be begun in 'student'"),
        (["choose", "brand_new", "--root", "elsewhere"], "not a checkout"),
    ],
)
def test_refusals(
    checkout: Path, args: list[str], says: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(checkout)
    assert main(["new", *args]) == 2
    assert says in capsys.readouterr().err
    assert not list(checkout.rglob("brand_new.py"))


def test_nothing_that_exists_is_touched(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taken = checkout / "tests" / "choose" / "test_brand_new.py"
    taken.parent.mkdir(parents=True)
    taken.write_text("mine", encoding="utf-8")
    assert main(["new", "choose", "brand_new", "--root", str(checkout)]) == 2
    assert taken.read_text(encoding="utf-8") == "mine" and not (checkout / "src/tutelage/choose").exists()
