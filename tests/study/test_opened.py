"""Before a run: texts are embedded ahead where somebody will look at embeddings, and not where nobody does."""

from pathlib import Path

import pytest

from tutelage.kit.cache import cache_folder
from tutelage.recipe.read import read_text
from tutelage.study.run import go_on, prepare, start

SAID = {"left": "a card was lost", "right": "the rent is due"}


def taught(tmp_path: Path, model: Path, choose: str, learn: str) -> int:
    """Rows of the cache's files of embeddings after a study of one round at two seeds, run in this process."""
    rows = "\n".join(f"{text} {'abcdefgh'[n % 8]}{n},{label}" for n in range(10) for label, text in SAID.items())
    (tmp_path / "mail.csv").write_text(f"text,label\n{rows}\n")
    study = f"""
arms:
  one:
    data: {{use: table, path: {tmp_path / "mail.csv"}, label: label}}
    student: {{use: text.transformer, model: {model}}}
    choose: {{use: {choose}}}
    teach: {{use: oracle}}
    learn: {learn}
    per_round: 6
    rounds: 1
seeds: 2
control: none
"""
    record = start(prepare(read_text(study, "study.yaml")), tmp_path)
    go_on(record, 0)
    assert {state.status for state in record.states()} == {"done"}
    return len(list((cache_folder("embeddings")).glob("*/vectors.f32")))


@pytest.mark.slow
@pytest.mark.parametrize(("choose", "learn", "files"), [
    ("uniform", "{use: gradient, passes: 2, lr: 0.01}", 0),
    ("core_set", "{use: gradient, passes: 2, lr: 0.01}", 1),
    ("uniform", "{use: gradient, adapter: {use: head_only}, passes: 2}", 1),
])  # fmt: skip
def test_only_what_is_looked_at(tmp_path, own_cache, tiny_encoder, choose, learn, files) -> None:
    """An encoder that has not moved answers from the cache too, which then holds what was asked."""
    assert taught(tmp_path, tiny_encoder("bert"), choose, learn) == files
