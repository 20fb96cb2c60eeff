"""Run what a paper claims and say whether it held here; full runs on a clean checkout are written to claims/."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tutelage.core.errors import Fault, Refused
from tutelage.papers.provenance import changed, committed, hash_of
from tutelage.papers.read import FOLDER, paper
from tutelage.recipe.read import Read
from tutelage.recipe.schema import Paper
from tutelage.runs.environment import revision
from tutelage.runs.record import Record, write
from tutelage.study.judge import Judged, judge, overall
from tutelage.study.run import Prepared, Progress, go_on, prepare, start
from tutelage.study.summary import Summary, plain, summary

REPOSITORY = FOLDER.parents[2]
CLAIMS = REPOSITORY / "claims" if (REPOSITORY / "pyproject.toml").is_file() else Path("claims")


class ClaimResult(NamedTuple):
    """What one run of a claim showed."""

    key: str
    outcome: str  # held, refuted, unclear; "waiting" when a person has to answer
    judged: tuple[Judged, ...]
    run: Path
    written: Path | None  # the file in claims/, None when this run does not count as the claim's own
    why_not: str  # why it was not written, in a sentence
    record: dict[str, Any]  # what was, or would have been, appended


def claim(
    key: str,
    seeds: str | None = None,
    sets: Sequence[str] = (),
    profile: str = "full",
    root: Path = Path("runs"),
    workers: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    folder: Path = CLAIMS,
    keep: bool = False,
) -> ClaimResult:
    """Run the paper's study and judge it. `seeds`: "a:b" are a, ..., b - 1. `keep`: write a replication down as well.

    Only the default seeds in the full profile without overrides, on a clean checkout, are the claim's own run.
    Missing passes through when an asset is not here; nothing is written then. A run of the same claim that was
    interrupted goes on.
    """
    overrides = [*sets, *([f"seeds={json.dumps(seeds_of(seeds))}"] if seeds else [])]
    card, read = paper(key, overrides, profile)
    why_not = _why_not(key, bool(overrides), profile)
    prepared = prepare(read)
    record = _begun(prepared, root) or start(prepared, root, tuple(overrides))
    if go_on(record, workers, progress) == "waiting":
        return ClaimResult(key, "waiting", (), record.folder, None, "it waits for a person", {})
    judged = judge(record)
    entry = entry_of(card, read, profile, judged, summary(record))
    written = None
    if not why_not or keep:
        written = _append(folder / f"{key}.json", card, entry, "replications" if why_not else "runs")
    return ClaimResult(key, overall(judged), judged, record.folder, written, why_not, entry)


def verdict(key: str, folder: Path = CLAIMS) -> dict[str, Any] | None:
    """The latest verdict on file, None when the claim was never run."""
    path = folder / f"{key}.json"
    if not path.is_file():
        return None
    found: dict[str, Any] | None = json.loads(path.read_text(encoding="utf-8"))["verdict"]
    return found


def seeds_of(text: str) -> list[int]:
    """The seeds that "a:b" names. Refused for anything else.

    >>> seeds_of("100:103")
    [100, 101, 102]
    """
    first, colon, last = text.partition(":")
    if not colon or not first.isdigit() or not last.isdigit() or int(first) >= int(last):
        raise Refused(Fault("--seeds", f"seeds are written a:b, with a below b; found {text!r}", "--seeds 100:110"))
    return list(range(int(first), int(last)))


def entry_of(card: Paper, read: Read, profile: str, judged: Sequence[Judged], found: Summary) -> dict[str, Any]:
    """One run of a claim as it is kept: enough to judge it again, and to see on what it ran."""
    return {
        "outcome": overall(judged),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": card.version,
        "claim": hash_of(card),
        "claim_commit": committed(card.key),
        "git": found.environment["git"],
        "profile": profile,
        "seeds": list(read.study.seed_list),
        "conditions": [plain(one) for one in judged],
        "arms": {
            arm.name: {
                score.name: {"last": plain(score.final), "area": plain(score.area), "per_seed": list(score.per_seed)}
                for score in arm.scores.values()
            }
            for arm in found.arms
        },
        "cost": found.cost,
        "seconds": round(found.seconds, 1),
        "digest": found.digest,
        "environment": {key: found.environment[key] for key in ("python", "software", "machine")},
    }


def _why_not(key: str, overridden: bool, profile: str) -> str:
    """Why a run is not the claim's own; empty when it is."""
    if overridden or profile != "full":
        return "it ran with other seeds, settings or another profile than the claim states"
    if not committed(key):
        return f"{key}.yaml is not committed as it stands: a claim is written down before it is run"
    different = changed()
    return f"the checkout has uncommitted changes ({', '.join(different[:3])})" if different else ""


def _begun(prepared: Prepared, root: Path) -> Record | None:
    """An unfinished run of just this study by just this code."""
    wanted = prepared.read.resolved()
    for folder in sorted(root.glob(f"{Path(prepared.read.source.name).stem}-*"), reverse=True):
        if not (folder / "resolved.yaml").is_file():
            continue
        same = yaml.safe_load((folder / "resolved.yaml").read_text(encoding="utf-8")) == json.loads(json.dumps(wanted))
        code = json.loads((folder / "environment.json").read_text(encoding="utf-8"))["git"]
        if same and code == revision() and not code.endswith("+") and not Record(folder).digest():
            return Record(folder)
    return None


def _append(path: Path, card: Paper, entry: dict[str, Any], to: str) -> Path:
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
    return path
