"""Write a run's page: one file that asks nobody for anything, complete without scripts.

On paper everything is unfolded but the questions that were asked and the recipes, which a reader may unfold first.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import shlex
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import yaml
from markupsafe import Markup

from tutelage.kit.intervals import LEVEL
from tutelage.report import answer, axes, costs, figures, mistakes, tables, verdicts, words
from tutelage.report.latest import Latest, latest
from tutelage.report.ledger import ledger
from tutelage.runs.answered import answered, queue
from tutelage.runs.record import ArmState, Record, write
from tutelage.study.summary import Summary, summary

HERE = Path(__file__).parent
MOST_HEADS = 12  # comparisons that stand open; more of them fold
MOST_MAPS = 8  # maps of mistakes; one of a hundred labels takes some 25 kB
MOST_TITLE = 240  # characters of the question that stand above the answer
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'"


class People(NamedTuple):
    """Who answered how many questions, and how many are open."""

    answered: tuple[tuple[str, int], ...]
    open: int


def build(record: Record) -> Path:
    """Write `report.html` into the run's folder, whatever the run has come to; the path."""
    path, told, states = record.folder / "report.html", summary(record), tuple(record.states())
    bought = max((int(one["bought"]) for one in record.material().values()), default=0)
    so_far = latest(record, states, words.leading(told))
    write(path, render(told, states, people(record), _sets(record), bought, so_far))
    return path


def people(record: Record) -> People:
    """The persons behind the labels."""
    counts = Counter(str(value.get("by", "")) for value in answered(record.folder).values())
    return People(tuple(sorted(counts.items())), len(queue(record).questions))


def render(
    told: Summary,
    states: tuple[ArmState, ...] = (),
    asked: People | None = None,
    sets: tuple[str, ...] = (),
    bought: int = 0,
    so_far: tuple[Latest, ...] = (),
) -> str:
    """The page as text. Everything that is not a number is escaped; scripts and styles are pinned by their hashes.

    sets: the overrides that the run was started with. bought: size of an exam that the run bought itself.
    so_far: where the unfinished jobs stand.
    """
    css, js = ((HERE / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    lead, unit, resolved = words.leading(told), costs.unit_of(told), yaml.safe_load(told.resolved) or {}
    heads, steps = verdicts.headlines(told.judged, told.arms, unit), _steps(resolved)
    unfinished = [state for state in states if state.status != "done"]
    return _environment().get_template("page.html").render(
        s=told,
        css=Markup(css),
        js=Markup(js),
        policy=f"{NOTHING}; style-src '{_pin(css)}'; script-src '{_pin(js)}'",
        lead=lead,
        unit=unit,
        priced=costs.units(told),
        headlines=heads,
        answer=answer.answer(told, heads, states, so_far, _stopped(told, resolved), lead),
        strips=tables.strips(told.judged, unit),
        apart=answer.apart(told, lead),
        ledger=ledger(told),
        plots=tables.plots(told),
        states=states,
        unfinished=unfinished,
        latest={(one.arm, one.seed): one for one in so_far},
        people=asked or People((), 0),
        sets=sets,
        styles={arm.name: figures.style(k) for k, arm in enumerate(told.arms)},
        seeds=max((len(arm.seeds) for arm in told.arms), default=0),
        items=max((arm.scores[lead].items for arm in told.arms if lead in arm.scores), default=0),
        spending=tables.spending(told),
        foreseen=costs.foreseen(told),
        bought=bought,
        notes=_notes(told),
        commands=_commands(told.name, bool(unfinished), any(arm.seeds for arm in told.arms)),
        scores=_score_names(told),
        hows=list(dict.fromkeys(arm.scores[lead].final.how for arm in told.arms if lead in arm.scores)),
        half_width=next((w for arm in told.arms if math.isfinite(w := tables.half_width(arm, lead))), math.nan),
        maps={arm.name: mistakes.confusion_map(arm, told.labels) for arm in told.arms[:MOST_MAPS]},
        run=shlex.quote(told.name),
        steps=steps,
        teachers=_who(steps, told),
    )  # fmt: skip


def _environment() -> jinja2.Environment:
    made = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined,
                              trim_blocks=True, lstrip_blocks=True)  # fmt: skip
    made.filters.update(
        amount=words.amount, between=axes.between, capital=words.capital, cell=costs.cell, duration=costs.duration,
        factor=words.factor, how=words.HOW.get, interval=words.interval, number=axes.number, percent=words.percent,
        places=words.places, plain_unit=costs.plain_unit, pretty=_pretty, said=costs.said,
        score_name=words.score_name, shown=words.shown, text_of=tables.text_of, tight=words.tight,
        thousands="{:,}".format, why=words.why)  # fmt: skip
    made.globals.update(fact_names=tables.fact_names, sittings=tables.sittings, finite=math.isfinite,
                        mistakes=mistakes.mistakes, short=tables.SHORT, signs=words.SIGNS, shorten=axes.shorten,
                        shares=words.SHARES, uncounted=costs.UNCOUNTED, most_heads=MOST_HEADS, usual=LEVEL,
                        most_maps=MOST_MAPS, most_title=MOST_TITLE, styles_there_are=figures.STYLES)  # fmt: skip
    return made


def _stopped(told: Summary, resolved: Mapping[str, Any]) -> str:
    """That a study came to its verdict before its last seed, at a look that it had declared."""
    planned = resolved.get("seeds", 0)
    most = planned if isinstance(planned, int) else len(planned)
    seeds = max((one.seeds for one in told.judged), default=most)
    return f"stopped early, after {seeds} of {most} seeds, at a declared look" if seeds < most else ""


def _score_names(told: Summary) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for arm in told.arms for name in arm.scores))


def _steps(resolved: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """(arm, step) -> the name of the step's teacher, as the recipe has it."""
    made = {}
    for arm, recipe in (resolved.get("arms") or {}).items():
        plain = recipe.get("teach", {}).get("use", "")
        for number, step in enumerate(recipe.get("steps") or ({},)):
            made[str(arm), str(number)] = str(step.get("teach", {}).get("use", plain))
    return made


def _who(steps: Mapping[tuple[str, str], str], told: Summary) -> dict[str, str]:
    """Arm -> the teachers who answered its questions; steps that asked nobody are left out."""
    return {arm.name: ", ".join(dict.fromkeys(steps.get((arm.name, one.step), "") for one in arm.asked))
            for arm in told.arms}  # fmt: skip


def _commands(name: str, unfinished: bool, some: bool) -> list[tuple[str, str]]:
    """(command, what it does), to go on and to repeat. `some`: whether any student has been taught to the end."""
    run, file = shlex.quote(name), shlex.quote(f"runs/{name}/resolved.yaml")
    made = [(f"tutelage resume {run}", "go on where it stopped")] if unfinished else []
    made += [
        (f"tutelage run {file}", "everything again, as it ran"),
        (f"tutelage report {run}", "make this page again"),
    ]
    if some:
        made += [(f"tutelage predict {run} new.csv", "use what was taught"),
                 (f"tutelage export {run} DIR", "take the model along")]  # fmt: skip
    return made


def _notes(told: Summary) -> list[str]:
    """What the data set aside; what was said about a comparison stands beside that comparison."""
    beside = {f"{one.condition.text}: {one.note}" for one in told.judged}
    return [note for note in told.notes if note not in beside]


def _sets(record: Record) -> tuple[str, ...]:
    path = record.folder / "sets.json"
    return tuple(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else ()


def _pin(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _pretty(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, indent=1, ensure_ascii=False)
