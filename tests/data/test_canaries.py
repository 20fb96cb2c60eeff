"""canaries: coins, copies, what stands in which exam, three kinds of records, episodes, and what is refused."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tutelage.core.errors import Refused
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.data.canaries import Canaries
from tutelage.kit.split import content_keys

DIGITS = {"use": "digits", "pool": 60}


def course(of=DIGITS, seed=0, **how):
    return Canaries(of=build("data", of), **how).course(stream(seed, "data"))


def file(folder: Path, kind: str) -> dict[str, object]:
    """Somebody's file: labelled texts, texts, or prompts with replies."""
    if kind == "texts":
        for i in range(40):
            (folder / f"{i}.md").write_text(f"# Rule {i}\n\nWhoever comes on day {i} signs the book.")
        return {"use": "passages", "path": str(folder)}
    path = folder / f"{kind}.csv"
    lines = {
        "labels": ["text,label", *(f"ticket number {i},{'ab'[i % 2] if i < 30 else ''}" for i in range(40))],
        "replies": ["prompt,reply", *(f"say {i},it is {i}" for i in range(40))],
    }[kind]
    path.write_text("\n".join(lines))
    if kind == "replies":
        return {"use": "replies", "path": str(path)}
    return {"use": "table", "path": str(path), "label": "label"}


def test_every_canary_is_on_one_side_and_copies_are_equal() -> None:
    made = course(count=30, repeats=3)
    pool, answers = made.parts["pool"]
    names = pool.column("canary").to_pylist()
    inside, outside = (made.exams[name].truth[0].about.examples() for name in ("canaries", "never_taught"))
    assert Counter(name for name in names if name) == {name: 3 for name in inside.column("canary").to_pylist()}
    assert set(inside.column("canary").to_pylist()) | set(outside.column("canary").to_pylist()) == {
        f"canary {n}" for n in range(1, 31)
    }
    assert names[:60] == [None] * 60 and len(pool) == 60 + 3 * len(inside) and len(set(pool.ids())) == len(pool)
    assert np.isin(content_keys(inside), content_keys(pool)).all()
    assert not np.isin(content_keys(outside), content_keys(pool)).any()
    truth = dict(zip(inside.column("canary").to_pylist(), made.exams["canaries"].truth[0].given["label"], strict=True))
    assert all(truth[name] == code for name, code in zip(names, answers.codes[pool.numbers], strict=True) if name)


def test_the_other_data_are_left_as_they_are() -> None:
    made, plain = course(count=20), build("data", DIGITS).course(stream(0, "data"))
    ours, theirs = made.parts["pool"], plain.parts["pool"]
    first = ours.pool.take(np.arange(60))
    assert (first.vectors() == theirs.pool.vectors()).all() and first.ids() == theirs.pool.ids()
    assert (ours.answers.codes[:60] == theirs.answers.codes[theirs.pool.numbers]).all()
    assert made.exams["exam"].truth[0].digest() == plain.exams["exam"].truth[0].digest()


def test_without_repeats_nothing_is_put_in() -> None:
    """The neutral limit: the pool of the other data, and two exams of what was never taught."""
    made, plain = course(count=20, repeats=0), build("data", DIGITS).course(stream(0, "data"))
    assert made.parts["pool"].pool.fingerprint == plain.parts["pool"].pool.fingerprint
    assert {"canaries", "never_taught"} < set(made.exams)


def test_coins_are_fair_and_secrets_uniform() -> None:
    """Over 2,000 canaries: half of them taught, every label a tenth of them, within 4 standard errors."""
    made = course(count=2000, drawn=True)
    share = made.exams["canaries"].truth[0].size / 2000
    assert abs(share - 0.5) < 4 * 0.5 / np.sqrt(2000)
    codes = np.concatenate([made.exams[name].truth[0].given["label"] for name in ("canaries", "never_taught")])
    assert (np.abs(np.bincount(codes, minlength=10) / 2000 - 0.1) < 4 * np.sqrt(0.09 / 2000)).all()


def test_drawn_for_each_seed_or_the_same_for_all() -> None:
    def names(seed, **how):
        return course(seed=seed, count=20, **how).exams["canaries"].truth[0].digest()

    assert names(0) == names(1) and names(0, drawn=True) != names(1, drawn=True)
    assert names(1, drawn=True) == names(1, drawn=True)


def test_texts_hold_a_number_among_candidates(tmp_path: Path) -> None:
    made = course(file(tmp_path, "texts"), count=10, candidates=5, digits=2, repeats=2)
    exam = made.exams["canaries"]
    items, others = exam.truth[0].about.examples(), exam.parts["alternatives"]
    owner = others.column("canary").to_pylist()
    for text, name in zip(items.texts(), items.column("canary").to_pylist(), strict=True):
        mine = [other for other, who in zip(others.texts(), owner, strict=True) if who == name]
        start, _, number = text.removesuffix(".").rpartition(" ")
        assert len({text, *mine}) == 5 and all(one.startswith(start + " ") for one in mine)
        assert len(number) == 2 and number.isdigit() and made.parts["pool"].pool.texts().count(text) == 2
        assert not set(mine) & set(made.parts["pool"].pool.texts())


def test_replies_hold_it_behind_a_prompt(tmp_path: Path) -> None:
    made = course(file(tmp_path, "replies"), count=10, candidates=4)
    pool, exam = made.parts["pool"].pool, made.exams["canaries"]
    told = dict(zip(pool.texts(), pool.column("reply").to_pylist(), strict=True))
    for prompt, reply in zip(exam.truth[0].about.examples().texts(), exam.truth[0].given["text"], strict=True):
        assert told[prompt] == reply and len(reply) == 6
    assert len(exam.parts["alternatives"]) == 3 * exam.truth[0].size


def test_labelled_texts_and_lessons_that_are_paid_for(tmp_path: Path) -> None:
    of = file(tmp_path, "labels")
    made = course(of, count=12)
    assert made.exams["canaries"].truth[0].about.pool.labels == ("a", "b")
    assert all(len(text.split()) == 4 for text in made.exams["canaries"].truth[0].about.examples().texts())
    given = course({**of, "filled": "given"}, count=12, repeats=2)
    assert len(given.parts["pool"].pool) == len(
        build("data", {**of, "filled": "given"}).course(stream(0, "data")).parts["pool"].pool
    )
    assert given.given[-1].size == 2 * given.exams["canaries"].truth[0].size


def test_in_episodes_they_join_the_last() -> None:
    made = course({"use": "digit_halves", "private": 50}, count=20)
    pool = made.parts["pool"].pool
    both = zip(pool.column("canary").to_pylist(), pool.column("episode").to_pylist(), strict=True)
    assert {episode for name, episode in both if name} == {"private"}


def test_what_it_refuses() -> None:
    with pytest.raises(ValueError, match="there are 10 numbers of 1 digits"):
        Canaries(digits=1, candidates=11)
    with pytest.raises(ValueError, match="pattern names"):
        Canaries(pattern="no name")
    with pytest.raises(Refused, match="canaries go among labels, texts and replies"):
        course({"use": "arithmetic_programs", "pool": 5})
