"""Under which software and on which machine a run was made; never a secret."""

from __future__ import annotations

import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

SOFTWARE = (
    "tutelage",
    "numpy",
    "scipy",
    "scikit-learn",
    "pyarrow",
    "onnxruntime",
    "tokenizers",
    "torch",
    "accelerate",
    "transformers",
)


def environment() -> dict[str, Any]:
    """Versions, revision and machine; never a secret."""
    found = {}
    for package in SOFTWARE:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return {"python": platform.python_version(), "software": found, "git": revision(), "machine": platform.machine(),
            "system": platform.system(), "started": datetime.now(UTC).isoformat(timespec="seconds")}  # fmt: skip


def revision(folder: Path | None = None) -> str:
    """The git revision of the code, "+" when it was changed since; empty outside a checkout.

    Verdicts in claims/ are no code: one that was just written does not change what the next paper runs on.
    """
    here = folder or Path(__file__).resolve().parent
    differs = ["status", "--porcelain", "--untracked-files=no", "--", ":(top)", ":(top,exclude)claims"]
    try:
        commit = _git(here, "describe", "--always", "--abbrev=40")
        return f"{commit}+" if _git(here, *differs) else commit
    except (OSError, subprocess.SubprocessError):
        return ""


def _git(folder: Path, *arguments: str) -> str:
    asked = ["git", "-C", str(folder), *arguments]
    return subprocess.run(asked, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
