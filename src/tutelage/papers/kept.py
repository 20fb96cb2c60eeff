"""The file of a paper in claims/: the verdict on top, the claim's own runs, and replications beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tutelage.papers.read import FOLDER
from tutelage.recipe.schema import Paper
from tutelage.runs.record import write

REPOSITORY = FOLDER.parents[2]
CLAIMS = REPOSITORY / "claims" if (REPOSITORY / "pyproject.toml").is_file() else Path("claims")


def verdict(key: str, folder: Path = CLAIMS) -> dict[str, Any] | None:
    """The latest verdict on file, None when the claim was never run."""
    path = folder / f"{key}.json"
    if not path.is_file():
        return None
    found: dict[str, Any] | None = json.loads(path.read_text(encoding="utf-8"))["verdict"]
    return found


def is_there(path: Path, entry: dict[str, Any]) -> bool:
    """Whether this run was written down when it ended."""
    kept = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"runs": [], "replications": []}
    marks = ("digest", "git", "claim", "profile", "seeds")
    return any(all(one[mark] == entry[mark] for mark in marks) for one in [*kept["runs"], *kept["replications"]])


def append(path: Path, card: Paper, entry: dict[str, Any], to: str) -> None:
    """Add a run to the paper's file; only the claim's own runs change the verdict on top."""
    old = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    made = {
        "key": card.key,
        "title": card.title,
        "verdict": old.get("verdict"),
        "runs": old.get("runs", []),
        "replications": old.get("replications", []),
    }
    made[to] = [*made[to], entry]
    if to == "runs":
        made["verdict"] = {name: entry[name] for name in ("outcome", "date", "version", "claim", "seeds", "seconds")}
    write(path, json.dumps(made, indent=1, ensure_ascii=False) + "\n")
