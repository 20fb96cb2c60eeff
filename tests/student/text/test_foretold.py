"""What language students foretell: tokens and FLOP as they are charged, for every adapter, without reading a weight."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from tutelage.adapter.block_expansion import BlockExpansion
from tutelage.adapter.head_only import HeadOnly
from tutelage.adapter.k_adapter import KAdapter
from tutelage.adapter.lora import Lora
from tutelage.adapter.modular import Modular
from tutelage.adapter.o_lora import OLora
from tutelage.adapter.prefix import Prefix
from tutelage.adapter.progressive_prompts import ProgressivePrompts
from tutelage.adapter.prompt import Prompt
from tutelage.core.data import Block, Rows, Table, Text
from tutelage.core.errors import Spent
from tutelage.core.forecast import HasOutline, HasWidth, Lot, Width
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.core.stages import Stage
from tutelage.learn.gradient import Gradient
from tutelage.order.equal_tokens import EqualTokens
from tutelage.recipe.fit import fit
from tutelage.recipe.read import read
from tutelage.student.text import _lessons
from tutelage.student.text.causal import Causal
from tutelage.student.text.tiny import Tiny
from tutelage.study.calibration import Rates
from tutelage.study.expect import seconds_of
from tutelage.study.foresee import Turn
from tutelage.study.material import Material
from tutelage.study.plan import plan
from tutelage.toys import replies_pool, till, view

POOL = replies_pool([("say a", "a", "1"), ("say all", "a b c d", "2"), ("go on", "on and on", "3"), ("end", "", "4")])
SAME = replies_pool([("say a", "ab", "1"), ("say b", "cd", "2"), ("say c", "ef", "3")])
TINY = Tiny(hidden=16, layers=1, heads=2, window=64)
ADAPTERS = ["full", HeadOnly(), Lora(r=2), Lora(r=3, targets="linear"), Prompt(length=3), Prefix(length=2),
            KAdapter(k=1), BlockExpansion(blocks=1), Modular(width=8, layers=2, heads=2)]  # fmt: skip


def lessons(pool) -> tuple[Block, ...]:
    n = len(pool)
    text = np.array(pool.column("reply").to_pylist(), dtype=object)
    return (Block(Rows(pool, np.arange(n)), None, Text, {"text": text}, "test", np.zeros(n), np.ones(n)),)


def learned(maker, pool=SAME, limits=None, **how):
    """What the till was charged."""
    begun, purse = maker.begin(pool, stream(0, "student")), till(limits)
    seen = view(pool, student=begun, purse=purse)
    Gradient(**{"lr": 1e-3, "batch": 2, **how}).learn((Stage(lessons(pool)),), None, seen, stream(0, "learn"))
    return purse.book.ledger.spent


def test_tokens_by_hand() -> None:
    """One token a byte. A lesson of `<s>say a<a>a</s>` has 1 + 5 + 1 + 1 + 1 = 9, the others 1 + 7 + 1 + 7 + 1 = 17,
    1 + 5 + 1 + 9 + 1 = 17 and 1 + 3 + 1 + 0 + 1 = 6: 49 in all, of which 2 + 8 + 10 + 1 = 21 carry loss."""
    told = TINY.width(POOL)
    assert told == Width(16.0, 49 / 4, False, 49 / 4, 21 / 4)
    assert learned(TINY, POOL, passes=2)["training_tokens"] == 98


@pytest.mark.parametrize("passes", [0.5, 2.25])
def test_a_part_of_a_pass_is_charged_what_it_shows(passes: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against every batch as it is made: the share of a pass is drawn, and so is how long its lessons are."""
    shown: list[float] = []
    plain = _lessons.Encoded.batch

    def watched(self, rows):
        shown.append(float(self.lengths[rows].sum()))
        return plain(self, rows)

    monkeypatch.setattr(_lessons.Encoded, "batch", watched)
    assert learned(TINY, POOL, passes=passes)["training_tokens"] == sum(shown)


def test_too_few_tokens_stop_it_before_anything_is_charged() -> None:
    purse = till({"training_tokens": 97.0})
    seen = view(POOL, student=TINY.begin(POOL, stream(0, "student")), purse=purse)
    with pytest.raises(Spent):
        Gradient(passes=2).learn((Stage(lessons(POOL)),), None, seen, stream(0, "learn"))
    assert not purse.book.ledger.spent
    vectors = build("student", {"use": "vector.mlp", "hidden": [4]})
    assert Gradient().work(vectors, Lot(Width(2, 2, True), 6, 2, 2)).keys() == {"flop"}


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")  # peft asks for it
@pytest.mark.parametrize(
    "adapter", ADAPTERS, ids=["full", "head_only", "lora", "linear", "prompt", "prefix", "stack", "blocks", "second"]
)
def test_what_is_foretold_is_charged(tiny_decoder: Path, adapter: object) -> None:
    """Lessons of one length: to the last token and FLOP, for a model in a folder and for one from nothing."""
    for maker in (Causal(model=str(tiny_decoder)), TINY):
        assert isinstance(maker, HasWidth) and isinstance(maker, HasOutline)
        how = {"passes": 2, "batch": 2, **({} if adapter == "full" else {"adapter": adapter})}
        width = maker.width(SAME)
        said = Gradient(**how).work(maker, Lot(width, 3, 1, 0))
        assert width.exact and said["training_tokens"].exact
        assert said["flop"].exact is not isinstance(adapter, Prompt), "how often vectors are read hangs on the batches"
        assert {unit: work.amount for unit, work in said.items()} == learned(maker, **how)


@pytest.mark.parametrize("adapter", [OLora(r=2), ProgressivePrompts(length=2)])
def test_an_adapter_that_grows_is_foretold_for_its_first_call(adapter: object) -> None:
    """And not as if it were exact: the second one passes through what the first one added as well."""
    said = Gradient(passes=2, batch=2, adapter=adapter).work(TINY, Lot(TINY.width(SAME), 3, 1, 0))["flop"]
    assert said.amount == learned(TINY, passes=2, adapter=adapter)["flop"] and not said.exact


def test_an_outline_holds_no_numbers(tiny_decoder: Path) -> None:
    """And what one caller does to it the next does not see."""
    for maker in (Causal(model=str(tiny_decoder)), TINY):
        first = maker.outline()
        assert all(one.device.type == "meta" for one in first.parameters())
        names = [name for name, _ in first.named_parameters()]
        Lora(r=2).open(first, stream(0, "x"))
        assert [name for name, _ in maker.outline().named_parameters()] == names


def test_rows_without_replies() -> None:
    """A lesson of labels in words shows every label; without labels and replies it is the text itself, surely or not."""
    labelled = Table.of("t", {"text": ["say a"]}, ("yes", "no")).pool()
    told = TINY.width(labelled)
    assert told.tokens == (1 + 5 + 1 + 3) + (1 + 5 + 1 + 2) and told.told == 5
    bare = TINY.width(Table.of("t", {"text": ["say a"]}).pool())
    assert (bare.tokens, bare.told, bare.exact) == (1 + 5 + 1, 1 + 5, False)
    assert not Gradient().work(TINY, Lot(bare, 1, 1, 0))["training_tokens"].exact


def test_equal_tokens_foretells_lessons() -> None:
    """8 tokens of replies, 4 a lesson: two lessons, whatever the number of lessons that there are."""
    width = Width(16, 10, False, 10, 4)
    assert EqualTokens(tokens=8).shown(5, width) == 2 and EqualTokens(tokens=8).shown(0, width) == 0


def test_a_plan_of_replies(tmp_path: Path, tiny_decoder: Path) -> None:
    """Replies of 2 bytes and their end: 12 tokens of replies are 4 lessons in each of two arms. A budget of fewer
    tokens than one arm needs ends it before its first round."""
    path = tmp_path / "mine.jsonl"
    path.write_text("\n".join(f'{{"prompt": "say {i}", "replies": ["a{i}", "b{i}"]}}' for i in range(8)))
    sets = ("data.use=replies", f"data.path={path}", "data.candidates=replies", f"student.model={tiny_decoder}",
            "student.window=64", "order.tokens=12", "seeds=1")  # fmt: skip
    wanted = read("which-data", sets)
    built = fit(wanted)
    told = plan(wanted, built, {}, Rates(), 2)
    maker = built["grape"].student
    each = maker.width(built["grape"].data.course(stream(0, "data")).parts["pool"].pool)
    assert told.units["training_tokens"].value == pytest.approx(2 * 4 * each.tokens)
    assert told.units["training_tokens"].sure == "estimated" and told.units["flop"].value > 0
    assert "tokens" in told.units["flop"].why and "evaluations" not in told.units["flop"].why
    narrow = read("which-data", (*sets, "budget={training_tokens: 10}"))
    none = plan(narrow, fit(narrow), {}, Rates(), 2)
    assert none.rounds.value == 0 and "training_tokens" not in none.units


def test_seconds_where_no_reader_has_run_yet() -> None:
    """A lesson costs 8e9 FLOP, 4e9 forwards. 10 lessons learned: 2 s at 40 GFLOP a second; 20 rows of the pool read by
    the chooser: 2 s; 30 of the exam: 3 s. Every other stage takes its second from rates of other methods: order, retain,
    recall, teach and the rest, 5 s. A chooser that reads nothing takes 1 s like these."""
    counts = {"choose": 4, "teach": 3, "order": 2, "learn": 3, "retain": 2, "recall": 2, "assess": 2, "rest": 3}
    flat = {stage: [1.0] + [0.0] * (k - 1) + [1.0] for stage, k in counts.items()}
    flat["assess"] = [0.0, 0.0, 1.0]
    rates = Rates({f"{stage} other": [row] * 4 for stage, row in flat.items()})
    wanted = read("which-data", ("student={use: text.tiny, hidden: 16, heads: 2}", "seeds=1"))
    material = Material(20, 0, 0, 0, {"exam": 30}, 0, 0, Width(16, 10, False, 10, 4))
    for arm, parts in fit(wanted).items():
        turn = Turn(0, parts.steps[0], True, 20, 5, 0, 5, 10, (30,), None, 8e10, {}, False)
        told = seconds_of(parts, material, [turn], rates)
        assert told.value == pytest.approx(2 + 3 + 5 + (2 if arm == "grape" else 1), rel=0.05)
        assert "40 GFLOP a second assumed" in told.why
