"""Run what a paper claims and say whether it held here; full runs on a clean checkout are written to claims/."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tutelage.core.errors import Fault, Refused
from tutelage.papers.kept import CLAIMS, append, is_there, verdict
from tutelage.papers.provenance import changed, committed, hash_of
from tutelage.papers.read import paper
from tutelage.recipe.read import Read
from tutelage.recipe.schema import Paper
from tutelage.runs.environment import revision
from tutelage.runs.record import Record
from tutelage.study.judge import Judged, judge, overall
from tutelage.study.run import Prepared, Progress, Workers, go_on, plan_arms, prepare, start
from tutelage.study.summary import Summary, plain, summary

__all__ = ["CLAIMS", "ClaimResult", "claim", "seeds_of", "verdict"]


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
    workers: Workers = None,
    progress: Callable[[Progress], None] | None = None,
    folder: Path = CLAIMS,
    keep: bool = False,
) -> ClaimResult:
    """Run the paper's study and judge it. `seeds`: "a:b" are a, ..., b - 1. `keep`: write a replication down as well.

    Only the default seeds in the full profile without overrides, on a clean checkout, are the claim's own run.
    Missing passes through when an asset is not here; nothing is written then. A run of the same claim that was
    interrupted goes on.
    """
    asked = ask(key, seeds, sets, profile)
    begun = begin(asked, root)
    return conclude(asked, begun, go_on(begun.record, workers, progress), folder, keep)


class Asked(NamedTuple):
    """A claim as it is to be run: the card, and its study under the profile and the overrides."""

    card: Paper
    read: Read
    profile: str
    overrides: tuple[str, ...]

    @property
    def jobs(self) -> int:
        """Arms x seeds, the control that is added among them."""
        return len(plan_arms(self.read).recipes) * len(self.read.study.seed_list)


class Begun(NamedTuple):
    """Its run, and why that does not count as the claim's own (empty when it does), as things stood before it."""

    record: Record
    why_not: str
    was_over: bool  # it had ended before, so it may be written down already


def ask(key: str, seeds: str | None, sets: Sequence[str], profile: str) -> Asked:
    """Read the paper under a profile and overrides; nothing is prepared yet."""
    overrides = (*sets, *([f"seeds={json.dumps(seeds_of(seeds))}"] if seeds else []))
    card, read = paper(key, overrides, profile)
    return Asked(card, read, profile, overrides)


def begin(asked: Asked, root: Path, finished: bool = False) -> Begun:
    """A new run under `root`, or one of the same study by the same code that is there unfinished.

    `finished`: one that has ended will do as well.
    """
    why_not = _why_not(asked.card.key, bool(asked.overrides), asked.profile)
    prepared = prepare(asked.read)
    record = _found(prepared, root, finished)
    if record is not None:
        return Begun(record, why_not, bool(record.digest()))
    return Begun(start(prepared, root, asked.overrides), why_not, False)


def conclude(asked: Asked, begun: Begun, status: str, folder: Path, keep: bool) -> ClaimResult:
    """Judge a run that ended with `status`, and write it down where it counts or is kept."""
    key, record, why_not = asked.card.key, begun.record, begun.why_not
    if status == "waiting":
        return ClaimResult(key, "waiting", (), record.folder, None, "it waits for a person", {})
    judged = judge(record)
    entry = entry_of(asked.card, asked.read, asked.profile, judged, summary(record))
    written = None
    if not why_not or keep:
        written = folder / f"{key}.json"
        if not (begun.was_over and is_there(written, entry)):
            append(written, asked.card, entry, "replications" if why_not else "runs")
    return ClaimResult(key, overall(judged), judged, record.folder, written, why_not, entry)


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


def _found(prepared: Prepared, root: Path, finished: bool) -> Record | None:
    """The newest unfinished run (or any, with `finished`) of just this study by just this code."""
    wanted = prepared.read.resolved()
    for folder in sorted(root.glob(f"{Path(prepared.read.source.name).stem}-*"), reverse=True):
        if not (folder / "resolved.yaml").is_file():
            continue
        same = yaml.safe_load((folder / "resolved.yaml").read_text(encoding="utf-8")) == json.loads(json.dumps(wanted))
        code = json.loads((folder / "environment.json").read_text(encoding="utf-8"))["git"]
        if not same or code != revision() or code.endswith("+"):
            continue
        if finished or not Record(folder).digest():
            return Record(folder)
    return None
