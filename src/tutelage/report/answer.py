"""The first sentence of the page: who won, by how much, how sure, and what it cost."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from tutelage.recipe.conditions import Contrast
from tutelage.report.costs import price, prices
from tutelage.report.latest import Latest
from tutelage.report.sentences import Said
from tutelage.report.verdicts import Headline
from tutelage.report.words import count, interval, listed, score_name, shown
from tutelage.runs.record import ArmState
from tutelage.study.contrast import Condition
from tutelage.study.judge import Judged
from tutelage.study.summary import ArmOf, Summary

FEW = 3  # arms that are told one by one before a verdict
ONE = {"better": "is better", "worse": "is worse", "tie": "ties", "unclear": "cannot be told apart yet"}
SEVERAL = {**ONE, "better": "are better", "worse": "are worse", "tie": "tie"}


class Answer(NamedTuple):
    """What stands above everything else. `badge` "" without a verdict."""

    said: Said
    more: str  # the rest of the first sentence
    basis: tuple[str, ...]
    price: str
    badge: str


def answer(told: Summary, headlines: Sequence[Headline], states: Sequence[ArmState], latest: Sequence[Latest],
           stopped: str, of: str) -> Answer:  # fmt: skip
    """From the conditions; without any, or before every arm is done, what is known.

    stopped: what is to be said about a study that stopped before its last seed. of: the leading score.
    """
    if not told.judged:
        return Answer(_known(told, states, latest, of), "", (), prices(told), "")
    family = _family(told.judged)
    first = family[0]
    basis = [headlines[first].basis]
    tallied = Counter(one.outcome for one in told.judged if one.condition.gate)
    if tallied.total() > 1:
        outcomes = [f"{tallied[word]} {word}" for word in ("held", "refuted", "unclear") if tallied[word]]
        basis.append(f"of {tallied.total()} conditions {listed(outcomes)}")
    if stopped:
        basis.append(stopped)
    return Answer(headlines[first].said, _others(told.judged, family), tuple(basis), prices(told),
                  headlines[first].badge)  # fmt: skip


def _family(judged: Sequence[Judged]) -> list[int]:
    """The first condition asked of the study, and those that compare other arms with the same one; best first."""
    gated = [k for k, one in enumerate(judged) if one.condition.gate] or list(range(len(judged)))
    lead = judged[gated[0]].condition
    if lead.pair is None or lead.within is not None:
        return gated[:1]
    alike = {judged[k].condition.pair: k for k in reversed(gated) if _like(judged[k].condition, lead)}
    rank = {"better": 0, "tie": 1, "unclear": 1, "worse": 2}
    return sorted(alike.values(), key=lambda k: (rank[judged[k].verdict], -_number(judged[k].estimate), k))


def _like(one: Condition, lead: Contrast) -> bool:
    """Whether both compare an arm with the same other one by the same measure."""
    assert lead.pair is not None
    if one.pair is None or one.within is not None:
        return False
    return one.pair[1] == lead.pair[1] and one.measure == lead.measure


def _others(judged: Sequence[Judged], family: Sequence[int]) -> str:
    """What became of the other arms that were compared with the same one."""
    if len(family) < 2:
        return ""
    counts = Counter[str](judged[k].verdict for k in family[1:])
    pair = judged[family[0]].condition.pair
    assert pair is not None
    parts = [f"{counts[word]} {(ONE if counts[word] == 1 else SEVERAL)[word]}" for word in ONE if counts[word]]
    size = len(family) - 1
    if size == 1:
        other = judged[family[1]].condition.pair
        assert other is not None
        return f"{other[0]}, also compared with {pair[1]}, {ONE[judged[family[1]].verdict]}"
    return f"of {size} other arms compared with {pair[1]}, {listed(parts)}"


def _known(told: Summary, states: Sequence[ArmState], latest: Sequence[Latest], of: str) -> Said:
    """Without a verdict: how far the run is, and what the finished seeds reached, else the unfinished ones."""
    reached = [one for one in told.arms if of in one.scores and math.isfinite(one.scores[of].final.value)]
    done = sum(state.status == "done" for state in states)
    start = f"No verdict yet: {count(done, 'job')} of {len(states)} done" if done < len(states) else ""
    if not reached:
        stands = "; ".join(one.text for one in latest[:FEW])
        more = f", and {len(latest) - FEW} more below" if len(latest) > FEW else ""
        return Said((f"{start}. So far {stands}{more}" if stands else start) or "Nothing was measured", "", "")
    if start:
        start += ". So far"
    if len(reached) <= FEW:
        return Said(f"{start} {'; '.join(alone(arm, told, of) for arm in reached)}".strip(), "", "")
    low, high = (pick(reached, key=lambda arm: arm.scores[of].final.value) for pick in (min, max))
    values = f"from {shown(of, low.scores[of].final.value)} ({low.name}) to"
    top = f"{shown(of, high.scores[of].final.value)} ({high.name})"
    text = f"{len(reached)} arms reach {score_name(of)} {values} {top}"
    return Said(f"{start} {text}".strip(), "", "")


def alone(arm: ArmOf, told: Summary, of: str) -> str:
    """What one arm reached at which price, compared with nothing."""
    final = arm.scores[of].final
    span, paid = interval(of, final), price(arm.spent, told.units)
    tail = (f" {span}" if span != "–" else "") + (f" with {paid}" if paid else "")
    return f"{arm.name} reaches {shown(of, final.value)} {score_name(of)}{tail}"


def apart(told: Summary, of: str) -> list[str]:
    """The same of every arm, where there are several and nothing is compared (yet)."""
    reached = [arm for arm in told.arms if of in arm.scores and math.isfinite(arm.scores[of].final.value)]
    return [] if told.judged else [alone(arm, told, of) for arm in reached]


def _number(value: float) -> float:
    return value if math.isfinite(value) else -math.inf
