"""How fast a machine is that has run nothing yet: two tiny studies on digits, really run, and two speeds measured.

It takes a few seconds. What the studies show is kept like that of any other run, in the user's cache.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tutelage.assets.fetch import asset
from tutelage.core.errors import Missing
from tutelage.core.parts import build, name_of
from tutelage.recipe.read import read_text
from tutelage.study.calibration import changing
from tutelage.study.run import go_on, prepare, start

ARM = "{data: {use: digits, start_per_class: 1}, per_round: 20, rounds: 3, "
SELF = "steps: [{}, {choose: {use: everything}, per_round: null, keep: false, teach: {use: self_training}}]"
STUDY = f"""
arms:
  uniform: {ARM} choose: {{use: uniform}}, student: {{use: vector.logistic}}, {SELF}}}
  margin: {ARM} choose: {{use: margin}}, student: {{use: vector.logistic}}}}
  far: {ARM} choose: {{use: core_set}}, student: {{use: vector.logistic}}}}
  network: {ARM} choose: {{use: badge}}, student: {{use: vector.mlp, epochs: 20}}}}
seeds: 2
control: none
"""
TEXTS = 96  # encoded to measure a speed, a third of a second


def probe() -> None:
    """Run, learn from it, and measure how fast a worker starts and the default encoder encodes, if it is here."""
    with tempfile.TemporaryDirectory() as folder:
        read = read_text(STUDY, "probe.yaml")
        go_on(start(prepare(read), Path(folder)), 0)
    speeds = {"worker": _worker(), **_encoder()}
    with changing() as rates:
        rates.speeds.update(speeds)


def _worker() -> float:
    """Seconds until a process like a worker is ready."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import tutelage.runs.arm"], check=True, timeout=120)
    return time.perf_counter() - began


def _encoder() -> dict[str, float]:
    """Texts a second of the default encoder; nothing where its assets are not here."""
    encoder = build("student", {"use": "text.embedded"}).encoder
    try:
        for name in getattr(encoder, "assets", ()):
            asset(name)
    except Missing:
        return {}
    texts = [f"when will the parcel number {n} that I have sent back be refunded" for n in range(TEXTS)]
    encoder.encode(texts[:8])  # loads the graph
    began = time.perf_counter()
    encoder.encode(texts)
    return {f"encode {name_of(type(encoder))}": TEXTS / (time.perf_counter() - began)}
