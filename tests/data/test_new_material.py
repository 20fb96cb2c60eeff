"""new_material: one episode, probes that nobody is taught, names that are refused, and every exam sat under its name."""

from pathlib import Path

import numpy as np
import pytest

from tutelage.core.errors import Refused
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.kit.episodes import episodes
from tutelage.kit.split import keys_of_texts

WORDS = ["red", "green", "blue", "grey", "pink", "gold"]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    lines = {
        "new": [f"The {one} door leads to room {k}." for k, one in enumerate(WORDS * 4)],
        "old": [f"A {one} bird sings at {k} in the morning." for k, one in enumerate(WORDS * 4)],
    }
    made = {}
    for name, several in lines.items():
        path = tmp_path / f"{name}.md"
        path.write_text("\n\n".join(several), encoding="utf-8")
        made[name] = str(path)
    return made


def spec(files: dict[str, str], **how):
    keep = {"general": {"use": "passages", "path": files["old"], "passage": 40}}
    return {"use": "new_material", "of": {"use": "passages", "path": files["new"], "passage": 40}, "keep": keep,
            "probes": 3, **how}  # fmt: skip


def made(files: dict[str, str], seed: int = 0, **how):
    return build("data", spec(files, **how)).course(stream(seed, "data"))


def test_one_episode_of_new_material_and_a_part_and_an_exam_for_each_ability(files) -> None:
    course = made(files)
    assert [len(rows) for rows in episodes(course.parts["pool"].pool)] == [len(course.parts["pool"].pool)]
    assert list(course.parts) == ["pool", "general"] and list(course.exams) == ["exam", "general"]
    assert sum(block.size for block in course.exams["general"].truth) == 3
    assert any("3 held-out items of 'old.md' stand for 'general'" in note for note in course.notes)


def test_probes_are_the_same_at_every_seed_and_stand_in_nothing_that_is_taught(files) -> None:
    several = [made(files, seed) for seed in (0, 1)]
    probes = [one.exams["general"].truth[0].about.examples().texts() for one in several]
    assert probes[0] == probes[1]
    taught = [text for name in ("pool", "general") for text in several[0].parts[name].pool.texts()]
    assert not np.isin(keys_of_texts(probes[0]), keys_of_texts(taught)).any()


def test_what_stands_in_the_new_material_is_neither_probe_nor_replay(files) -> None:
    """The new material also stands in the data that are kept: only their own texts are left."""
    both = Path(files["old"]).with_name("both.md")
    both.write_text("\n\n".join(Path(files[name]).read_text() for name in ("old", "new")), encoding="utf-8")
    course = made(files, keep={"general": {"use": "passages", "path": str(both), "passage": 40}}, probes=100)
    shown = [*course.parts["general"].pool.texts(), *course.exams["general"].truth[0].about.examples().texts()]
    assert not set(shown) & set(course.parts["pool"].pool.texts())
    taught = both.with_name("taught.md")
    taught.write_text("\n\n".join(course.parts["pool"].pool.texts()), encoding="utf-8")
    with pytest.raises(Refused, match="every item of its exam stands in the new material"):
        made(files, keep={"same": {"use": "passages", "path": str(taught), "passage": 40}})


def test_without_keep_it_is_the_material_itself(files) -> None:
    course = made(files, keep={})
    plain = build("data", spec(files)["of"]).course(stream(0, "data"))
    assert course.parts["pool"].pool.texts() == plain.parts["pool"].pool.texts()
    assert list(course.exams) == ["exam"]


@pytest.mark.parametrize("name", ["pool", "exam", "every", "a b"])
def test_names_that_mean_something_else_are_refused(files, name: str) -> None:
    with pytest.raises(Refused, match="an ability has a name"):
        build("data", spec(files, keep={name: {"use": "passages", "path": files["old"]}}))
