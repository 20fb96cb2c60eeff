"""Was a claim written down before it was run? Answers from git, and the claim's own hash."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tutelage.core.digest import digest
from tutelage.papers.read import FOLDER, text_of
from tutelage.recipe.lines import parse
from tutelage.recipe.schema import Paper

# Every other key decides what is run or when it counts as held, so a key that is new one day is claimed from the start.
WORDS = frozenset({"key", "title", "year", "link", "headline", "here", "not_shown", "found"})


def hash_of(paper: Paper) -> str:
    """Of what the paper's file says is run and when it counts as held; not of the words around it."""
    return hash_of_text(text_of(paper.key))


def hash_of_text(text: str) -> str:
    """The same of a file as written: anchors followed, no default filled in, so that a new default changes no claim.

    The order of keys does not count, except which arm comes first: the others are differences from that one.

    >>> hash_of_text("{key: a, seeds: 5, shows: []}") == hash_of_text("{shows: [], key: b, seeds: 5}")
    True
    """
    written, _ = parse(text, "the claim")
    claimed = {key: value for key, value in written.items() if key not in WORDS}
    first = next(iter(claimed.get("arms", {})), "")
    return digest(json.dumps([first, claimed], sort_keys=True, ensure_ascii=True, default=str))


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
