"""Weights shared out over two processes (FSDP of version 2, gloo, a CPU): what one process learns, and what is refused."""

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("peft")

import torch
import torch.multiprocessing

from tutelage.adapter.block_expansion import BlockExpansion
from tutelage.adapter.full import Full
from tutelage.adapter.lora import Lora
from tutelage.adapter.modular import Modular
from tutelage.adapter.prompt import Prompt
from tutelage.adapter.under_prompt import UnderPrompt
from tutelage.core.data import Block, Rows, Table, Text, labelled
from tutelage.core.descent import Group, Opened
from tutelage.core.errors import Refused, TutelageError
from tutelage.core.rng import stream
from tutelage.core.stages import Stage
from tutelage.kit import descent, kept, sharded
from tutelage.kit.kept import Keeper
from tutelage.kit.privacy import Privacy
from tutelage.kit.pulls import Pull
from tutelage.kit.stiffness import Held, Stiff
from tutelage.learn.gradient import Gradient
from tutelage.objective.direct_coverage import DirectCoverage
from tutelage.retain.gradient_episodic import Held as Compared
from tutelage.retain.rec_adam import Held as Steered
from tutelage.retain.rec_adam import RecAdam
from tutelage.student.text.tiny import Tiny
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import vector_pool, view

ASKED = ["one a", "two b", "three c", "four d", "five e"]
SAID = np.array(["red", "blue", "green and red", "a", "bb"], dtype=object)
POOL = Table.of("sayings", {"text": ASKED}).pool()
LAYERS = [f"model.model.layers.{number}" for number in (0, 1)]
HOW = {"lr": 1e-3, "passes": 3, "batch": 2}  # five lessons: the last batch has one, for two processes
Arrays = Mapping[str, np.ndarray]


def student():
    """Two layers between an embedding and a head that is the same matrix."""
    return Tiny(hidden=16, layers=2, heads=2, window=32).begin(POOL, stream(0, "student"))


def lessons() -> tuple[Block, ...]:
    weight = np.array([2.5, 1, 1, 1, 1])
    return (Block(Rows(POOL, np.arange(5)), None, Text, {"text": SAID}, "file", np.zeros(5), weight),)


def learned(how: Gradient, penalty=None, calls: int = 2) -> Arrays:
    """What a student keeps after some calls, each from the last one's weights and moments."""
    now, memory, found = student(), {}, {}
    for call in range(calls):
        seen = view(POOL, student=now)._replace(memory=memory, round=call)
        done = how.learn((Stage(lessons()),), penalty, seen, stream(call, "learn"))
        now, memory = done.student, done.memory
        found[f"loss {call}"] = np.array(done.facts["loss"])
    moments = {f"{name} {key}": one for name, held in memory["optimiser"].items() for key, one in held.items()}
    return {**found, **now.state.arrays, **moments}


def vectors() -> Arrays:
    """Weights of lessons, a penalty on the head, which is gathered for the whole step, and layers of uneven rows."""
    pool = vector_pool(np.random.default_rng(0).normal(size=(37, 3)), ("a", "b", "c"))
    block = labelled(Rows(pool, np.arange(37)), np.arange(37) % 3, "oracle")
    block.weight[:9] = 2.5
    now = view(pool=pool, student=Mlp(hidden=(7,)).begin(pool, stream(0, "student")))
    how = Gradient(lr=0.02, batch=8, passes=3, clip=1.0)
    penalty = lambda module: 0.1 * (module.head.weight**2).sum()
    return {"probs": how.learn((Stage((block,)),), penalty, now, stream(0, "learn")).student.probs(pool)}


def rehearsed() -> Arrays:
    """A penalty that asks the module a second time in every step."""
    batch = student().encode(lessons()).batch(np.array([2, 4]))
    return learned(Gradient(**HOW), lambda module: 0.3 * (module.token_logprobs(batch).logprobs ** 2).mean())


CASES = {
    "vectors": vectors,
    "full": lambda: learned(Gradient(**HOW, weight_decay=0.1, clip=0.5, accumulate=2, schedule="cosine", warm_up=0.2)),
    "lora": lambda: learned(Gradient(**HOW, clip=0.5, adapter=Lora(r=2, also=("layers[.]1[.]mlp", "model[.]norm")))),
    "blocks": lambda: learned(Gradient(**HOW, adapter=BlockExpansion(blocks=1))),
    "modular": lambda: learned(Gradient(**HOW, clip=0.5, adapter=Modular(width=8, at=1, also=("layers[.]1[.]mlp",)))),
    "sgd": lambda: learned(Gradient(**HOW | {"lr": 0.05}, optimiser="sgd", momentum=0.9)),
    "recompute": lambda: learned(Gradient(**HOW, recompute=True)),
    "rehearsed": rehearsed,
}


def shares() -> Arrays:
    """Numbers of each parameter here; then all of them, gathered again."""
    before, module = student().module, student().module
    named = dict(module.requires_grad_(True).named_parameters())
    loss = descent._Loss(module, None, None)
    shards = sharded.Shards(loss, named, descent._accelerator("fp32"))
    assert [name for name, part in loss.module.named_modules() if type(part).__name__.startswith("FSDP")] == LAYERS
    sizes = {name: np.array(one.to_local().numel()) for name, one in shards.named.items()}
    assert sum(one.numel() for one in named.values()) == 0, "nobody holds them whole beside the shares"
    shards.gather()
    after = dict(module.named_parameters())
    assert all(torch.equal(one, after[name]) for name, one in before.named_parameters())
    assert module.head.weight is module.model.get_input_embeddings().weight
    return sizes


def resumed(folder: Path) -> Arrays:
    """A call that goes on after its fourth update ends as the same call left alone, to the last bit."""
    how = Gradient(**HOW, clip=0.5, accumulate=2, adapter=Lora(r=2, dropout=0.3, also=("layers[.]1[.]mlp",)))
    before, rest = (kept.EVERY, kept.SHARE, Keeper.keep), []

    def once() -> Arrays:
        now = view(POOL, student=student(), scratch=folder)
        done = how.learn((Stage(lessons()),), None, now, stream(0, "learn"))
        moments = {f"{name} {key}": one for name, held in done.memory["optimiser"].items() for key, one in held.items()}
        return {**done.student.state.arrays, **moments, "loss": np.array(done.facts["loss"])}

    def only_the_fourth(self: Keeper, now: kept.Kept) -> None:
        if now.done == 4:
            before[2](self, now)
        else:
            rest.append(now.done)

    kept.EVERY, kept.SHARE, Keeper.keep = 0.0, float("inf"), only_the_fourth
    try:
        whole = once()
        assert len(list(folder.iterdir())) == 1, "the main process keeps, for all"
        again = once()
    finally:
        kept.EVERY, kept.SHARE, Keeper.keep = before
    assert rest in ([1, 2, 3, 5, 6, 7, 8, 9, 5, 6, 7, 8, 9], []), rest
    assert whole.keys() == again.keys() and all((one == again[name]).all() for name, one in whole.items())
    return whole


def as_plain_processes() -> None:
    """The step of data-parallel processes to the last bit, in half precision too: of two numbers there is one sum."""
    for case in (CASES["recompute"], lambda: learned(Gradient(**HOW, precision="bf16"))):
        mine = case()
        os.environ["ACCELERATE_USE_FSDP"] = "false"
        plain = case()
        os.environ["ACCELERATE_USE_FSDP"] = "true"
        assert mine.keys() == plain.keys() and all((one == plain[name]).all() for name, one in mine.items())


def beside_its_layer() -> str:
    with pytest.raises(Refused, match="read beside that layer") as told:
        learned(Gradient(**HOW), lambda module: (module.get_parameter(f"{LAYERS[0]}.mlp.up_proj.weight") ** 2).sum())
    return str(told.value)


def one_of(rank: int, port: int, folder: str) -> None:
    """The life of one process, told where it stands and what is wanted as a launcher does."""
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1",
                   "MASTER_PORT": str(port), "ACCELERATE_USE_CPU": "true", "ACCELERATE_USE_FSDP": "true",
                   "FSDP_VERSION": "2", "FSDP_CPU_RAM_EFFICIENT_LOADING": "true"}  # fmt: skip
    for name, case in CASES.items():
        np.savez(f"{folder}/{name} {rank}.npz", **case())
    np.savez(f"{folder}/shares {rank}.npz", **shares())
    np.savez(f"{folder}/resumed {rank}.npz", **resumed(Path(folder, "scratch")))
    assert "--multi_gpu" in beside_its_layer()
    as_plain_processes()
    torch.distributed.destroy_process_group()


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """Everything once, in two processes: (case, rank) -> arrays."""
    folder = tmp_path_factory.mktemp("both")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    torch.multiprocessing.spawn(one_of, (port, str(folder)), nprocs=2)
    return lambda name, rank: dict(np.load(folder / f"{name} {rank}.npz"))


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_shares_learn_what_one_process_learns(both, name: str) -> None:
    """Losses, weights and moments; sums are taken in another order, hence 1e-5."""
    mine, other, alone = both(name, 0), both(name, 1), CASES[name]()
    assert mine.keys() == other.keys() == alone.keys()
    for key, array in alone.items():
        assert (mine[key] == other[key]).all() and mine[key].dtype == array.dtype, key
        np.testing.assert_allclose(mine[key], array, atol=1e-5, err_msg=key)


@pytest.mark.slow
def test_a_process_holds_half(both) -> None:
    """Of every matrix here, which have even numbers of rows but for the embedding of 259 tokens."""
    mine, other = both("shares", 0), both("shares", 1)
    sizes = {name: one.numel() for name, one in student().module.named_parameters()}
    assert {name: int(mine[name] + other[name]) for name in mine} == sizes
    odd = {name for name in sizes if mine[name] != other[name]}
    assert odd <= {"model.model.embed_tokens.weight"}
    assert all(abs(int(mine[name]) - int(other[name])) == 16 for name in odd), "one row of 16"


@pytest.mark.slow
def test_a_call_goes_on_where_it_was(both) -> None:
    """Compared inside the processes; here, that both came to the same."""
    assert all((one == both("resumed", 1)[name]).all() for name, one in both("resumed", 0).items())


@pytest.fixture
def launched(monkeypatch):
    """As one of two processes that a launcher has started for FSDP; they never meet."""
    for name, value in {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "ACCELERATE_USE_FSDP": "true",
                        "FSDP_VERSION": "2"}.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    return monkeypatch


def refused(how=None, penalty=None, opened=None) -> tuple[str, ...]:
    """The settings that are named."""
    with pytest.raises(Refused) as told:
        sharded.suits(how or Gradient(), opened or Full().open(student().module, stream(0, "open")), penalty)
    assert all(fault.what and fault.help for fault in told.value.faults)
    return tuple(fault.where for fault in told.value.faults)


def test_nothing_is_asked_where_nothing_is_shared_out(monkeypatch) -> None:
    """One process, or several of the plain kind."""
    opened = Full().open(student().module, stream(0, "open"))
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    sharded.suits(Gradient(), opened, Pull("test", {}, None, 1.0))
    for name, value in {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "here", "ACCELERATE_USE_FSDP": "false"}.items():
        monkeypatch.setenv(name, value)
    assert not sharded.sharing()
    sharded.suits(Gradient(), opened, Pull("test", {}, None, 1.0))


@pytest.mark.parametrize(
    "penalty",
    [Pull("ewc", {}, None, 1.0), Stiff("consolidation", [Held(names="head", b=float("inf"))], {}, {}, 0.0),
     Compared(None, None, None), Steered(RecAdam(), {})],
    ids=["slope", "held", "compared", "steered"],
)  # fmt: skip
def test_what_reads_weights_one_by_one_is_refused(launched, penalty) -> None:
    assert refused(penalty=penalty) == ("retain",)


def test_the_learner_asks_before_anything_is_charged(launched) -> None:
    now, charged = view(POOL, student=student()), []
    launched.setattr(type(now.till), "pay", lambda *given: charged.append(given))
    with pytest.raises(Refused, match="launch with --multi_gpu in the place of --use_fsdp"):
        Gradient(**HOW).learn((Stage(lessons()),), Pull("ewc", {}, None, 1.0), now, stream(0, "learn"))
    assert not charged


def test_other_learning_that_needs_whole_weights_is_refused(launched) -> None:
    assert refused(Gradient(privacy=Privacy(epsilon=8.0, delta=1e-5))) == ("learn.privacy",)
    assert refused(Gradient(objective=DirectCoverage(n=4, eps=0.1))) == ("learn.objective",)
    module = student().module
    names = tuple(name for name, _ in module.named_parameters())
    assert refused(opened=Opened(module, (Group(names),), lambda module: 0.0)) == ("learn.adapter.penalty",)


def test_a_learned_prompt_above_layers_that_move_is_refused(launched) -> None:
    """It goes through the layers first, and what is read behind it leads the gradient back around their hooks."""
    module = student().module
    sharded.suits(Gradient(), Prompt(length=2).open(module, stream(0, "open")), None)
    assert refused(opened=UnderPrompt(length=2).open(module, stream(0, "open"))) == ("learn.adapter",)


def test_weights_that_cannot_be_shared_out_are_refused(launched) -> None:
    class Odd(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = torch.nn.Parameter(torch.ones(()))
            self.first, self.second = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2).bfloat16()
            self.norm = torch.nn.BatchNorm1d(2)

    open_ = lambda *names: Opened(Odd(), (Group(names),))
    assert refused(opened=open_("scale")) == ("learn.adapter",)
    assert refused(opened=open_("first.weight", "second.weight")) == ("student.precision",)
    assert refused(opened=open_("first.weight", "norm.weight")) == ("learn.adapter",)
    sharded.suits(Gradient(), open_("first.weight"), None)


@pytest.mark.parametrize(
    ("name", "value", "where"),
    [("FSDP_VERSION", "1", "--fsdp_version"), ("FSDP_OFFLOAD_PARAMS", "true", "--fsdp_offload_params"),
     ("FSDP_ACTIVATION_CHECKPOINTING", "true", "--fsdp_activation_checkpointing"),
     ("FSDP_IGNORED_MODULES", "head", "--fsdp_ignored_modules"),
     ("FSDP_AUTO_WRAP_POLICY", "SIZE_BASED_WRAP", "--fsdp_auto_wrap_policy"),
     ("ACCELERATE_USE_PARALLELISM_CONFIG", "true", "--use_parallelism_config"),
     ("FSDP_RESHARD_AFTER_FORWARD", "FULL_SHARD", "accelerate launch")],
)  # fmt: skip
def test_settings_of_the_launcher_that_are_not_served(launched, name: str, value: str, where: str) -> None:
    launched.setenv(name, value)
    assert refused() == (where,)


def test_layers_by_the_name_of_their_class(launched) -> None:
    """Named by the launcher, or by the model; a matrix that stands in two places belongs to no layer."""
    launched.setenv("FSDP_AUTO_WRAP_POLICY", "TRANSFORMER_BASED_WRAP")
    module = student().module
    module.requires_grad_(True)
    both = [module.get_submodule(name) for name in LAYERS]
    assert sharded._layers(module) == both[::-1]
    launched.setenv("FSDP_TRANSFORMER_CLS_TO_WRAP", "LlamaMLP,Embedding")
    assert sharded._layers(module) == [layer.mlp for layer in both[::-1]]
    both[0].requires_grad_(False)
    assert sharded._layers(module) == [both[1].mlp], "a layer that is frozen whole has nothing to share out"
    launched.setenv("FSDP_TRANSFORMER_CLS_TO_WRAP", "GPT2Block")
    assert refused() == ("--fsdp_transformer_layer_cls_to_wrap",)


@pytest.mark.parametrize("kind", ["DEEPSPEED", "MEGATRON_LM", "FSDP"])
def test_other_ways_of_splitting_stay_refused(monkeypatch, kind: str) -> None:
    """FSDP too, where one process was launched alone and would have nobody to share with."""
    made = SimpleNamespace(num_processes=1, distributed_type=descent.DistributedType[kind])
    monkeypatch.setattr(descent, "Accelerator", lambda mixed_precision: made)
    with pytest.raises(TutelageError, match=f"set up for {kind}, which splits the weights .* plain multi-GPU"):
        descent._accelerator("fp32")
