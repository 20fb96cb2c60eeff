"""Would choosing take too long, or too much memory? Said before anything is spent, with the restriction that fits.

A chooser says what one choice takes (`kit.cost`), from the sizes of pool, embedding and request alone. Counted are all
choices of all arms at all seeds, spread over the cores of this machine. Refused are

    memory  over TUTELAGE_MEMORY  (4)   gigabytes in one process, what the process holds anyway included
    time    over TUTELAGE_MINUTES (20)  minutes, in pools of more than 20,000 rows

Twenty of the thirty minutes that `few-labels` may take for a file of 100,000 texts whose vectors are at hand; learning,
self-training and examining need the others. In smaller pools time is a matter of how many arms, seeds and rounds were
asked for, and nothing that a restriction of the candidates would mend.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import yaml

from tutelage.core import parts as shelf
from tutelage.core.data import Course
from tutelage.core.errors import Fault, Refused
from tutelage.core.forecast import CanForetell
from tutelage.core.ledger import price
from tutelage.core.stages import CanEmbed
from tutelage.kit.cost import RATE, Cost, Size, cost_of
from tutelage.kit.episodes import episodes
from tutelage.recipe.fit import Parts
from tutelage.recipe.read import Read
from tutelage.study.engine import cores

LARGE = 20_000  # rows of a pool up to which time is not looked at
BASE = 4e8  # bytes that a process holds before it chooses: the interpreter, the libraries, texts or vectors being read
USUAL_WIDTH = 384  # of a student that does not say how wide its embedding is
LOOKS = 40  # rounds that are worked out; those between count as these do
FEWER = (50_000, 20_000, 10_000, 5_000, 2_000, 1_000)  # what `sampled` is offered with


class Limits(NamedTuple):
    """What choosing may take."""

    bytes: float
    seconds: float


class Choices(NamedTuple):
    """All choices that one entry of a recipe makes, over the rounds and seeds of one arm."""

    arm: str
    path: str  # of the chooser, as in steps.1.choose
    spec: Mapping[str, Any]
    chooser: Any
    sizes: tuple[Size, ...]  # of the choices that were worked out
    times: float  # how many choices each of them stands for
    embeds: bool  # whether the student does

    def cost(self, chooser: Any) -> Cost:
        """Had this one made them. bytes: of the largest; flop: of those in large pools, all together."""
        each = [cost_of(chooser, size) for size in self.sizes]
        work = sum(one.flop for one, size in zip(each, self.sizes, strict=True) if size.pool > LARGE)
        return Cost(max((one.bytes for one in each), default=0.0), self.times * work)


def limits() -> Limits:
    """As the environment says. Refused when it does not say a number over 0."""
    return Limits(1e9 * _number("TUTELAGE_MEMORY", 4.0), 60 * _number("TUTELAGE_MINUTES", 20.0))


def too_much(read: Read, parts: Mapping[str, Parts], courses: Mapping[str, Course]) -> Iterator[Fault]:
    """One fault for each chooser that would not fit."""
    allowed, rate, first = limits(), RATE * cores(), next(iter(read.study.arms))
    found = [one for arm, built in parts.items() for one in choices(arm, built, courses[arm], read)]
    costs = [one.cost(one.chooser) for one in found]
    times = [cost.flop / rate for cost in costs]
    fair = allowed.seconds / max(sum(time > 0 for time in times), 1)
    slow = [sum(times) > allowed.seconds and time > fair for time in times]
    rest = sum(time for time, over in zip(times, slow, strict=True) if not over)
    room = max(allowed.seconds - rest, 0.0) / max(sum(slow), 1)
    for one, cost, over in zip(found, costs, slow, strict=True):
        if over or cost.bytes + BASE > allowed.bytes:
            within = allowed._replace(seconds=room if over else math.inf)
            where = read.source.place(one.path, one.arm, first)
            whole = Cost(max(each.bytes for each in costs), sum(each.flop for each in costs))
            yield Fault(where, _what(one, cost, rate, allowed, over), _help(one, read, within, rate, whole))


def choices(arm: str, built: Parts, course: Course, read: Read) -> Iterator[Choices]:
    """What every step of an arm will be asked to choose."""
    pool, recipe = course.parts["pool"].pool, read.recipes[arm]
    shown = (len(pool) - course.bought) // max(len(episodes(pool)), 1)
    width, classes = _width(built, course), max(len(pool.labels), 2)
    held = len(course.start) + sum(block.size for block in course.given)
    each = min(built.steps[0].per_round or shown, shown)
    rounds = _rounds(built, course, read, each)
    looks = sorted({round(look * (rounds - 1) / (LOOKS - 1)) for look in range(LOOKS)}) if rounds else []
    for number, step in enumerate(built.steps):
        own = bool(recipe.steps) and "choose" in recipe.steps[number]
        path, spec = (f"steps.{number}.choose", recipe.steps[number]["choose"]) if own else ("choose", recipe.choose)
        at = looks[:1] if step.once else looks
        times = len(read.study.seed_list) * (1 if step.once else rounds) / max(len(at), 1)
        asked = min(step.per_round or shown, shown)
        sizes = tuple(Size(max(shown - look * each, 0), width, classes, asked, held + look * each) for look in at)
        yield Choices(arm, path, spec, step.choose, sizes, times, CanEmbed in built.student.can)


def _rounds(built: Parts, course: Course, read: Read, each: int) -> int:
    """How many rounds there are at most: by the recipe, by the pool, by the budget of what the teacher charges."""
    asks, pool = built.steps[0], course.parts["pool"].pool
    most: float = math.inf if built.rounds is None else built.rounds
    if each and asks.keep:
        most = min(most, math.ceil((len(pool) - course.bought) / each))
    for unit in asks.teach.spends & read.study.budget.keys():
        if each and price(asks.teach, unit):
            left = read.study.budget[unit] - (course.bought + len(course.start)) * price(asks.teach, unit)
            most = min(most, math.ceil(max(left, 0) / (price(asks.teach, unit) * each)))
    return 1 if math.isinf(most) else int(most)


def _width(built: Parts, course: Course) -> int:
    """Numbers of an embedding: as the student's maker foretells, else as wide as the vectors of the pool."""
    pool = course.parts["pool"].pool
    if CanEmbed in built.student.can and isinstance(built.student, CanForetell):
        return int(built.student.width(pool).columns)
    if "vector" in built.student.reads & built.data.holds and len(pool):
        return int(pool.take([0]).vectors().shape[1])
    return USUAL_WIDTH


def _what(one: Choices, cost: Cost, rate: float, allowed: Limits, over: bool) -> str:
    count, rows = len(one.sizes) * one.times, max(size.pool for size in one.sizes)
    said = []
    if over:
        takes, may = spoken(cost.flop / rate), spoken(allowed.seconds)
        said.append(f"take about {takes} for {count:.0f} choices on {cores()} cores, and all arms together have {may}")
    if cost.bytes + BASE > allowed.bytes:
        said.append(f"hold {(cost.bytes + BASE) / 1e9:.1f} GB in a process that may hold {allowed.bytes / 1e9:g} GB")
    return f"{shelf.name_of(type(one.chooser))} among {rows:,} rows would {' and '.join(said)}"


def _help(one: Choices, read: Read, within: Limits, rate: float, whole: Cost) -> str:
    """The widest `sampled` that fits, `near_labelled` where that fits; and what would allow the study as it is."""
    inner = one.spec.get("of", {"use": "margin"}) if one.spec["use"] == "sampled" else one.spec
    rows = max(size.pool for size in one.sizes)
    asked = max(size.asked for size in one.sizes)
    sampled = [{"use": "sampled", "most": most, "of": dict(inner)} for most in FEWER if asked < most < rows]
    near = [{"use": "near_labelled", "of": dict(inner)}] if one.embeds and inner["use"] != "near_labelled" else []
    lines = []
    for several in (sampled, near):
        for spec in several:
            cost = one.cost(shelf.build("choose", spec))
            if cost.flop / rate <= within.seconds and cost.bytes + BASE <= within.bytes:
                lines.append(f"--set '{_at(one, read)}={_flow(spec)}' fits: about {spoken(cost.flop / rate)}")
                break
    minutes, gigabytes = math.ceil(whole.flop / rate / 60), math.ceil((whole.bytes + BASE) / 1e9)
    more = [f"TUTELAGE_MINUTES={minutes}"] if math.isfinite(within.seconds) else []
    more += [f"TUTELAGE_MEMORY={gigabytes}"] if whole.bytes + BASE > within.bytes else []
    return "\n    ".join([*lines, f"{' '.join(more)} in the environment allows the study as it is"])


def _at(one: Choices, read: Read) -> str:
    """The path for --set: below the arm where it says so itself, else that of the first arm, whose choice it takes."""
    first, top = next(iter(read.study.arms)), one.path.partition(".")[0]
    own = one.arm != first and top in read.study.arms[one.arm]
    return f"arms.{one.arm}.{one.path}" if own else one.path


def _flow(spec: Mapping[str, Any]) -> str:
    return yaml.safe_dump(spec, default_flow_style=True, sort_keys=False, width=1000).strip()


def spoken(seconds: float) -> str:
    """As "9 minutes" or "5.2 hours"."""
    if seconds < 90:
        return f"{max(math.ceil(seconds), 1)} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def _number(name: str, usual: float) -> float:
    said = os.environ.get(name)
    if not said:
        return usual
    try:
        found = float(said)
    except ValueError:
        found = math.nan
    if not found > 0:
        raise Refused(Fault(f"${name}", f"a number over 0 is expected; found {said!r}", f"usual: {usual:g}"))
    return found
