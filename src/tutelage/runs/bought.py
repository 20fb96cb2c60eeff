"""What other arms and seeds of a run have bought from students that write: found, not bought again.

A reply's key is a digest of all that it depends on, so whoever asks the same with the same luck hears the same. It is
read when an arm begins: arms that run at the same time may buy the same reply, each for itself. What is found is
charged and written down like a purchase.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tutelage.kit.asked import CALLS, TOKENS
from tutelage.runs.journal import lines


def bought(folder: Path, own: Path) -> dict[str, Any]:
    """Key -> reply or call, of every journal of the run's arms but one's own."""
    found: dict[str, Any] = {}
    for path in sorted(folder.glob("arms/*/*/events.jsonl")):
        if path != own:
            told = (line for line in lines(path) if line["event"] == "pay" and line["unit"] in (TOKENS, CALLS))
            found.update((key, value) for line in told for key, value, _ in line["bought"])
    return found
