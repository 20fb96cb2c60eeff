"""One arm at one seed of a run, for machines that take such jobs one by one: SLURM, xargs."""

from __future__ import annotations

import json

from tutelage.core.errors import Fault, Refused, nearest
from tutelage.core.rng import stream
from tutelage.recipe.fit import fit_one
from tutelage.runs.arm import execute
from tutelage.runs.record import Record, changes, fingerprints
from tutelage.study.observe import observe


def single(record: Record, arm: str, seed: int) -> str:
    """Run it unless it is done: "done" or "waiting". Others may run beside it, a whole `go_on` may not.

    Refused for an arm or a seed that the run has not, and when the data under it changed.
    """
    read = record.read()
    if arm not in read.recipes:
        raise Refused(Fault("--arm", f"{record.name} has no arm {arm!r}", nearest(arm, read.recipes)))
    if seed not in read.study.seed_list:
        known = ", ".join(str(one) for one in read.study.seed_list[:20])
        raise Refused(Fault("--seed", f"{record.name} has no seed {seed}", f"its seeds: {known}"))
    with record.lock(alone=False):
        course = fit_one(read.recipes[arm], read.source, arm).data.course(stream(read.study.seed_list[0], "data"))
        now = json.loads(json.dumps(fingerprints(course)))
        found = changes(record.material()[arm], now)
        if found:
            what = "the data changed since this run began; start a new run, or put the old file back. What differs:"
            raise Refused([Fault(record.name, what), *found])
        said = execute(record.folder, arm, seed)
        observe(record)
    return said
