"""Every card reads, fits, keeps its promises in words, and runs one tiny seed that is no seed of its claim."""

import hashlib
import json
import math
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from tutelage.core.errors import Missing, Refused
from tutelage.papers.claim import claim
from tutelage.papers.provenance import hash_of, hash_of_text
from tutelage.papers.read import FOLDER, card, paper, papers, text_of
from tutelage.recipe.fit import fit
from tutelage.recipe.schema import Recipe
from tutelage.runs.record import Record
from tutelage.study.checks import of_study
from tutelage.study.measure import round_lines

KEYS = papers()


def test_every_file_is_a_paper() -> None:
    assert KEYS == tuple(sorted(path.name.removesuffix(".yaml") for path in FOLDER.iterdir() if path.suffix == ".yaml"))
    assert len(KEYS) > 0


@pytest.mark.parametrize("key", KEYS)
def test_card(key: str) -> None:
    made = card(key)
    assert made.key == key and re.fullmatch(r"[a-z]+\d{4}_[a-z0-9_]+", key) and str(made.year) in key
    assert made.link.startswith("https://")
    for words in (made.headline, made.here, made.not_shown):
        assert len(words) > 80
    assert len(made.seed_list) >= 5
    assert any(one.gate for one in made.shows)
    assert {"full", "quick"} <= made.profiles.keys()


@pytest.mark.parametrize("profile", ["full", "quick"])
@pytest.mark.parametrize("key", KEYS)
def test_it_reads_and_fits_in_every_profile(key: str, profile: str) -> None:
    _, read = paper(key, (), profile)
    assert of_study(read) == []
    assert fit(read).keys() == read.recipes.keys()
    judged = [one for one in read.study.shows if {*one.arms} <= read.recipes.keys()]
    assert any(one.gate for one in judged), "the profile leaves nothing that decides"
    assert len(read.study.seed_list) >= 5


@pytest.mark.parametrize("key", KEYS)
def test_the_full_profile_is_the_card_itself(key: str) -> None:
    whole, read = paper(key)
    assert read.study.arms == whole.arms and read.study.seeds == whole.seeds and read.study.shows == whole.shows


FREE = {"digits": 10, "breast_cancer": 2}  # data that nobody has to fetch, and their classes


LIVES = "digit_lifetimes"  # data that come in episodes, free as well
HALVES = "digit_halves"  # in two of them, the second private
TUTOR = "tutor_dialogues"  # made up, for students that write
READ = "encyclopaedia"  # texts without labels, under an exam in words
ASKED = "construction_faq"  # which is that of these questions
MADE = "abilities"  # made up, answered in words
STUDIED = "study_sentences"  # in episodes, and examined on what was studied
STREAM = "task_stream"  # several data sets, one after another
TASKS = "class_tasks"  # one data set, its classes one after another
TAUGHT = "syllabus"  # made up as well, in subjects and levels
FACTS = "evolving_facts"  # made up, learned before and then updated
SHOWN = "few_shot_formats"  # made up, told by examples before it is tuned on one of them
SUMS = "small_sums"  # made up, answered at once
WORKED = "arithmetic_programs"  # made up, answered by programs that are run
SPOILT = "spoilt"  # prompts with replies of another data set, of which some are made worse
STYLED = "dial_problems"  # made up, five right answers to each prompt


def in_tasks(recipe: Recipe) -> bool:
    """Classes of data that nobody has to fetch, a few at a time."""
    return recipe.data["use"] == TASKS and recipe.data["of"]["use"] in FREE


def arms_of(key: str, free: bool) -> dict[str, Recipe]:
    """The arms over data that are free or not; of several that differ in their luck alone the first."""
    made: dict[str, tuple[str, Recipe]] = {}
    for arm, recipe in paper(key)[1].recipes.items():
        made_up = (
            LIVES,
            HALVES,
            TUTOR,
            READ,
            ASKED,
            MADE,
            STREAM,
            FACTS,
            TAUGHT,
            STUDIED,
            SHOWN,
            SUMS,
            WORKED,
            SPOILT,
            STYLED,
        )
        special = recipe.data["use"] in made_up or in_tasks(recipe)
        if not special and (recipe.data["use"] in FREE) == free:
            made.setdefault(recipe.model_copy(update={"luck": "shared"}).model_dump_json(), (arm, recipe))
    return dict(made.values())


def smaller(key: str, arms: Iterable[str]) -> list[str]:
    """One round of three questions, where the arms ask some at a time, under a budget that a pool of 60 can meet."""
    whole = card(key)
    first = next(iter(whole.arms))
    asking = [arm for arm, spec in whole.arms.items() if spec.get("per_round") is not None]
    sets = ["rounds=1", f"only=[{', '.join(arms)}]", *[f"arms.{arm}.per_round=3" for arm in asking if arm != first]]
    sets += ["per_round=3"] if first in asking else []
    return sets + [f"budget.{unit}=50" for unit in whole.budget]


def cost_by_hand(recipe: Recipe) -> tuple[int, int]:
    """(labels, shares) of one round over a pool of 60; bags are paid for once, however many rounds count them."""
    data = recipe.data
    if "bag" in recipe.teach["use"]:
        return 0, math.ceil(60 / data["bags"])
    if recipe.teach["use"] == "model":  # free itself; whoever labels was taught before, at this arm's cost
        (one,) = recipe.teach["students"]
        told = {name: value for name, value in one["taught"].items() if name != "arm"}
        return cost_by_hand(Recipe.model_validate({"student": {"use": one["use"]}, **told}))
    classes = 2 if data.get("task") == "odd_even" else FREE[data["use"]]
    rows = round(60 * data.get("gold", 1))  # in the claims so far both parts are half of it
    return (rows if recipe.per_round is None else 3 + classes * data.get("start_per_class", 0)), 0


@pytest.mark.slow
@pytest.mark.parametrize("key", [key for key in KEYS if arms_of(key, free=True)])
def test_one_tiny_seed(key: str, tmp_path: Path, own_cache: Path) -> None:
    """Machinery only: arms that need no asset, seed 99, a pool of 60. Nothing is written to claims."""
    whole, arms = card(key), arms_of(key, free=True)
    sets = smaller(key, arms) + [f"arms.{arm}.data.pool=60" for arm in arms if "data" in whole.arms[arm]]
    found = claim(key, "99:100", sets, root=tmp_path / "runs", workers=0, folder=tmp_path / "claims")
    assert found.outcome == "unclear" and found.judged  # one seed decides nothing
    assert all(math.isfinite(one.estimate) or "does not vary" in one.note for one in found.judged)
    assert found.written is None and not (tmp_path / "claims").exists()
    costs = [cost_by_hand(recipe) for recipe in arms.values()]
    paid = [found.record["cost"].get(unit, 0) for unit in ("labels", "shares")]
    assert paid == [sum(labels for labels, _ in costs), sum(shares for _, shares in costs)]


def lives_of(key: str, data: str = LIVES) -> dict[str, Recipe]:
    return {arm: recipe for arm, recipe in paper(key)[1].recipes.items() if recipe.data["use"] == data}


def test_every_paper_runs_one_tiny_seed() -> None:
    special = (LIVES, HALVES, TUTOR, READ, MADE, STREAM, FACTS, TAUGHT, STUDIED, SHOWN, SUMS, WORKED, SPOILT, STYLED)
    assert all(arms_of(key, True) or arms_of(key, False) or any(lives_of(key, one) for one in special) for key in KEYS)


def has_experts(key: str) -> bool:
    return any("task" in recipe.data for recipe in lives_of(key).values())


@pytest.mark.slow
@pytest.mark.parametrize("key", [key for key in KEYS if lives_of(key) and not has_experts(key)])
def test_one_tiny_life_under_each_policy(key: str, tmp_path: Path, own_cache: Path) -> None:
    """Machinery only: one pass over every task, of those that say `few` 256 pictures of the first and few of others."""
    whole, read = card(key), paper(key, (), "quick")[1]
    sets = [f"only=[{', '.join(read.recipes)}]"]
    sets += [f"arms.{arm}.learn.passes=1" for arm, spec in whole.arms.items() if "learn" in spec]
    found = claim(key, "99:100", sets, root=tmp_path / "runs", workers=0, folder=tmp_path / "claims")
    assert found.outcome == "unclear" and found.judged and found.written is None
    few = [recipe.data.get("few") for recipe in read.recipes.values()]
    assert found.record["cost"]["labels"] == sum(1258 if one is None else 256 + 4 * 2 * one for one in few)


@pytest.mark.slow
@pytest.mark.parametrize("key", [key for key in KEYS if has_experts(key)])
def test_one_tiny_lifetime(key: str, tmp_path: Path, own_cache: Path) -> None:
    """Machinery only: every task once, a block a slice. A lifetime has all 1,258 pictures, its experts share them out."""
    named = [arm for arm in lives_of(key) if "data" in card(key).arms[arm]]
    sets = [f"arms.{arm}.data.{name}=1" for arm in named for name in ("passes", "slices")]
    found = claim(key, "99:100", sets, root=tmp_path / "runs", workers=0, folder=tmp_path / "claims")
    assert found.outcome == "unclear" and found.judged and found.written is None
    whole = [recipe for recipe in lives_of(key).values() if "task" not in recipe.data]
    assert found.record["cost"]["labels"] == 1258 * (len(whole) + 1)


@pytest.mark.slow
@pytest.mark.parametrize("key", [key for key in KEYS if lives_of(key, HALVES)])
def test_one_tiny_private_half(key: str, tmp_path: Path, own_cache: Path) -> None:
    """Machinery only: 20 private pictures after the 631 that are open, and every private arm keeps its promise."""
    sets = ["data.private=20", "only=[a, b, c]"]
    found = claim(key, "99:100", sets, root=tmp_path / "runs", workers=0, folder=tmp_path / "claims")
    assert found.outcome == "unclear" and found.judged and found.written is None
    assert found.record["cost"]["labels"] == (631 + 20) * 3
    assert 0 < found.record["cost"]["epsilon"] < math.inf


@pytest.mark.slow
@pytest.mark.parametrize("key", [key for key in KEYS if lives_of(key, TUTOR)])
def test_one_tiny_tutor(key: str, tmp_path: Path, own_cache: Path) -> None:
    """Machinery only: the student learns 24 turns once, then from its disagreements on 12 others; no wording of the claim.

    It cannot write JSON yet, so that every turn is a pair and every arm asks the student 12 times.
    """
    whole = card(key)
    sets = ["arms.sft.data.sft=24", "arms.sft.data.preference=12", "arms.sft.data.exam=4", "arms.sft.data.split=dev"]
    sets += ["student.hidden=16", "student.layers=1", "student.heads=2", "student.taught.learn.passes=1"]
    found = claim(key, "99:100", sets, root=tmp_path / "runs", workers=0, folder=tmp_path / "claims")
    assert found.outcome == "unclear" and found.judged and found.written is None
    assert found.record["cost"]["calls"] == 12 * len(whole.arms)


@pytest.mark.slow
@pytest.mark.parametrize("key", [key for key in KEYS if lives_of(key, READ) and lives_of(key, ASKED)])
def test_one_tiny_reader(key: str, tmp_path: Path) -> None:
    """Machinery only: a base that has read 20 texts, six halves, two words a reply, and questions of the dev split."""
    sets = ["arms.base.data.pool=6", "arms.base.data.exam.split=dev", "arms.base.order.tokens=50"]
    small = ("hidden=16", "layers=1", "heads=2", "vocabulary=300", "taught.data.pool=20", "taught.learn.passes=1")
    sets += [*(f"arms.base.student.{one}" for one in small), "arms.teacher.teach.max_tokens=4"]
    sets += ["arms.base.assess.1.max_tokens=4", "only=[base, human, teacher]"]
    try:
        found = claim(key, "99:100", sets, root=tmp_path / "runs", workers=0, folder=tmp_path / "claims")
    except Missing as missing:
        pytest.skip(f"an asset is not here: {missing}")
    assert found.outcome == "unclear" and found.judged and found.written is None
    assert found.record["cost"]["calls"] == 6 and found.record["cost"]["teacher_tokens"] > 6 * 4


@pytest.mark.slow
@pytest.mark.parametrize("key", [key for key in KEYS if lives_of(key, MADE)])
def test_one_tiny_seed_of_made_up_abilities(key: str, tmp_path: Path) -> None:
    """Machinery only: sixteen problems of each and one pass; no problem of the claim's exam is looked at."""
    sets = [f"data.{name}={size}" for name, size in (("math", 16), ("code", 16), ("general", 16), ("exam", 2))]
    sets += ["data.split=dev", "order.passes=1"]
    found = claim(key, "99:100", sets, root=tmp_path / "runs", workers=0, folder=tmp_path / "claims")
    assert found.outcome == "unclear" and found.judged and found.written is None


@pytest.mark.slow
@pytest.mark.parametrize("key", [key for key in KEYS if in_tasks(next(iter(paper(key)[1].recipes.values())))])
def test_one_tiny_stream_of_classes(key: str, tmp_path: Path, own_cache: Path) -> None:
    """Machinery only: sixty pictures, tasks of two classes, one pass; every arm sees each picture once."""
    arms = [arm for arm, recipe in paper(key)[1].recipes.items() if in_tasks(recipe)]
    sets = [f"only=[{', '.join(arms)}]", "data.of.pool=60", "data.of.split=dev", "learn.passes=1"]
    found = claim(key, "99:100", sets, root=tmp_path / "runs", workers=0, folder=tmp_path / "claims")
    assert found.outcome == "unclear" and found.judged and found.written is None
    assert all(math.isfinite(one.estimate) for one in found.judged)
    assert found.record["cost"]["labels"] == 60 * len(arms)


@pytest.mark.slow
@pytest.mark.parametrize(
    "key", [key for key in KEYS if next(iter(lives_of(key, STREAM)), "") == next(iter(card(key).arms))]
)
def test_one_tiny_stream_of_texts(key: str, tmp_path: Path) -> None:
    """Machinery only: one layer that has read eight texts, then eight texts of every task; no exam of the claim."""
    whole = card(key)
    first = next(iter(whole.arms))
    data = whole.arms[first]["data"]
    sets = [f"arms.{first}.data.{part}.{at}.{more}" for part in ("of", "also") for at in range(len(data.get(part, ())))
            for more in ("pool=8", "split=dev")]  # fmt: skip
    sets += [f"arms.{first}.data.items=2", f"arms.{first}.learn.passes=1"]
    small = ("hidden=8", "layers=1", "heads=1", "taught.data.of.0.pool=8", "taught.learn.passes=1")
    sets += [f"arms.{first}.student.{one}" for one in small]
    try:
        found = claim(key, "99:100", sets, "quick", root=tmp_path / "runs", workers=0, folder=tmp_path / "claims")
    except Missing as missing:
        pytest.skip(f"an asset is not here: {missing}")
    assert found.outcome == "unclear" and found.judged and found.written is None
    assert all(math.isfinite(one.estimate) for one in found.judged)


@pytest.mark.slow
@pytest.mark.parametrize("key", [key for key in KEYS if lives_of(key, FACTS)])
def test_one_tiny_update_of_facts(key: str, tmp_path: Path, own_cache: Path) -> None:
    """Machinery only: six people of the dev world, learned once and badly, one pass over three changes and three news.

    Where facts come one by one, three changes in three phases and no news.
    """
    small = {"people": 6, "updated": 3, "new": 3, "wordings": 1, "exam": 3, "split": "dev"}
    if any("phases" in spec.get("data", {}) for spec in card(key).arms.values()):
        small |= {"phases": 3, "new": 0}
    sets = [f"data.{name}={value}" for name, value in small.items()]
    sets += [f"arms.{arm}.data.epochs=1" for arm, spec in card(key).arms.items() if "data" in spec]
    sets += ["student.hidden=16", "student.vocabulary=300", "student.taught.learn.passes=1"]
    found = claim(key, "99:100", sets, root=tmp_path / "runs", workers=0, folder=tmp_path / "claims")
    assert found.outcome == "unclear" and found.judged and found.written is None
    assert any("no gain at 1 of 1 seeds" in one.note or math.isfinite(one.estimate) for one in found.judged)


@pytest.mark.slow
@pytest.mark.parametrize("key", [key for key in KEYS if lives_of(key, TAUGHT)])
def test_one_tiny_syllabus(key: str, tmp_path: Path, own_cache: Path) -> None:
    """Machinery only: two wordings of each question, a student that has read two others; no wording of the claim."""
    sets = ["data.each=2", "data.items=1", "data.split=dev", "student.hidden=16"]
    sets += ["student.taught.data.each=2", "student.taught.learn.passes=1"]
    found = claim(key, "99:100", sets, root=tmp_path / "runs", workers=0, folder=tmp_path / "claims")
    assert found.outcome == "unclear" and found.judged and found.written is None


@pytest.mark.slow
@pytest.mark.parametrize("key", [key for key in KEYS if lives_of(key, READ) and not lives_of(key, ASKED)])
def test_one_tiny_reader_with_instructions(key: str, tmp_path: Path) -> None:
    """Machinery only: a base that has read 20 texts, ten instructions, six new texts; all exams of the dev split."""
    first = next(iter(card(key).arms))
    sets = [f"arms.{first}.data.{one}" for one in ("pool=6", "items=4", "split=dev", "also.split=dev", "also.exam=5")]
    sets += [f"arms.{first}.assess.1.max_tokens=4", "arms.instruct.student.taught.data.pool=10"]
    small = ("hidden=16", "layers=1", "heads=2", "vocabulary=300", "taught.learn.passes=1", "taught.data.pool=20")
    for arm, spec in card(key).arms.items():
        if "use" in spec.get("student", {}):
            sets += [f"arms.{arm}.student.{one}" for one in (small[:5] if arm == "instruct" else small)]
    try:
        found = claim(key, "99:100", sets, root=tmp_path / "runs", workers=0, folder=tmp_path / "claims")
    except Missing as missing:
        pytest.skip(f"an asset is not here: {missing}")
    assert found.outcome == "unclear" and found.judged and found.written is None


@pytest.mark.slow
@pytest.mark.parametrize("key", [key for key in KEYS if lives_of(key, STUDIED)])
def test_one_tiny_memory(key: str, tmp_path: Path) -> None:
    """Machinery only: six sentences of the dev split, studied by a decoder that has read 20 texts, probed twice."""
    small = ("hidden=16", "layers=1", "heads=2", "vocabulary=300", "taught.data.pool=20", "taught.learn.passes=1")
    sets = [*(f"student.{one}" for one in small), "data.study=6", "data.split=dev", "arms.later.data.probes=[10, 12]"]
    try:
        found = claim(key, "99:100", sets, root=tmp_path / "runs", workers=0, folder=tmp_path / "claims")
    except Missing as missing:
        pytest.skip(f"an asset is not here: {missing}")
    assert found.outcome == "unclear" and found.judged and found.written is None
    assert all(math.isfinite(one.estimate) or "is not defined" in one.note for one in found.judged)


@pytest.mark.slow
@pytest.mark.parametrize("key", [key for key in KEYS if lives_of(key, SHOWN)])
def test_one_tiny_narrow_task(key: str, tmp_path: Path, own_cache: Path) -> None:
    """Machinery only: a base that saw 20 conversations, 16 judgements once, two probes of a kind; all of the dev split.

    Every condition finds its score in every arm, with the prompt and without it.
    """
    sets = ["data.rows=16", "data.items=2", "data.targets=4", "data.split=dev", "learn.passes=1"]
    sets += ["arms.promot.steps.0.learn.passes=1", "student.hidden=16", "student.layers=1", "student.heads=2"]
    sets += ["student.taught.data.rows=20", "student.taught.learn.passes=1"]
    found = claim(key, "99:100", sets, root=tmp_path / "runs", workers=0, folder=tmp_path / "claims")
    assert found.outcome == "unclear" and found.judged and found.written is None
    assert all(math.isfinite(one.estimate) for one in found.judged)


@pytest.mark.slow
@pytest.mark.parametrize("key", [key for key in KEYS if lives_of(key, SUMS)])
def test_one_tiny_seed_of_small_sums(key: str, tmp_path: Path) -> None:
    """Machinery only: 16 sums once or twice, of the dev split; every condition finds its score in every arm."""
    sets = ["data.pool=16", "data.exam=4", "data.split=dev", "student.hidden=16", "student.layers=1"]
    sets += ["student.heads=2", "learn.passes=2", "arms.ce_80.learn.passes=1"]
    found = claim(key, "99:100", sets, root=tmp_path / "runs", workers=0, folder=tmp_path / "claims")
    assert found.outcome == "unclear" and found.judged and found.written is None
    assert all(math.isfinite(one.estimate) for one in found.judged)


@pytest.mark.slow
@pytest.mark.parametrize("key", [key for key in KEYS if lives_of(key, WORKED)])
def test_one_tiny_self_sampler(key: str, tmp_path: Path, own_cache: Path) -> None:
    """Machinery only: a decoder that read eight references once, six problems, two rounds; all exams of the dev split.

    No arm steps more often than another, each pays for its six references once, and only those that sample for verdicts.
    """
    first, arms = next(iter(card(key).arms)), paper(key)[1].recipes
    sets = [f"arms.{first}.{one}" for one in ("data.pool=6", "data.exam=3", "data.split=dev")]
    sets += [f"arms.{first}.{one}" for one in ("rounds=2", "assess_every=2")]
    small = ("hidden=16", "layers=1", "heads=2", "taught.data.pool=8", "taught.learn.passes=1")
    sets += [f"arms.{first}.student.{one}" for one in small]
    found = claim(key, "99:100", sets, root=tmp_path / "runs", workers=0, folder=tmp_path / "claims")
    assert found.outcome == "unclear" and found.judged and found.written is None
    assert all(math.isfinite(one.estimate) for one in found.judged)
    assert found.record["cost"]["labels"] == 6 * len(arms)
    lines = {arm: round_lines(Record(found.run), arm, 99) for arm in arms}
    assert {arm: [line["facts"]["updates"] for line in of] for arm, of in lines.items()} == dict.fromkeys(arms, [1, 1])
    assert lines[first][-1]["spent"]["verdicts"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("key", [key for key in KEYS if lives_of(key, SPOILT)])
def test_one_tiny_choice_among_spoilt_replies(key: str, tmp_path: Path) -> None:
    """Machinery only: five of 20 questions of the dev split, by a decoder that has read 20 texts.

    Arms of equal tokens learn from about as many, whatever the length of the replies that they chose.
    """
    small = ("hidden=16", "layers=1", "heads=2", "vocabulary=300", "window=512", "taught.data.pool=20",
             "taught.learn.passes=1")  # fmt: skip
    sets = [*(f"student.{one}" for one in small), "data.of.split=dev", "data.of.pool=20", "order.tokens=600"]
    sets += ["per_round=5"]
    try:
        found = claim(key, "99:100", sets, root=tmp_path / "runs", workers=0, folder=tmp_path / "claims")
    except Missing as missing:
        pytest.skip(f"an asset is not here: {missing}")
    assert found.outcome == "unclear" and found.judged and found.written is None
    assert all(math.isfinite(one.estimate) for one in found.judged)


@pytest.mark.slow
@pytest.mark.parametrize("key", [key for key in KEYS if lives_of(key, STYLED)])
def test_one_tiny_choice_of_answers(key: str, tmp_path: Path, own_cache: Path) -> None:
    """Machinery only: targets that saw 12 problems once, twelve prompts, exams of the dev split.

    Every condition finds its number in every arm. Two arms took the same of five answers to a prompt, or not: a twelfth.
    """
    arms = card(key).arms
    small = (
        "hidden=16",
        "layers=1",
        "heads=2",
        "taught.data.prompts=12",
        "taught.data.exam=2",
        "taught.learn.passes=1",
    )
    sets = [f"arms.{arm}.student.{one}" for arm, spec in arms.items() if "student" in spec for one in small]
    sets += [f"data.{one}" for one in ("prompts=12", "exam=3", "split=dev")] + ["learn.passes=1"]
    sets += [f"assess.{at}.max_tokens=4" for at in (0, 1)]
    found = claim(key, "99:100", sets, root=tmp_path / "runs", workers=0, folder=tmp_path / "claims")
    assert found.outcome == "unclear" and found.judged and found.written is None
    assert all(math.isfinite(one.estimate) for one in found.judged)
    shared = [one.estimate * 12 for one in found.judged if one.condition.measure.use == "overlap"]
    assert shared and all(number == pytest.approx(round(number)) for number in shared)


@pytest.mark.slow
@pytest.mark.parametrize("key", [key for key in KEYS if arms_of(key, free=False)])
def test_one_tiny_seed_of_its_text_arms(key: str, tmp_path: Path) -> None:
    """The same on text, where the assets are here; on movie reviews, so that no text of the claim is looked at."""
    whole = card(key)
    arms = list(arms_of(key, free=False))[:3]
    named = [arm for arm in arms if "data" in whole.arms[arm]]
    sets = smaller(key, arms)
    for arm in named:
        place = f"arms.{arm}.data"
        sets += [f"{place}.use=movie_reviews", f"{place}.pool=60"]
        sets += [] if "gold" in whole.arms[arm]["data"] else [f"{place}.start_per_class=1"]
    if whole.arms[arms[0]].get("student", {}).get("use") == "text.causal":  # reads every question of the exam anew
        sets += ["student.verbalisers={}", "data.exam=8", "data.source=rotten_tomatoes"]
    try:
        found = claim(key, "99:100", sets, root=tmp_path / "runs", workers=0, folder=tmp_path / "claims")
    except Missing as missing:
        pytest.skip(f"an asset is not here: {missing}")
    assert found.outcome == "unclear" and found.written is None


def test_an_unknown_paper_or_profile_is_refused_with_the_nearest() -> None:
    with pytest.raises(Refused, match=f"did you mean '{KEYS[0]}'"):
        paper(KEYS[0] + "x")
    with pytest.raises(Refused, match="did you mean 'quick'"):
        paper(KEYS[0], (), "qick")


def test_the_hash_is_of_what_is_claimed_and_not_of_the_words() -> None:
    """By hand: the SHA-256 of the first arm and the claimed keys as sorted JSON, in the digest's own framing."""
    text = "key: a2000_b\ntitle: x\nseeds: 5\narms: {one: &a {rounds: 2}, two: *a}\n"
    whole = '["one", {"arms": {"one": {"rounds": 2}, "two": {"rounds": 2}}, "seeds": 5}]'
    framed = f"plain {len(json.dumps(whole))} {json.dumps(whole)}"
    assert hash_of_text(text) == hashlib.sha256(framed.encode()).hexdigest()[:32]
    for same in (
        text.replace("title: x", "title: y\nfound: z"),
        "seeds: 5\narms: {one: {rounds: 2}, two: {rounds: 2}}\nkey: other2001_c\n",
    ):
        assert hash_of_text(same) == hash_of_text(text)
    for other in (
        text.replace("seeds: 5", "seeds: 6"),
        text + "version: 2\n",
        text + "budget: {labels: 3}\n",
        text + "a_key_of_the_future: 1\n",
        "key: a2000_b\nseeds: 5\narms: {two: {rounds: 2}, one: {rounds: 2}}\n",
    ):
        assert hash_of_text(other) != hash_of_text(text)


@pytest.mark.parametrize("key", KEYS)
def test_the_hash_is_of_the_file_and_not_of_what_the_schema_makes_of_it(key: str) -> None:
    made = card(key)
    filled_in = made.model_copy(update={"seeds": 99, "shows": ()})
    assert hash_of(filled_in) == hash_of(made) == hash_of_text(text_of(key))
