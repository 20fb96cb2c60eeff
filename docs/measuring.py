"""What the measurements behind the guides share: a run that goes on where it stopped, numbers that do not flicker."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from tutelage.core.errors import Fault, Refused
from tutelage.recipe.read import read
from tutelage.runs.record import Record
from tutelage.study.run import go_on, prepare, start


def finished(name: str, study: Path, sets: tuple[str, ...], runs: Path) -> Record:
    """The finished run of this name; an unfinished one goes on. Refused when it is another study."""
    folder, prepared = runs / name.replace(" ", "-"), prepare(read(str(study), sets))
    record = Record(folder) if folder.is_dir() else start(prepared, runs, sets, folder.name)
    if record.read().resolved() != prepared.read.resolved():
        raise Refused(Fault(str(folder), "a run of this name was made with other settings", "--runs another folder"))
    before = -1

    def tell(seen: Any) -> None:
        nonlocal before
        if seen.done_jobs != before:
            before = seen.done_jobs
            sys.stderr.write(f"{name}: {seen.done_jobs} of {seen.jobs} arms x seeds\n")

    go_on(record, progress=tell)
    return record


def asked(about: str, data: dict[str, tuple[str, ...]], to: Path) -> argparse.Namespace:
    """The options of such a script; `sets` hold what --seeds and --set say."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--set", action="append", default=[], dest="sets")
    parser.add_argument("--only", action="append", choices=list(data))
    parser.add_argument("--to", type=Path, default=to)
    given = parser.parse_args()
    given.sets = (*([f"seeds={given.seeds}"] if given.seeds else []), *given.sets)
    return given


def rounded(value: Any) -> Any:
    """To six decimals: what is written shall not depend on the last bit."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return round(value, 6) if isinstance(value, float) else value


def lines(made: dict[str, Any]) -> str:
    """JSON with one arm a line, so that a difference between two measurements can be read."""
    tables = []
    for name, one in made.items():
        arms = ",\n".join(f"   {json.dumps(arm)}: {json.dumps(found)}" for arm, found in one["arms"].items())
        head = json.dumps({key: value for key, value in one.items() if key != "arms"})[1:-1]
        tables.append(f' {json.dumps(name)}: {{\n  {head},\n  "arms": {{\n{arms}\n  }}\n }}')
    return "{\n" + ",\n".join(tables) + "\n}\n"
