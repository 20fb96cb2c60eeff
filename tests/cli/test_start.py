"""Help and lists start fast: they import none of the heavy libraries, and every verb explains itself."""

import json
import re
import subprocess
import sys

import pytest

from tutelage.cli.main import VERBS, main

HEAVY = ("numpy", "pyarrow", "pydantic", "yaml", "sklearn", "pandas", "torch", "transformers")
PROBE = """
import sys
from tutelage.cli.main import main
code = main(sys.argv[1:])
print("HELD", code, [name for name in {heavy} if name in sys.modules], file=sys.stderr)
"""


@pytest.mark.parametrize(
    "args", [["--help"], ["list"], ["list", "choose"], ["list", "recipes"], ["run", "--help"], []], ids=" ".join
)
def test_nothing_heavy_is_imported(args: list[str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROBE.format(heavy=HEAVY), *args], capture_output=True, text=True, timeout=120
    )
    assert "HELD 0 []" in ended.stderr, ended.stderr
    assert len(ended.stdout) > 100, "it did say something"


def test_the_probe_sees_what_is_imported() -> None:
    """A check that cannot fail would be none: `show` does import numpy."""
    ended = subprocess.run(
        [sys.executable, "-c", PROBE.format(heavy=HEAVY), "show", "choose/margin"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "'numpy'" in ended.stderr


def test_the_package_itself_imports_nothing() -> None:
    code = (
        f"import tutelage, sys; print([name for name in {HEAVY} if name in sys.modules]); print(tutelage.Pool.__name__)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert ended.stdout.split("\n")[:2] == ["[]", "Pool"]


@pytest.mark.parametrize("verb", [verb[0] for verb in VERBS])
def test_help_has_examples(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "--help"]) == 0
    said = capsys.readouterr().out
    assert f"tutelage {verb}" in said.split("Examples:")[1]
    assert "\x1b" not in said and "\\b" not in said and "\x08" not in said


@pytest.mark.parametrize("verb", [verb[0] for verb in VERBS])
def test_whatever_prints_a_result_prints_json_too(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    main([verb, "--help"])
    assert "--json" in capsys.readouterr().out


@pytest.mark.parametrize("verb", ["run", "plan", "compare", "resume", "claim", "show", "fetch"])
def test_whatever_takes_a_recipe_takes_set(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    main([verb, "--help"])
    assert "--set PATH=VALUE" in capsys.readouterr().out


def test_every_line_of_the_list_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    assert "..." not in re.sub(r"\[ARGS\]\.\.\.", "", said), "a line is cut off"


def test_list_shows_every_method(capsys: pytest.CaptureFixture[str]) -> None:
    from tutelage.core.parts import ROOMS, names

    assert main(["list", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {room: [one["name"] for one in told[room]] for room in ROOMS} == {room: list(names(room)) for room in ROOMS}
    assert [one["name"] for one in told["recipes"]] == ["few-labels", "new-material", "which-data"]
    assert all(one["about"] for one in told["recipes"] + told["papers"])


def test_show_prints_every_setting_with_its_bounds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "teach/self_training"]) == 0
    said = capsys.readouterr().out
    assert "k: int = 15  Ge(ge=2)" in said and "Schröder and Heyer" in said and "gives: Label" in said


def test_doctor(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["libraries"]["core"]["numpy"] and told["machine"]["cores"] >= 1
    assert {"minilm-onnx", "text-classification"} <= {one["name"] for one in told["assets"]}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_of_the_shell(shell: str) -> None:
    """What the shell asks for when a person presses the tab key after `tutelage list ch`."""
    import os

    kinds = {"bash": {"COMP_WORDS": "tutelage list ch", "COMP_CWORD": "2"}}
    env = {**os.environ, "_TUTELAGE_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_ARGS": "tutelage list ch",
           "_TYPER_COMPLETE_FISH_ACTION": "get-args", **kinds.get(shell, {})}  # fmt: skip
    ended = subprocess.run(
        [sys.executable, "-m", "tutelage.cli.main"], capture_output=True, text=True, timeout=60, env=env
    )
    assert "choose" in ended.stdout, ended.stderr
