"""Was a claim written down before it was run? Answers from git, and the claim's own hash."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tutelage.core.digest import digest
from tutelage.papers.read import FOLDER
from tutelage.recipe.schema import Paper

CLAIMED = ("version", "arms", "seeds", "budget", "control", "measures", "shows", "profiles")


def hash_of(paper: Paper) -> str:
    """Of everything that decides what is run and when it counts as held; not of the words around it."""
    whole = paper.model_dump(mode="json", include=set(CLAIMED))
    return digest(json.dumps(whole, sort_keys=True))


def committed(key: str, folder: Path = FOLDER) -> str:
    """The commit that last changed the paper's file; empty when it is not committed as it stands."""
    name = f"{key}.yaml"
    if _git(folder, "status", "--porcelain", "--", name):
        return ""
    return _git(folder, "log", "-1", "--format=%H", "--", name)


def changed(folder: Path = FOLDER) -> tuple[str, ...]:
    """Tracked files that differ from the last commit, verdicts on file aside; everything when there is no checkout."""
    top = _git(folder, "rev-parse", "--show-toplevel")
    if not top:
        return ("no checkout",)
    lines = _git(Path(top), "status", "--porcelain", "--untracked-files=no", "--", ".", ":!claims").splitlines()
    untracked = _git(Path(top), "status", "--porcelain", "--", "src").splitlines()
    return tuple(dict.fromkeys(line.strip().split(maxsplit=1)[-1] for line in [*lines, *untracked]))


def is_before(claim: str, run: str, folder: Path = FOLDER) -> bool | None:
    """Whether commit `claim` is part of the history of commit `run`; None when this checkout does not know them."""
    if not claim or not run:
        return None
    for commit in (claim, run):
        if not _git(folder, "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}"):
            return None
    return _git(folder, "merge-base", claim, run) == claim


def _git(folder: Path, *arguments: str) -> str:
    """What git prints; empty when it fails, or is not there."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
