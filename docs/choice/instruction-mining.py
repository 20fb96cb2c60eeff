"""Fit a quality rule on sets of different quality and write docs/choice/instruction-mining.json.

    python docs/choice/instruction-mining.py [--runs DIR] [--seeds N] [--set PATH=VALUE ...] [--to FILE]

One run of docs/choice/instruction-mining.yaml, about twelve minutes of one core the first time, which goes on where it
stopped. What is written is the mean indicators of every set, the loss that came out, and the rule. Its coefficients are
what `choose: {use: quality_rule, coefficients: ...}` takes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tutelage.core.rng import stream
from tutelage.kit.quality_fit import Fitted
from tutelage.recipe.conditions import Measure
from tutelage.runs.record import Record, write
from tutelage.study.measure import per_seed, told
from tutelage.study.quality import fit_rule

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from measuring import asked, finished

HERE = Path(__file__).resolve().parent
STUDY = HERE / "instruction-mining.yaml"
ARM = "probe"


def fit(record: Record, names: tuple[str, ...]) -> Fitted:
    """The indicators that count; where none does by itself, all of them."""
    made = fit_rule(record, names, stream(0, "fit"))
    return made if made.kept.any() else fit_rule(record, names, stream(0, "fit"), alpha=None)


def measured(record: Record) -> dict[str, Any]:
    """Numbers as they are, so that whoever fits them again finds the same rule."""
    names = tuple(record.read().recipes[ARM].teach["indicators"])
    rule = fit(record, names)
    loss = per_seed(record, ARM, Measure(use="last", of="reply_loss"))
    sets = [dict(zip((*names, "reply_loss"), map(float, row), strict=True))
            for row in zip(*(told(record, ARM, name) for name in names), loss, strict=True)]  # fmt: skip
    made_by = json.loads((record.folder / "environment.json").read_text(encoding="utf-8"))
    about = {"git": made_by["git"], "date": made_by["started"][:10], "digest": record.digest()}
    fitted = {"intercept": rule.intercept, "coefficients": rule.rule(), "loo_r2": rule.loo_r2, "p": rule.p,
              "r2": rule.r2, "p_values": dict(zip(names, rule.p_values.tolist(), strict=True))}  # fmt: skip
    return {**about, "fitted": fitted, "sets": dict(zip(map(str, record.seeds), sets, strict=True))}


def main() -> None:
    given = asked(str(__doc__), {}, HERE / "instruction-mining.json")
    made = measured(finished("instruction-mining", STUDY, given.sets, given.runs))
    rows = ",\n".join(f"  {json.dumps(seed)}: {json.dumps(one)}" for seed, one in made.pop("sets").items())
    head = ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in made.items())
    write(given.to, f'{{\n{head},\n "sets": {{\n{rows}\n }}\n}}\n')
    sys.stdout.write(f"written: {given.to}\n{json.dumps(made['fitted'], indent=1)}\n")


if __name__ == "__main__":
    main()
