"""A linear rule fitted to runs: mean indicators of the sets that were taught, log of the loss that came out.

Ordinary least squares with a permutation test of the whole and a leave-one-out R^2, by clusters where sets share rows:

    log loss_s = b_0 + sum_i b_i I_i(s) + noise,   loo R^2 = 1 - sum (y_s - y^_{-s})^2 / sum (y_s - mean_{-s})^2

Source: Cao, Kang, Wang, Sun (2023), Instruction mining, section 3; Draper and Smith (1998), sections 5 and 8 (least
squares, deleted residuals); Phipson, Smyth (2010) for (1 + exceedances) / (1 + permutations).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from tutelage.core.data import Array, Bools, Floats, Ints, Rng
from tutelage.core.errors import Fault, Refused


class Fitted(NamedTuple):
    """One number for each indicator unless said otherwise; an indicator that was dropped has coefficient 0."""

    names: tuple[str, ...]
    intercept: float
    coefficients: Floats
    low: Floats  # 95 % intervals of the coefficients, NaN where dropped
    high: Floats
    p_values: Floats  # of t tests in the fit of all indicators, Holm's correction applied
    kept: Bools
    r2: float  # of the fit that is returned
    loo_r2: float  # of the fit of all indicators, so that dropping does not flatter it
    p: float  # of loo_r2 over permutations of the losses, whole fits

    def rule(self) -> dict[str, float]:
        """The coefficients of those kept, as `choose: {use: quality_rule, coefficients: ...}` takes them."""
        return {name: float(self.coefficients[at]) for at, name in enumerate(self.names) if self.kept[at]}


def fitted(
    x: Array,
    loss: Array,
    names: Sequence[str],
    rng: Rng,
    *,
    alpha: float | None = 0.05,
    permutations: int = 999,
    clusters: Ints | None = None,
) -> Fitted:
    """The rule from mean indicators x (s, k) and losses (s,), all positive.

    alpha: indicators whose corrected p value is not below it are dropped and the rest is fitted again; None keeps all.
    clusters (s,): sets that share rows are left out together.
    Refused where there are too few sets, a loss is not positive, or an indicator is a combination of the others.
    """
    x, y = np.asarray(x, dtype=np.float64), _logs(np.asarray(loss, dtype=np.float64), x, names)
    groups = np.arange(len(y)) if clusters is None else np.unique(clusters, return_inverse=True)[1]
    _independent(x, names)
    whole = _ols(x, y)
    with np.errstate(divide="ignore"):  # a fit without a rest has errors of 0
        raw = 2 * stats.t.sf(np.abs(whole.b[1:] / whole.error[1:]), len(y) - x.shape[1] - 1)
    p_values = _holm(raw)
    kept = np.ones(len(names), dtype=bool) if alpha is None else p_values < alpha
    best = _ols(x[:, kept], y)
    spread = stats.t.ppf(0.975, len(y) - int(kept.sum()) - 1) * best.error[1:]
    coefficients, low, high = np.zeros(len(names)), np.full(len(names), np.nan), np.full(len(names), np.nan)
    coefficients[kept], low[kept], high[kept] = best.b[1:], best.b[1:] - spread, best.b[1:] + spread
    loo = leave_out_r2(x, y, groups)
    draws = [leave_out_r2(x, y[rng.permutation(len(y))], groups) for _ in range(permutations)]
    p = (1 + sum(draw >= loo for draw in draws)) / (1 + permutations)
    return Fitted(tuple(names), float(best.b[0]), coefficients, low, high, p_values, kept, best.r2, loo, float(p))


def leave_out_r2(x: Array, y: Array, groups: Ints) -> float:
    """R^2 of predictions for each group by the fit of all others, against the mean of all others.

    >>> leave_out_r2(np.arange(4.0)[:, None], np.array([1.0, 3.0, 5.0, 7.0]), np.arange(4))
    1.0
    """
    design = np.column_stack([np.ones(len(y)), x])
    wrong, plain = 0.0, 0.0
    for group in np.unique(groups):
        out = groups == group
        b = np.linalg.lstsq(design[~out], y[~out], rcond=None)[0]
        wrong += float(((y[out] - design[out] @ b) ** 2).sum())
        plain += float(((y[out] - y[~out].mean()) ** 2).sum())
    return 1 - wrong / plain if plain > 0 else float("nan")


class _Ols(NamedTuple):
    b: Floats  # (1 + k,) the intercept first
    error: Floats  # (1 + k,) standard errors
    r2: float


def _ols(x: Array, y: Array) -> _Ols:
    design = np.column_stack([np.ones(len(y)), x])
    q, r = np.linalg.qr(design)
    b = np.linalg.solve(r, q.T @ y)
    rest = y - design @ b
    variance = float(rest @ rest) / max(len(y) - design.shape[1], 1)
    inverse = np.linalg.inv(r)
    total = float(((y - y.mean()) ** 2).sum())
    r2 = 1 - float(rest @ rest) / total if total > 0 else float("nan")
    return _Ols(b, np.sqrt(variance * (inverse**2).sum(axis=1)), r2)


def _holm(p: Floats) -> Floats:
    """Holm's step-down correction, in the order given."""
    order = np.argsort(p, kind="stable")
    raised = np.maximum.accumulate((len(p) - np.arange(len(p))) * p[order])
    made = np.empty(len(p))
    made[order] = np.minimum(raised, 1)
    return made


def _logs(loss: Floats, x: Array, names: Sequence[str]) -> Floats:
    least = len(names) + 3
    if x.shape != (len(loss), len(names)):
        raise Refused(Fault("fit", f"{len(loss)} losses and {len(names)} indicators do not fit numbers of {x.shape}"))
    if len(loss) < least:
        help = "teach on more sets; about eight for each indicator are a fair number"
        raise Refused(Fault("fit", f"{len(loss)} sets cannot settle {len(names)} indicators; {least} could", help))
    bad = np.flatnonzero(~(loss > 0) | ~np.isfinite(loss) | ~np.isfinite(x).all(axis=1))
    if len(bad):
        raise Refused(Fault("fit", f"set {bad[0]} has the loss {loss[bad[0]]} and the indicators {x[bad[0]].tolist()}",
                            "losses are positive, and all numbers finite"))  # fmt: skip
    if np.ptp(loss) == 0:
        raise Refused(Fault("fit", f"the loss is {loss[0]:g} for all sets", "were the students taught on them?"))
    return np.log(loss)


def _independent(x: Array, names: Sequence[str]) -> None:
    """Refused where an indicator says nothing that the ones before it do not."""
    spread = x.std(axis=0)
    for at, name in enumerate(names):
        scaled = (x[:, : at + 1] - x[:, : at + 1].mean(axis=0)) / np.where(spread[: at + 1] > 0, spread[: at + 1], 1)
        if np.linalg.matrix_rank(scaled, tol=1e-8 * len(x)) < at + 1:
            what = f"the indicator {name!r} is the same for all sets, or a combination of the others"
            raise Refused(Fault("fit", what, "leave it out, or mix the sets more"))
