"""A person's own prompts with replies: the short options spelt as `--set`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tutelage.cli.spelling import override, seeds
from tutelage.core.errors import Fault, Refused

if TYPE_CHECKING:
    from tutelage.cli.stranger import Short

OF_REPLIES = ("replies", "champ")  # data whose pool holds replies
PASSES = 3  # over one reply a prompt, about
PER_TOKEN = 4  # characters, of English


def of_replies(short: Short, recipe: str, sets: tuple[str, ...]) -> bool:
    """Whether the file that --data names is one of prompts with replies."""
    from tutelage.recipe.read import read

    if short.candidates is not None:
        return True
    study = read(recipe, sets)
    return next(iter(study.recipes.values())).data.get("use") in OF_REPLIES


def meant(short: Short, recipe: str, sets: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """The overrides and sentences for the person. Refused for options that mean nothing here."""
    given = {"--label": short.label, "--labels": short.labels, "--group": short.group,
             "--exam-labels": short.exam_labels}  # fmt: skip
    for option in [option for option, value in given.items() if value is not None]:
        raise Refused(
            Fault(option, "prompts with replies have no labels to buy, and groups are prompts", "leave it out")
        )
    made = ["data.use=replies", override("data.path", str(short.data))]
    columns = {"prompt": short.text, "candidates": short.candidates, "source": short.source, "id": short.id}
    made += [override(f"data.{key}", name) for key, name in columns.items() if name is not None]
    if short.exam_share is not None:
        made.append(override("data.exam", {"share": short.exam_share}))
    prompts, characters = _looked([*made, *sets])
    tokens = max(1, round(PASSES * prompts * characters / PER_TOKEN))
    notes = []
    if _orders(recipe, sets) == "equal_tokens" and not any(item.startswith("order.tokens=") for item in sets):
        made.append(override("order.tokens", tokens))
        notes.append(
            f"every arm learns from {tokens:,} tokens of replies, about {PASSES} passes over one reply to each of "
            f"{prompts:,} prompts (--set order.tokens=N changes it)"
        )
    if short.seeds is not None:
        made.append(override("seeds", seeds(short.seeds)))
    if short.arms:
        made.append(override("only", list(short.arms)))
    return made, notes


def _looked(sets: list[str]) -> tuple[int, float]:
    """Read the file: prompts of the pool, characters of a reply on average. Refused with all that is wrong in it."""
    from tutelage.core.parts import build
    from tutelage.core.rng import stream
    from tutelage.kit.ratings import prompt_codes, reply_column
    from tutelage.recipe.lines import written

    spec: dict[str, Any] = {}
    for item in sets:
        path, _, value = item.partition("=")
        if path.startswith("data.") and path.count(".") == 1:
            spec[path.removeprefix("data.")] = written(value)
    pool = build("data", spec).course(stream(0, "data")).parts["pool"].pool
    sizes = [len(text) for text in reply_column(pool).to_pylist()]
    return int(prompt_codes(pool).max()) + 1, sum(sizes) / len(sizes)


def _orders(recipe: str, sets: tuple[str, ...]) -> str:
    from tutelage.recipe.read import read

    return str(next(iter(read(recipe, sets).recipes.values())).order.get("use"))
