"""What every student with a head over fixed features shares: labels, probabilities, refitting, files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from tutelage.core.data import Array, Block, Floats32, Lessons, Pool, Rows, labelled
from tutelage.core.digest import digest
from tutelage.core.errors import ContractBroken, Fault, Refused
from tutelage.core.forecast import Lot, Width, Work
from tutelage.core.method import settings
from tutelage.core.stages import Spend
from tutelage.kit.softmax import Softmax, discriminant, nearest_mean, solved
from tutelage.kit.softmax_flop import discriminant_flop, nearest_mean_flop
from tutelage.kit.softmax_flop import flop as softmax_flop
from tutelage.kit.targets import longest, targets

TOLERANCE = 1e-4  # of the mean gradient: halves the time of 1e-6, and accuracy on development data is the same
AT_ONCE = 65_536  # rows whose features are held at a time: 100 MB of 384 numbers, fewer calls of the cache below
Features = Callable[[Pool], Any]  # pool -> (n, d) float32, dense or CSR


@dataclass(frozen=True, eq=False)
class Head:
    """A label list and, once there were lessons, a softmax over features. `kind`: that of `fitted`."""

    labels: tuple[str, ...]
    strength: float
    kind: str = "softmax"
    shrinkage: float = 0.0  # of discriminant
    softmax: Softmax | None = None

    @property
    def fingerprint(self) -> str:
        more = [self.shrinkage] if self.kind == "discriminant" else []
        return digest(list(self.labels), self.strength, self.kind, *more, self.arrays())

    def probs(self, pool: Pool, features: Features) -> Floats32:
        """(n, C) float32; uniform before any lesson, computed in batches."""
        if self.softmax is None or not self.labels:
            return uniform(len(pool), len(self.labels))
        parts = [self.softmax.probs(features(batch)) for batch in pool.batches(AT_ONCE)]
        return np.concatenate(parts) if parts else uniform(0, len(self.labels))

    def fitted(self, lessons: Lessons, features: Features, spend: Spend | None = None) -> Head:
        """Solved for these lessons alone; present weights only shorten the way. Without a lesson: not fitted.

        `kind`: softmax, nearest_mean, or discriminant of dense features (kit.softmax).

        FLOP: as in kit.softmax_flop.
        """
        wanted = targets(lessons, self.labels)
        if not len(wanted.weight):
            return replace(self, labels=wanted.labels, softmax=None)
        x = stacked([features(pool) for pool in wanted.pools])
        if self.kind == "nearest_mean":
            if spend is not None:
                spend(nearest_mean_flop(x.nnz if sparse.issparse(x) else x.size, len(wanted.labels)))
            made = nearest_mean(x, wanted.probs, wanted.weight, self.strength)
        elif self.kind == "discriminant":
            if spend is not None:
                spend(discriminant_flop(len(x), x.shape[1], len(wanted.labels)))
            made = discriminant(x, wanted.probs, wanted.weight, self.shrinkage)
        else:
            start = self._grown(len(wanted.labels))
            found = solved(x, wanted.probs, wanted.weight, self.strength, start, TOLERANCE, spend=spend)
            made = found.head
        return replace(self, labels=wanted.labels, softmax=made)

    def arrays(self) -> dict[str, Array]:
        """What `arrays_of` needs to make this head again."""
        if self.softmax is None:
            return {}
        columns = {} if self.softmax.columns is None else {"columns": self.softmax.columns}
        return {"weights": self.softmax.weights, "bias": self.softmax.bias, **columns}

    def with_arrays(self, labels: tuple[str, ...], arrays: Mapping[str, Array]) -> Head:
        """The head that `arrays` was taken from."""
        held = "weights" in arrays
        softmax = Softmax(arrays["weights"], arrays["bias"], arrays.get("columns")) if held else None
        return replace(self, labels=labels, softmax=softmax)

    def _grown(self, classes: int) -> Softmax | None:
        """The present softmax with columns of probability 0 for labels that came since."""
        if self.softmax is None:
            return None
        more = classes - len(self.softmax.bias)
        weights = np.pad(self.softmax.weights, ((0, 0), (0, more)))
        return self.softmax._replace(
            weights=weights, bias=np.pad(self.softmax.bias, (0, more), constant_values=-np.inf)
        )


def vectors(pool: Pool) -> Width:
    """Of the pool's own vectors."""
    size = pool.table.columns.column("vector").type.list_size
    return Width(size, size, True)


def flop(lot: Lot, kind: str = "softmax", dense: bool = True) -> Work:
    """What `Head.fitted` will spend; a softmax that is not dense never starts from where it was."""
    if not lot.rows:
        return Work(0.0, True)
    entries = lot.rows * lot.width.entries
    if kind == "nearest_mean":
        return Work(nearest_mean_flop(entries, lot.labels), lot.width.exact)
    if kind == "discriminant":
        return Work(discriminant_flop(lot.rows, lot.width.columns, lot.labels), lot.width.exact)
    cost = softmax_flop(lot.rows, lot.width.columns, entries, lot.classes, lot.warm and dense)
    return Work(cost.once + lot.evaluations * cost.each, False)


def uniform(n: int, classes: int) -> Floats32:
    """(n, classes), every class alike."""
    return np.full((n, classes), 1 / max(classes, 1), dtype=np.float32)


def answered(pool: Pool, probs: Floats32, labels: tuple[str, ...], source: str) -> Block:
    """The most probable class of each row; among equals the first. ContractBroken when no label is known at all."""
    if len(pool) and not labels:
        raise ContractBroken(f"{source} was asked for labels before it knew any")
    about = pool.with_labels(longest([pool.labels, labels]))
    codes = probs.argmax(axis=1) if len(pool) else np.zeros(0, dtype=np.int64)
    return labelled(Rows(about, np.arange(len(pool), dtype=np.int64)), codes, source)


def stacked(parts: list[Any]) -> Any:
    """Feature rows of several blocks as one table, dense or CSR."""
    if len(parts) == 1:
        return parts[0]
    return sparse.vstack(parts, format="csr") if sparse.issparse(parts[0]) else np.concatenate(parts)


def dense(pool: Pool, features: Features) -> Floats32:
    """(n, d) features of a whole pool, computed in batches; d is unknown, hence 0, for an empty pool."""
    parts = [features(batch) for batch in pool.batches(AT_ONCE)]
    return np.concatenate(parts) if parts else features(pool)


def save(folder: Path, maker: Any, student: Any, arrays: Mapping[str, Array]) -> None:
    """Write `student.json` (settings, labels, fingerprint) and `student.npz` (arrays, no pickle)."""
    folder.mkdir(parents=True, exist_ok=True)
    about = {"settings": settings(maker), "labels": list(student.labels), "fingerprint": student.fingerprint}
    (folder / "student.json").write_text(json.dumps(about, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    np.savez(folder / "student.npz", allow_pickle=False, **dict(arrays))


def read(folder: Path, maker: Any) -> tuple[tuple[str, ...], dict[str, Array]]:
    """Labels and arrays of a saved student. Refused, setting by setting, when other settings saved it."""
    about = json.loads((folder / "student.json").read_text(encoding="utf-8"))
    faults = [
        Fault(f"{folder / 'student.json'}, {key}", f"saved with {saved!r}, to be loaded with {present!r}")
        for key, saved, present in _differences(about["settings"], json.loads(json.dumps(settings(maker))))
    ]
    if faults:
        raise Refused(faults)
    with np.load(folder / "student.npz", allow_pickle=False) as arrays:
        return tuple(about["labels"]), {key: arrays[key] for key in arrays.files}


def checked(folder: Path, student: Any) -> None:
    """Refused unless this student answers from the same weights as the one that was saved."""
    saved = json.loads((folder / "student.json").read_text(encoding="utf-8"))["fingerprint"]
    if student.fingerprint != saved:
        what = f"fingerprint {student.fingerprint} is not the one saved, {saved}: a weight or the encoder has changed"
        raise Refused(Fault(str(folder), what))


def _differences(saved: Mapping[str, Any], present: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for key in sorted({*saved, *present}):
        if saved.get(key) != present.get(key):
            yield key, saved.get(key), present.get(key)
