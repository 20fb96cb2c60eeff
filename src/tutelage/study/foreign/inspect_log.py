"""Logs of inspect_ai: `.eval` (a zip of JSON) and `.json`; samples with a value for each scorer, repeated by epoch.

Values are turned into numbers as the tool does by default: C 1, P 0.5, I and N 0, yes/true 1, no/false 0, numbers as
they are; a scorer with a value for each of several keys makes several measures. NaN is a sample without a score.

A folder is one arm: every log of one task in it is a run of its own, and its epochs are further draws.

Source: the files that version 0.3.285 of the tool writes (log format 2), and `value_to_float` of its scorers.
"""

from __future__ import annotations

import json
import math
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tutelage.core.data import Floats
from tutelage.core.errors import Fault, Refused
from tutelage.study.foreign.columns import TEXT, Asked, Columns, Scores, Sheet
from tutelage.study.foreign.json_stream import Stream
from tutelage.study.foreign.packed import member

WORDS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0, "yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
SUMMARIES = re.compile(r"_journal/summaries/(\d+)\.json")
ROWS = 8_192  # kept as Python values at once


@dataclass
class Log:
    """One file: what its head says, and its samples as columns; `values` may be NaN."""

    path: Path
    group: str | None
    head: dict[str, Any] = field(default_factory=dict)
    columns: Columns = field(default_factory=Columns)
    samples: int = 0
    odd: dict[str, str] = field(default_factory=dict)  # measure -> a value of it that is no number
    _texts: dict[str, list[str]] = field(default_factory=dict)
    _rows: list[dict[str, float]] = field(default_factory=list)
    _measures: dict[str, int] = field(default_factory=dict)  # measure -> flushed rows before its first

    def add(self, sample: dict[str, Any]) -> None:
        """One sample; of it only id, epoch, group and values stay."""
        self.samples += 1
        texts = {"item": sample["id"], "epoch": sample["epoch"]}
        if self.group is not None:
            texts["group"] = (sample.get("metadata") or {}).get(self.group)
            if texts["group"] is None:
                what = f"sample {sample['id']!r} has no {self.group!r} in its metadata"
                raise Refused(Fault(str(self.path), what, "--group names a key that every sample has"))
        for name, text in texts.items():
            self._texts.setdefault(name, []).append(text if isinstance(text, str) else json.dumps(text))
        self._rows.append(dict(self._values(sample.get("scores") or {})))
        if len(self._rows) == ROWS:
            self.flush()

    def flush(self) -> None:
        """Move what is at hand into columns."""
        done = self.samples - len(self._rows)
        for name, texts in self._texts.items():
            self.columns.texts.setdefault(name, []).append(pa.array(texts, TEXT))
        for name in dict.fromkeys([*self._measures, *(name for row in self._rows for name in row)]):
            if name not in self._measures:
                self._measures[name] = done
                self.columns.values[name] = [np.full(done, math.nan)]
            self.columns.values[name].append(np.array([row.get(name, math.nan) for row in self._rows]))
        self._texts, self._rows = {}, []

    def _values(self, scores: dict[str, Any]) -> Iterator[tuple[str, float]]:
        for scorer, score in scores.items():
            value = score.get("value") if isinstance(score, dict) else None
            several = (
                {f"{scorer}/{key}": one for key, one in value.items()} if isinstance(value, dict) else {scorer: value}
            )
            for name, one in several.items():
                number = _number(one)
                if number is None:
                    self.odd.setdefault(name, json.dumps(one)[:40])
                yield name, math.nan if number is None else number


def inspect_log(paths: list[Path], arm: Path, asked: Asked) -> Sheet:
    """The measures of all logs in `paths`, which are one arm; a measure is named by its scorer."""
    logs = sorted((_read(path, asked.group) for path in paths), key=lambda log: str(log.head["eval"].get("created")))
    notes: list[str] = []
    tokens: Counter[str] = Counter()
    tasks: dict[str, list[Log]] = {}
    for log in logs:
        tasks.setdefault(str(log.head["eval"].get("task", "")), []).append(log)
        if log.head.get("status") != "success":
            notes.append(f"{log.path.name}: the run ended as {log.head.get('status')!r}, so samples may be missing")
        for usage in (log.head.get("stats") or {}).get("model_usage", {}).values():
            tokens.update({kind: int(usage.get(f"{kind}_tokens") or 0) for kind in ("input", "output")})
    scores = []
    for task, runs in tasks.items():
        if len(runs) > 1:
            notes.append(f"{task}: {len(runs)} logs in the folder; run.epoch names a draw")
        odd = {name: value for log in runs for name, value in log.odd.items()}
        notes += [f"{task}/{name}: a sample's value is {value}, no number; left out" for name, value in odd.items()]
        for name in dict.fromkeys(name for log in runs for name in log.columns.values if name not in odd):
            scores.append(_measure(task, name, runs, notes))
    return Sheet(arm, "inspect", tuple(scores), dict(tokens), tuple(notes))


def _measure(task: str, name: str, runs: list[Log], notes: list[str]) -> Scores:
    values: list[Floats] = []
    texts: dict[str, list[pa.Array]] = {}
    for number, log in enumerate((log for log in runs if name in log.columns.values), start=1):
        column = log.columns.value(name)
        scored = np.isfinite(column)
        if not scored.all():
            notes.append(f"{log.path.name}: {int((~scored).sum())} of {log.samples} samples have no {name}")
        values.append(column[scored])
        for key in ("item", "epoch", "group"):
            if (text := log.columns.text(key)) is not None:
                kept = text.filter(pa.array(scored))
                if key == "epoch" and len(runs) > 1:
                    kept = pa.array([f"{number}.{epoch}" for epoch in kept.to_pylist()], TEXT)
                texts.setdefault(key, []).append(kept)
    whole = {key: pa.concat_arrays(parts) for key, parts in texts.items()}
    return Scores(task, name, whole["item"], np.concatenate(values), whole["epoch"], whole.get("group"))


def _read(path: Path, group: str | None) -> Log:
    log = Log(path, group)
    try:
        (_zip if zipfile.is_zipfile(path) else _json)(path, log)
        log.flush()
        if not isinstance(log.head.get("eval"), dict):
            raise KeyError("eval")
    except json.JSONDecodeError as error:
        raise Refused(Fault(str(path), f"this is not whole JSON: {error}", "was it written to the end?")) from error
    except (KeyError, TypeError, AttributeError, UnicodeError, zipfile.BadZipFile, pa.ArrowInvalid, OSError) as error:
        what = f"this is no log of inspect_ai as it is known here: {type(error).__name__} {error}"
        raise Refused(Fault(str(path), what, "--format says what the file is")) from error
    return log


def _json(path: Path, log: Log) -> None:
    with path.open(encoding="utf-8") as file:
        stream = Stream(file)
        for name in stream.members():
            if name == "samples":
                for sample in stream.elements():
                    log.add(sample)
            else:
                value = stream.value()
                log.head |= {name: value} if name in ("status", "eval", "stats") else {}


def _zip(path: Path, log: Log) -> None:
    """The head and the summaries of the samples; a run that was cut off has them only piecewise, in its journal."""
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
    head = "header.json" if "header.json" in names else "_journal/start.json"
    with member(path, head) as text:
        log.head = {"status": "started"} | json.load(text)
    pieces = sorted((int(found[1]), name) for name in names if (found := SUMMARIES.fullmatch(name)))
    for name in ["summaries.json"] if "summaries.json" in names else [name for _, name in pieces]:
        with member(path, name) as text:
            for sample in Stream(text).elements():
                log.add(sample)


def _number(value: Any) -> float | None:
    """The value as a number, NaN for none at all; None for what is no number."""
    if value is None or isinstance(value, (int, float)):
        return math.nan if value is None else float(value)
    if not isinstance(value, str):
        return None
    found = WORDS.get(value, WORDS.get(value.lower()) if len(value) > 1 else None)
    if found is None and re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|NaN", value.strip()):
        found = float(value)
    return found
