"""Block expansion: silent when it comes, alone in moving, a plain deeper model for everybody else."""

import types
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save

from tutelage.adapter.block_expansion import BlockExpansion
from tutelage.adapter.full import Full
from tutelage.adapter.k_adapter import KAdapter
from tutelage.adapter.lora import Lora
from tutelage.adapter.o_lora import OLora
from tutelage.adapter.prefix import Prefix
from tutelage.adapter.prompt import Prompt
from tutelage.core.data import Block, Rows, Table, Text
from tutelage.core.digest import digest
from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.core.stages import Stage
from tutelage.core.writing import Turn
from tutelage.kit.grafts import BLOCKS
from tutelage.kit.grown_blocks import copies, grown, joined
from tutelage.learn.gradient import Gradient
from tutelage.student.text.causal import Causal
from tutelage.student.text.tiny import Tiny
from tutelage.toys import view

POOL = Table.of("sayings", {"text": ["one a", "two b", "three c", "four d"]}).pool()
BEGUN = Tiny(hidden=16, layers=3, heads=2, window=32).begin(POOL, stream(0, "student"))
SAID = np.array(["red", "blue", "green", "grey"], dtype=object)
LESSONS = (Block(Rows(POOL, np.arange(4)), None, Text, {"text": SAID}, "file", np.zeros(4), np.ones(4)),)
IDS = torch.arange(3, 11)[None]
OUT = ("self_attn.o_proj.weight", "mlp.down_proj.weight")


def taught(student, passes: float = 30, adapter=None, memory=None, **more):
    how = Gradient(passes=passes, **{"lr": 1e-2, "batch": 2, "adapter": adapter or BlockExpansion(blocks=2), **more})
    seen = view(POOL, student=student)._replace(memory=memory or {})
    return how.learn((Stage(LESSONS),), None, seen, stream(0, "learn"))


def weights(module) -> dict[str, str]:
    """Bytes of every parameter, by the name that it has without copies."""
    return {
        name.replace(".base_layer.", "."): digest(save({"w": one.detach().contiguous()}))
        for name, one in module.named_parameters()
    }


def logits(module, ids=IDS) -> torch.Tensor:
    with torch.no_grad():
        return module.logits(ids)


FIRST = taught(BEGUN)
LEARNED = FIRST.student


def test_a_copy_at_insertion_by_hand() -> None:
    """Of three layers in two groups the first and the last are copied; all but the two projections is the layer's."""
    opened = BlockExpansion(blocks=2).open(BEGUN.module, stream(0, "learn"))
    model = opened.module.model
    assert getattr(model, BLOCKS) == (0, 2) and model.config.num_hidden_layers == 5
    own = dict(BEGUN.module.model.model.layers[2].named_parameters())
    made = dict(model.model.layers[2].copied.named_parameters())
    assert own.keys() == made.keys() and {name for name in own if name.startswith(("self", "mlp"))} > set(OUT)
    for name, weight in made.items():
        assert torch.equal(weight, torch.zeros_like(weight) if name in OUT else own[name])
    assert (
        set(opened.groups[0].names)
        == set(copies(opened.module))
        == {f"model.model.layers.{number}.copied.{name}" for number in (0, 2) for name in own}
    )


def test_at_insertion_it_is_the_base_bit_for_bit(tiny_decoder: Path) -> None:
    for begun in (BEGUN, Causal(model=str(tiny_decoder)).begin(POOL, stream(0, "student"))):
        opened = BlockExpansion(blocks=2).open(begun.module, stream(0, "learn"))
        assert torch.equal(logits(opened.module), logits(begun.module))
        deeper = begun.with_module(opened.module)
        assert deeper.fingerprint != begun.fingerprint
        assert (deeper.logprob(POOL.texts(), SAID) == begun.logprob(POOL.texts(), SAID)).all()
        shown = [one.write(POOL.texts(), 2, stream(0, "w"), max_tokens=6).texts for one in (deeper, begun)]
        assert (shown[0] == shown[1]).all()


def test_only_the_copies_move() -> None:
    """Under weight decay, which moves whatever an optimiser holds."""
    learned = taught(BEGUN, 3, weight_decay=0.5).student
    before, after = weights(BEGUN.module), weights(learned.module)
    assert {name for name in before if before[name] != after[name]} == set()
    assert set(after) - set(before) == set(learned.state.arrays) == set(copies(learned.module))
    opened = BlockExpansion(blocks=2).open(BEGUN.module, stream(0, "learn")).module
    assert all(one != weights(opened)[name] for name, one in after.items() if ".copied." in name), "every one of them"
    assert LEARNED.logprob(POOL.texts(), SAID).sum() > BEGUN.logprob(POOL.texts(), SAID).sum() + 1


def test_the_first_slope_is_of_the_projections_alone() -> None:
    """What a copy reads goes through zeros, so nothing else of it can change the answer before they move."""
    module = BlockExpansion(blocks=1).open(BEGUN.module, stream(0, "learn")).module
    names = copies(module)
    parts = [module.get_parameter(name).requires_grad_(True) for name in names]
    slopes = torch.autograd.grad(module.logits(IDS).logsumexp(-1).sum(), parts)
    assert {name.partition(".copied.")[2] for name, one in zip(names, slopes, strict=True) if bool(one.any())} == set(
        OUT
    )


def test_writing_token_by_token_is_reading_at_once() -> None:
    """The copies' keys and values have places of their own in the cache, also where prompts are padded."""
    prompts = [*POOL.texts(), "then it is four d"]
    written = LEARNED.write(prompts, 1, stream(0, "w"), max_tokens=8, temperature=0.0).texts[:, 0]
    assert (written[:4] == SAID).sum() >= 2, "or there is nothing to compare"
    module, frame = LEARNED.module, LEARNED._frame
    for prompt, text in zip(prompts, written, strict=True):
        ids = frame.ids((Turn("user", prompt),))
        start = len(ids)
        while len(ids) < start + 8 and ids[-1] != frame.end:
            ids.append(int(logits(module, torch.tensor([ids]))[0, -1].argmax()))
        assert frame.tokenizer.decode([one for one in ids[start:] if one != frame.end]) == text
    judged = LEARNED.logprob(prompts, ["red"] * 5)
    alone = np.concatenate([LEARNED.logprob([one], ["red"]) for one in prompts])
    np.testing.assert_allclose(judged, alone, atol=1e-5)
    seats = [part.layer_idx for part in module.model.modules() if hasattr(part, "layer_idx")]
    assert sorted(set(seats)) == [0, 1, 2, 3, 4]


def test_it_is_saved_loaded_and_goes_on(tmp_path: Path) -> None:
    """The copies that are there move on from where they were, with their moments."""
    LEARNED.save(tmp_path / "s")
    back = LEARNED.maker.load(tmp_path / "s")
    assert back.fingerprint == LEARNED.fingerprint
    assert (back.logprob(POOL.texts(), SAID) == LEARNED.logprob(POOL.texts(), SAID)).all()
    first = taught(BEGUN, 2)
    second = taught(first.student, 2, memory=first.memory)
    assert set(second.student.state.arrays) == set(first.student.state.arrays)
    assert getattr(second.student.module.model, BLOCKS) == (0, 2) and second.facts["loss"] < first.facts["loss"]


def test_exported_it_is_a_plain_deeper_model(tiny_decoder: Path, tmp_path: Path) -> None:
    """Layers in the order of computation: L1 C1 L2 L3 C3. Their states one by one, too, and what transformers writes."""
    other = taught(Causal(model=str(tiny_decoder)).begin(POOL, stream(0, "student")), 3).student
    for learned, layers in ((LEARNED, 5), (other, 4)):
        folder = tmp_path / str(layers)
        assert "AutoModelForCausalLM.from_pretrained" in learned.export(folder)
        there = transformers.AutoModelForCausalLM.from_pretrained(folder)
        assert there.config.num_hidden_layers == layers == len(there.model.layers)
        with torch.no_grad():
            told = there(input_ids=IDS, output_hidden_states=True)
            mine = learned.module._read(IDS, True).hidden_states
        assert torch.equal(told.logits, logits(learned.module)) and len(mine) == layers + 1
        assert all(torch.equal(one, two) for one, two in zip(told.hidden_states, mine, strict=True))
        frame = learned._frame
        ids = torch.tensor([frame.ids((Turn("user", "two b"),))])
        with torch.no_grad():
            full = there.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=6, do_sample=False)
        text = learned.write(["two b"], 1, stream(0, "w"), max_tokens=6, temperature=0.0).texts[0, 0]
        assert frame.tokenizer.decode([one for one in full[0, ids.shape[1] :].tolist() if one != frame.end]) == text
    files = load_file(tmp_path / "5" / "model.safetensors")
    kept = LEARNED.state.arrays["model.model.layers.2.copied.mlp.up_proj.weight"]
    assert torch.equal(files["model.layers.4.mlp.up_proj.weight"], torch.from_numpy(kept))
    assert not [name for name in files if "copied" in name or "base_layer" in name]


def test_layers_of_unlike_kinds_keep_their_kind(tmp_path: Path) -> None:
    """Sliding and full attention, with and without positions, in turn: a copy is of its layer's kind wherever it
    stands, and what is written down builds the same model."""
    config = transformers.SmolLM3Config(
        vocab_size=64, hidden_size=16, intermediate_size=32, num_hidden_layers=4, num_attention_heads=2,
        num_key_value_heads=1, no_rope_layers=[1, 1, 0, 1], use_sliding_window=True, sliding_window=4,
        layer_types=["sliding_attention", "full_attention"] * 2, bos_token_id=0, eos_token_id=1, pad_token_id=2,
        initializer_range=0.3,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = transformers.SmolLM3ForCausalLM(config).eval()
    ids = torch.arange(3, 15)[None]
    with torch.no_grad():
        before = model(ids).logits
        grown(model, (0, 2))
        assert torch.equal(model(ids).logits, before)
        for part in model.model.layers[0].copied, model.model.layers[2].copied:
            for one in part.parameters():
                one.copy_(torch.randn(one.shape, generator=torch.Generator().manual_seed(one.numel())) * 0.2)
        now, cached = model(ids).logits, model.generate(ids, max_new_tokens=8, do_sample=False, pad_token_id=2)
        assert not torch.allclose(now, before)
        joined(model)
        assert model.config.layer_types == [
            f"{kind}_attention" for kind in "sliding sliding full sliding sliding full".split()
        ]
        assert model.config.no_rope_layers == [1, 1, 1, 0, 0, 1]
        model.save_pretrained(tmp_path)
        back = transformers.AutoModelForCausalLM.from_pretrained(tmp_path)
        torch.testing.assert_close(back(ids).logits, now, rtol=0, atol=1e-6)
        assert torch.equal(back.generate(ids, max_new_tokens=8, do_sample=False, pad_token_id=2), cached)


def test_the_whole_of_it_may_move_later_and_a_prompt_may_stand_before(tmp_path: Path) -> None:
    moved = taught(LEARNED, 2, Full()).student
    changed = {name for name, one in weights(moved.module).items() if one != weights(LEARNED.module)[name]}
    assert len(changed) == len(weights(LEARNED.module))
    moved.export(tmp_path / "out")
    there = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    with torch.no_grad():
        torch.testing.assert_close(there(IDS).logits, logits(moved.module), rtol=0, atol=1e-6)
    prompted = taught(BEGUN, 2, Prompt(length=3)).student
    both = taught(prompted, 2).student
    assert {"before.values"} == set(both.state.arrays) - set(copies(both.module))
    alone = np.concatenate([both.logprob([one], ["red"]) for one in POOL.texts()])
    np.testing.assert_allclose(both.logprob(POOL.texts(), ["red"] * 4), alone, atol=1e-5)
    behind = taught(LEARNED, 2, Prefix(length=2)).student
    assert behind.state.arrays["before.values"].shape[1] == 5, "keys and values of the copies as well"


def test_what_does_not_go_together_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="carries 2 copies of layers, asked for are 1"):
        taught(LEARNED, 1, BlockExpansion(blocks=1))
    with pytest.raises(Refused, match="4 copies were asked for in a model of 3 layers"):
        taught(BEGUN, 1, BlockExpansion(blocks=4))
    one_way = [taught(BEGUN, 1, other).student for other in (Lora(r=2), KAdapter(k=1), OLora(r=2))]
    for student in one_way:
        with pytest.raises(Refused, match="carries another adapter already"):
            taught(student, 1)
    for other in (Lora(r=2), KAdapter(k=1), OLora(r=2)):
        with pytest.raises(Refused, match="carries another adapter already"):
            taught(LEARNED, 1, other)
    for other in (BlockExpansion(blocks=1), KAdapter(k=1)):
        with pytest.raises(Refused, match="holds no keys and values for new layers"):
            taught(taught(BEGUN, 1, Prefix(length=2)).student, 1, other)


def test_layers_whose_outputs_are_not_known_are_refused() -> None:
    model = BEGUN.module.model
    model.model.layers[1].mlp.down_proj = torch.nn.Identity()
    with pytest.raises(Refused, match="LlamaDecoderLayer has not one linear output of each part"):
        grown(model, (1,))


def test_a_model_that_normalises_its_sums_is_refused() -> None:
    """A copy that adds nothing still normalises there, so the student would no longer answer as it did."""
    config = transformers.OPTConfig(
        vocab_size=40, hidden_size=16, word_embed_proj_dim=16, ffn_dim=32, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=32, do_layer_norm_before=False,
    )  # fmt: skip
    module = types.SimpleNamespace(graft=transformers.OPTForCausalLM(config).eval(), before=None)
    with pytest.raises(Refused, match="no copy of one is silent"):
        BlockExpansion(blocks=1).open(module, stream(0, "learn"))
