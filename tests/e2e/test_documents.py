"""README and docs: every command that they show exists, with the options they show, and every file they name is there."""

import re
import shlex
from pathlib import Path

import pytest
import typer.main

from tutelage.cli.main import app
from tutelage.core.parts import names
from tutelage.papers.read import papers
from tutelage.recipe.read import built_in

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "docs").rglob("*.yaml")),
]
SHOWN = re.compile(r"^(?:    |#   |# )(tutelage [^#\n]*)|`(tutelage [^`\n]*)`", re.MULTILINE)


def shown(page: Path) -> list[str]:
    return [
        part.strip()
        for a, b in SHOWN.findall(page.read_text(encoding="utf-8"))
        for part in (a or b).split(";")
        if part.strip().startswith("tutelage ")
    ]


COMMANDS = sorted({(page.name, command) for page in PAGES for command in shown(page)})


def test_the_pages_show_commands() -> None:
    assert len(PAGES) >= 7 and len(COMMANDS) > 25


@pytest.mark.parametrize(("page", "command"), COMMANDS)
def test_command(page: str, command: str) -> None:
    verbs = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    words = shlex.split(command.partition(">")[0])[1:]
    if words[0].startswith("-"):
        return
    assert words[0] in verbs, f"{page}: there is no verb {words[0]}"
    known = {name for parameter in verbs[words[0]].params for name in parameter.opts} | {"--help"}
    for word in words[1:]:
        if word.startswith("--"):
            assert word.partition("=")[0] in known, f"{page}: {words[0]} has no option {word}"
    if (
        words[0] == "claim"
        and len(words) > 1
        and not words[1].startswith("-")
        and words[1] not in {"KEY", "author2020_word"}
    ):
        assert words[1] in papers()
    if words[0] == "show" and "/" in words[1]:
        room, name = words[1].split("/")
        assert name in names(room)
    if words[0] == "run" and words[1] in {"few-labels", "which-data"}:
        assert words[1] in built_in()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_named_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for path in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert (page.parent / path).exists(), path
    for path in re.findall(r"`((?:src|tests|docs|benchmarks)/[\w/.-]+\.(?:py|md|yaml))`", text):
        assert (ROOT / path).exists() or "gap_to_median" in path, path


def test_make_targets_named_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    used = {
        target
        for page in PAGES
        for target in re.findall(r"(?:^    |`)make ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert used and used <= targets
