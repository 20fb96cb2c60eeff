"""Handing out a student that no other library reads: its own files whole, and a word on why there are no others."""

from pathlib import Path

import pytest

import tutelage

pytest.importorskip("torch")

RECIPE = """
data: {use: evolving_facts, people: 8, updated: 2, new: 2, wordings: 2}
student: {use: text.tiny, hidden: 16, layers: 2, heads: 2, window: 64}
teach: {use: recorded}
learn: {use: gradient, passes: 1, batch: 8, adapter: {use: modular, width: 8}}
assess: [{use: reply_loss, on: new}]
"""


def test_a_second_network_is_handed_out_without_files_for_others(cli, at_home: Path) -> None:
    (at_home / "r.yaml").write_text(RECIPE, encoding="utf-8")
    assert cli("run", str(at_home / "r.yaml"), "--name", "one", "--workers", "0").code == 0
    ended = cli("export", "one", str(at_home / "out"))
    assert ended.code == 0 and "no other library reads a second network" in ended.err
    assert sorted(path.name for path in (at_home / "out").iterdir()) == ["README.md", "model", "tutelage.json"]
    assert "no files for other libraries" in (at_home / "out" / "README.md").read_text(encoding="utf-8")
    assert len(tutelage.load(at_home / "out").reply(["who"], max_tokens=4).texts) == 1
