"""What a retention cannot do is said before anything runs, by name and with what would help."""

import pytest

from tutelage.core.errors import Refused
from tutelage.recipe.fit import fit
from tutelage.recipe.read import read_text

FACTS = (
    "data: {use: evolving_facts, people: 8, updated: 2, new: 2, wordings: 2}\nteach: {use: recorded}\n"
    "student: {use: text.tiny, hidden: 16, layers: 2, heads: 2, window: 64}\nlearn: {use: gradient}\nassess: []\n"
)
COLUMNS = (
    "data: {use: digit_lifetimes}\nstudent: {use: vector.columns}\nlearn: {use: gradient}\nassess: [{use: accuracy}]\n"
)
STACK, NETWORK = "learn.adapter={use: block_expansion, blocks: 1}", "learn.adapter={use: modular, width: 16}"


@pytest.mark.parametrize(
    ("text", "sets", "said"),
    [
        (FACTS, ("retain.use=task_vectors", STACK), "task_vectors combines .* and block_expansion adds some"),
        (FACTS, ("retain.use=weight_average", NETWORK), "weight_average combines .* and modular adds some"),
        (FACTS, ("retain.use=instruction_residual", "learn.adapter.use=prompt"), "prompt adds some"),
        (COLUMNS, ("retain.use=task_vectors",), r"task_vectors combines .* and vector\.columns adds some"),
        (COLUMNS, ("retain.use=classifier_alignment",), r"that of vector\.columns grows with every task"),
        (FACTS, ("retain.use=ewc", "learn={use: rank_one_edit}"), "ewc adds a penalty, and rank_one_edit takes none"),
        (FACTS, ("retain.use=dark_replay",), "recorded gives Text, dark_replay remembers Label, Soft"),
        (FACTS, ("retain={use: consolidation, rehearse_each: 1}",), "consolidation remembers Label, Soft"),
        (FACTS, ("retain.use=ewc", "learn.use=nothing"), "holds weights back while they move, and nothing moves none"),
    ],
    ids=["blocks", "network", "prompt", "columns", "places", "edit", "texts", "few of each", "nothing"],
)
def test_misfits(text: str, sets: tuple[str, ...], said: str) -> None:
    with pytest.raises(Refused, match=said):
        fit(read_text(text, "s.yaml", sets))


@pytest.mark.parametrize(
    "sets",
    [
        ("retain.use=task_vectors", "learn.adapter.use=lora"),
        ("retain.use=weight_average", "learn.adapter.use=lora"),
        ("retain.use=replay", STACK),
        ("retain.use=replay", "learn={use: rank_one_edit}"),
        ("retain={use: consolidation}", NETWORK),
    ],
    ids=" ".join,
)
def test_what_goes_together(sets: tuple[str, ...]) -> None:
    assert fit(read_text(FACTS, "s.yaml", sets))


def test_a_student_that_answers_through_a_recall_cannot_be_taught_on() -> None:
    tiny = "{use: text.tiny, hidden: 16, layers: 2, heads: 2, window: 64}"
    whole = FACTS.replace(tiny, "{arm: z}").strip().replace("\n", "\n    ")
    text = f"arms:\n  a:\n    {whole}\n  z: {{student: {tiny}, recall: {{use: knn_lm}}}}\n"
    with pytest.raises(
        Refused, match="taught to answer through knn_lm, and what answers so cannot learn on by gradient"
    ):
        fit(read_text(text, "s.yaml"))
    assert fit(read_text(text, "s.yaml", ("arms.a.learn={use: nothing}",)))
