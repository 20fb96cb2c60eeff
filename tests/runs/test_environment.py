"""Which revision a record names."""

import subprocess
from pathlib import Path

from tutelage.runs.environment import revision


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_a_change_is_marked_and_a_verdict_is_none(tmp_path: Path) -> None:
    """A verdict written by one paper must not keep the next one's run from being found again."""
    code, claims = tmp_path / "top" / "src", tmp_path / "top" / "claims"
    code.mkdir(parents=True)
    claims.mkdir()
    git(code, "init", "-q", "..")
    for path in (code / "a.py", claims / "a.json"):
        path.write_text("1")
    git(code, "add", "..")
    git(code, "commit", "-qm", "first")
    commit = git(code, "rev-parse", "HEAD")
    assert revision(code) == commit and len(commit) == 40
    (claims / "a.json").write_text("2")
    assert revision(code) == commit
    (code / "a.py").write_text("2")
    assert revision(code) == f"{commit}+"


def test_there_is_none_outside_a_checkout(tmp_path: Path) -> None:
    assert revision(tmp_path) == ""
