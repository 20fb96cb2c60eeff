"""Logs of lm-evaluation-harness: `samples_<task>_<time>.jsonl`, a line for each document and filter.

The line names its metrics and holds one value of each. Which way a metric is better stands in `results_<time>.json`
beside it, and holds for the metric of the whole task, which need not be the mean of the values: `perplexity` is
exp(-mean) of log-likelihoods, so that less is better of the one and more of the other. The stored result is therefore
compared with the mean of the values first.

A folder is one arm. A task that stands in it several times was run several times: its runs are seeds, in order of time.

Source: the files that version 0.4.13 of the tool writes (its EvaluationTracker and `process_results`).
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from tutelage.core.data import Floats
from tutelage.core.errors import Fault, Refused
from tutelage.study.foreign.columns import TEXT, Asked, Scores, Sheet, split
from tutelage.study.foreign.json_columns import Place, Wanted, first_object, json_columns

NAMED = re.compile(r"samples_(?P<task>.+)_(?P<time>\d{4}-\d\d-\d\dT[\d.:-]+)\.jsonl")
NO_METRIC = {"doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics"}


class Found(NamedTuple):
    """What the results file says of one measure of one task."""

    result: float | None = None
    higher: bool | None = None


def is_harness(first: dict[str, Any]) -> bool:
    """Whether a line's object is one of this tool's."""
    return "doc_id" in first and bool({"metrics", "filter", "resps"} & set(first))


def harness(paths: list[Path], arm: Path, asked: Asked) -> Sheet:
    """The measures `<metric>,<filter>` of all tasks in these files, which are one arm."""
    runs: dict[str, list[Path]] = {}
    for path in sorted(paths, key=_time):
        named = NAMED.fullmatch(path.name)
        runs.setdefault(named["task"] if named else "", []).append(path)
    scores: list[Scores] = []
    notes: list[str] = []
    for task, files in runs.items():
        if len(files) > 1:
            notes.append(f"{task or arm.name}: {len(files)} runs in the folder, taken as seeds in order of time")
        read = [_file(path, task, asked, notes) for path in files]
        for one in read[0]:
            same = [[other for other in run if other.name == one.name] for run in read]
            scores.append(_stacked([found[0] for found in same if found]) if len(files) > 1 else one)
    return Sheet(arm, "lm-eval", tuple(scores), notes=tuple(dict.fromkeys(notes)))


def _time(path: Path) -> tuple[str, str]:
    named = NAMED.fullmatch(path.name)
    return (named["time"] if named else "", path.name)


def _file(path: Path, task: str, asked: Asked, notes: list[str]) -> list[Scores]:
    first = first_object(path)
    if not is_harness(first):
        raise Refused(
            Fault(str(path), f"no sample of lm-eval; its first line holds {', '.join(first)[:100]}", "--format")
        )
    metrics = first.get("metrics") or [name for name in first if name not in NO_METRIC and not name.endswith("_hash")]
    numbers = [name for name in metrics if type(first.get(name)) in (int, float, bool)]
    for name in (name for name in metrics if name not in numbers):
        notes.append(f"{task}/{name}: a document's value is {json.dumps(first.get(name))[:40]}, no number; left out")
    if not numbers:
        return []
    texts: dict[str, Place] = {name: (name,) for name in ("doc_id", "filter", "doc_hash") if name in first}
    if asked.group is not None:
        texts["group"] = (asked.group,) if asked.group in first else ("doc", asked.group)
    read = json_columns(path, Wanted(texts, tuple(numbers)))
    says = _results(path)
    made = []
    for name in numbers:
        whole = Scores(
            task, name, read.text("doc_id"), read.value(name), None, read.text("group"), read.text("doc_hash")
        )
        filters = read.text("filter")
        for part in split(whole, filters) if filters is not None else [whole._replace(name="")]:
            full = f"{name},{part.name}" if part.name else name
            made.append(_directed(part._replace(name=full), says.get((task, full), Found()), path, notes))
    return made


def _directed(scores: Scores, found: Found, path: Path, notes: list[str]) -> Scores:
    """With the side on which the documents' values are better, as far as the results file settles it."""
    if found.result is None:
        if found.higher is not None:
            return scores._replace(higher=found.higher)
        notes.append(f"{scores.title}: no results file beside {path.name} says which way is better; more is taken")
        return scores
    mean = float(scores.values.mean())
    if math.isclose(mean, found.result, rel_tol=1e-6, abs_tol=1e-9):
        return scores._replace(higher=found.higher)
    if mean < 0 and math.isclose(_exp(-mean), found.result, rel_tol=1e-6):
        notes.append(f"{scores.title}: the documents' values are log-likelihoods, of which more is better")
        return scores._replace(higher=True)
    what = f"the task's {scores.name} is {found.result:g} and no mean of its documents' values ({mean:g})"
    return scores._replace(trouble=what)


def _exp(value: float) -> float:
    return math.exp(value) if value < 700 else math.inf


def _results(path: Path) -> dict[tuple[str, str], Found]:
    """(task, "metric,filter") -> what is said of it; nothing where there is no results file of the same time."""
    named = NAMED.fullmatch(path.name)
    beside = path.parent / f"results_{named['time']}.json" if named else None
    if beside is None or not beside.is_file():
        return {}
    try:
        told = json.loads(beside.read_text(encoding="utf-8"))
        results, better = told["results"], told.get("higher_is_better", {})
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(Fault(str(beside), f"this is no results file: {error}", "move it away to go without")) from error
    made = {}
    for task, values in results.items():
        for key, value in values.items():
            number = float(value) if type(value) in (int, float) else None
            made[task, key] = Found(number, better.get(task, {}).get(key.partition(",")[0]))
    return made


def _stacked(runs: list[Scores]) -> Scores:
    """Several runs of one task as its seeds 1, 2, ..."""
    counts = [len(run.items) for run in runs]
    seeds = np.repeat(np.arange(1, len(runs) + 1).astype(str), counts)
    columns = {
        key: pa.concat_arrays([getattr(run, key) for run in runs])
        for key in ("items", "groups", "prints")
        if all(getattr(run, key) is not None for run in runs)
    }
    values: Floats = np.concatenate([run.values for run in runs])
    trouble = next((run.trouble for run in runs if run.trouble), "")
    return runs[0]._replace(values=values, draws=pa.array(seeds, TEXT), trouble=trouble, **columns)
