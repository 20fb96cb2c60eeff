"""What is said of texts before they are read: tokens by hand, and how many the window cuts."""

from pathlib import Path

from tutelage.recipe.read import read_text
from tutelage.study.lengths import lengths
from tutelage.study.run import prepare

STUDY = """
arms:
  reads:
    data: {{use: passages, path: {path}, passage: 40, share: 0.3}}
    student: {{use: text.tiny, hidden: 16, layers: 1, heads: 2, window: 12}}
    choose: {{use: everything}}
    per_round: null
    teach: {{use: itself}}
    learn: {{use: gradient, passes: 1}}
    assess: [{{use: reply_loss}}]
control: none
seeds: 1
"""


def test_texts_are_counted_in_tokens_and_what_is_cut_is_said(tmp_path: Path) -> None:
    """A byte is a token, and one begins and one ends a text: 5, 7 and 12 of 30 letters, of which the last is cut."""
    texts = ["aaa", "bbbbb", "c" * 30, "dddd eeee"]
    (tmp_path / "a.md").write_text("\n\n".join(f"# {k}\n\n{text}" for k, text in enumerate(texts)), encoding="utf-8")
    made = prepare(read_text(STUDY.format(path=tmp_path), "s.yaml"))
    (said,) = lengths(made)
    pool = made.courses["reads"].parts["pool"].pool
    counts = [min(len(text.encode()) + 2, 12) for text in pool.texts()]
    assert said.startswith(f"Tokens of {len(counts)} texts in the pool")
    assert f"most {max(counts)}" in said
    cut = sum(count >= 12 for count in counts)
    assert (f"{cut} fill the student's window of 12" in said) if cut else ("No text is cut" in said)


STAGES = """
arms:
  lives:
    data:
      use: task_stream
      of: [{{use: passages, path: {path}, passage: 40, share: 0.3}}, {{use: verifiable_instructions, pool: 10, exam: 5}}]
      labels: replies
    student: {{use: text.tiny, hidden: 16, layers: 1, heads: 2, window: 200}}
    choose: {{use: everything}}
    teach: {{use: recorded, without: read}}
    learn: {{use: gradient, passes: 1}}
    assess: [{{use: reply_loss}}]
control: none
seeds: 1
"""


def test_where_some_is_read_and_some_answered_both_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("\n\n".join(f"# {k}\n\n{'d' * 30}" + str(k) for k in range(8)), encoding="utf-8")
    made = prepare(read_text(STAGES.format(path=tmp_path), "s.yaml"))
    answered, read = lengths(made)
    rows = len(made.courses["lives"].parts["pool"].pool) - 10
    assert answered.startswith("Tokens of 10 replies in the pool") and "No prompt is cut" in answered
    assert read.startswith(f"Tokens of {rows} texts in the pool") and "No text is cut" in read
