"""A checkout of the tests' own, with papers that take a fraction of a second."""

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tutelage.papers import check, provenance, read
from tutelage.papers import claim as claiming


def in_git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def git() -> Callable[..., str]:
    return in_git


@pytest.fixture
def commit() -> Callable[[Path], None]:
    def made(folder: Path) -> None:
        in_git(folder, "add", ".")
        in_git(folder, "commit", "-qm", "claim")

    return made


@pytest.fixture
def shelf_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Mapping[str, str]], Path]:
    """A checkout with these papers (key -> text), not committed yet; its revision is what a record then names."""

    def made(papers: Mapping[str, str]) -> Path:
        folder = tmp_path / "checkout" / "papers"
        folder.mkdir(parents=True)
        in_git(folder, "init", "-q", "..")
        (folder.parent / "README").write_text("x")
        in_git(folder, "add", "../README")
        in_git(folder, "commit", "-qm", "first")
        for key, text in papers.items():
            (folder / f"{key}.yaml").write_text(text)
        monkeypatch.setattr(read, "FOLDER", folder)
        monkeypatch.setattr(claiming, "committed", lambda key, there=provenance.committed: there(key, folder))
        monkeypatch.setattr(claiming, "changed", lambda there=provenance.changed: there(folder))
        monkeypatch.setattr(check, "is_before", lambda one, other: provenance.is_before(one, other, folder))
        real = claiming.entry_of
        monkeypatch.setattr(
            claiming, "entry_of", lambda *given: {**real(*given), "git": in_git(folder, "rev-parse", "HEAD")}
        )
        return folder

    return made
