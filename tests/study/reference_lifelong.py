"""Lifetimes for a comparison with l2metrics, and the numbers that l2metrics gives for them; no test runs this file.

    python tests/study/reference_lifelong.py write            writes tests/study/lifelong/<scenario>/ with our exporter
    PEER/python tests/study/reference_lifelong.py measure     writes tests/study/lifelong/l2metrics.json

PEER is an environment of its own: l2metrics 3.1.0 and l2logger 1.8.2 need numpy < 2 and pandas < 2 (they use np.NaN),
and Python 3.11. What was installed is written into the file.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent / "lifelong"
SETTINGS = {
    "default": {},
    "curves": {"ste_averaging_method": "time"},
    "clamped": {"clamp_outliers": True, "aggregation_method": "median"},
    "plain": {"smoothing_method": "none", "normalization_method": "none"},
}


def lifetime(rng, order, lengths, evaluations, decimals):
    """Learning raises the trained task towards 1 and wears the others down; (block, train, task, performance) columns."""
    tasks = sorted(set(order))
    level = {task: float(rng.uniform(0.1, 0.3)) for task in tasks}
    lines = []

    def evaluate(block):
        for task in tasks:
            for _ in range(evaluations):
                lines.append((block, False, task, level[task] + rng.normal(0, 0.02)))

    evaluate(0)
    for number, (task, length) in enumerate(zip(order, lengths, strict=True)):
        for _ in range(length):
            level[task] += (0.95 - level[task]) * float(rng.uniform(0.02, 0.15))
            for other in tasks:
                if other != task:
                    level[other] += float(rng.normal(-0.002, 0.004))
            lines.append((2 * number + 1, True, task, level[task] + rng.normal(0, 0.03)))
        evaluate(2 * number + 2)
    block, train, task, performance = zip(*lines, strict=True)
    return block, train, task, np.round(performance, decimals)


def expert(rng, length, decimals):
    level, curve = 0.15, []
    for _ in range(length):
        level += (0.97 - level) * float(rng.uniform(0.02, 0.12))
        curve.append(level + rng.normal(0, 0.03))
    return np.round(curve, decimals)


def write():
    from tutelage.kit.lifetimes import Lifetime
    from tutelage.study.lifelong_logs import write_logs

    def log(folder, block, train, task, performance, scenario):
        count = np.arange(len(block))
        write_logs(folder, Lifetime(np.array(block), np.array(train), np.array(task), count, performance), scenario)

    rng = np.random.Generator(np.random.PCG64(44))
    # windows of 5, 8, 4, 6, 3 and 0 places: odd, even and none
    dispersed = (["a_1", "b_1", "c_1", "b_1", "a_1", "c_1", "a_1"], [25, 40, 20, 31, 15, 12, 26], 3, 6)
    condensed = (["d_1", "e_1", "f_1", "g_1"], [10, 12, 8, 10], 1, 2)
    lives = {"dispersed": dispersed, "condensed": condensed}
    curves = {
        "dispersed": {"a_1": [60], "b_1": [55, 80], "c_1": [27]},
        "condensed": {"d_1": [10], "e_1": [9, 12, 14], "g_1": [30]},  # f_1 has no expert
    }
    for name, (order, lengths, evaluations, decimals) in lives.items():
        log(HERE / name / "life", *lifetime(rng, order, lengths, evaluations, decimals), name)
        for task, sizes in curves[name].items():
            for number, size in enumerate(sizes):
                one = expert(rng, size, decimals)
                log(HERE / name / f"expert-{task}-{number}", [0] * size, [True] * size, [task] * size, one, "ste")


def measure():
    from importlib.metadata import version

    packages = ("l2metrics", "l2logger", "numpy", "pandas", "scipy")
    found = {"versions": {name: version(name) for name in packages}, "python": sys.version.split()[0], "numbers": {}}
    for folder in sorted(path for path in HERE.iterdir() if path.is_dir()):
        with tempfile.TemporaryDirectory() as store:
            os.environ["L2DATA"] = store
            from l2metrics.report import MetricsReport
            from l2metrics.util import store_ste_data

            for path in sorted(folder.glob("expert-*")):
                store_ste_data(path, "a")
            for name, settings in SETTINGS.items():
                report = MetricsReport(log_dir=folder / "life", perf_measure="performance", maintenance_method="both",
                                       transfer_method="both", **settings)  # fmt: skip
                report.calculate()
                wanted = report.task_metrics
                found["numbers"][f"{folder.name}/{name}"] = {
                    "lifetime": {key: report.ll_metrics_dict[key] for key in wanted},
                    "tasks": {task: {key: own[key] for key in wanted}
                              for task, own in report.ll_metrics_dict["task_metrics"].items()},
                }  # fmt: skip
    (HERE / "l2metrics.json").write_text(json.dumps(found, indent=1, default=float) + "\n", encoding="utf-8")


if __name__ == "__main__":
    {"write": write, "measure": measure}[sys.argv[1]]()
