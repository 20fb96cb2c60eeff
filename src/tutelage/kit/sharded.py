"""One student's weights shared out over the processes that teach it: FSDP version 2, torch's `fully_shard`.

Chosen by accelerate's own configuration (`accelerate launch --use_fsdp --fsdp_version 2`). Of every weight that may
move a process holds one share, along its first axis, and of its gradient and the optimiser's moments the same share.
A layer is gathered while it computes and let go again; what stands in no layer (embeddings, the head) is gathered for
the whole of a step. At the end of a call the weights are gathered, and every process has all of them, as a student
keeps them. Frozen weights are not shared out: each process reads the student's own, which are there whole anyway.

Layers are those of which a transformers model says that they may not be split, or those named by
`--fsdp_transformer_layer_cls_to_wrap`. On a CPU accelerate itself knows no FSDP, so `fully_shard` is called from here,
on every device alike; of the configuration it is told whether to let layers go after the way forward. The precision is
that of the recipe. Nothing that reads weights one by one can do so on shares: `suits` refuses it. With `accumulate`
shares of the gradient are summed up after every piece, so that no process ever has a whole one of all layers.

Source: Rajbhandari et al. (2020), ZeRO, stage 3; Zhao et al. (2023), PyTorch FSDP.
Neutral limit: the step of plain data-parallel processes, sums taken in another order; two processes with neither
clipping nor `accumulate` have only one order, and take it to the last bit.

Longer than 200 lines: what is shared out stands beside what cannot be.
"""

from __future__ import annotations

import functools
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from accelerate.utils import FullyShardedDataParallelPlugin, convert_outputs_to_fp32

from tutelage.core.descent import CanSkip, Holds, Opened, Projects, Sloped, Steers
from tutelage.core.errors import Fault, Refused
from tutelage.core.stages import Penalty
from tutelage.kit import processes

PLAINLY = "launch with --multi_gpu in the place of --use_fsdp: every process then holds the weights whole"
PROMPT = "prompt"  # as kit.soft_prompt calls vectors that stand before every text and go through the layers


def sharing() -> bool:
    """Whether several processes were launched together for FSDP, of whatever version."""
    return processes.count() > 1 and os.environ.get("ACCELERATE_USE_FSDP", "").lower() == "true"


def suits(how: Any, opened: Opened, penalty: Penalty | None) -> None:
    """Refused with everything about this call that shares of weights cannot serve. how: a Gradient."""
    if not sharing():
        return
    faults = [*_launched(opened.module)]
    if how.privacy is not None:
        what = "private learning clips every lesson's own gradient, which needs the weights whole in one process"
        faults.append(Fault("learn.privacy", what, "launch one process"))
    if isinstance(penalty, Holds | Projects | Sloped | Steers):
        what = "what is retained reads or moves weights one by one, and FSDP leaves no process with all of them"
        faults.append(Fault("retain", what, PLAINLY))
    if opened.penalty is not None:
        what = "the adapter's penalty reads weights, and FSDP leaves no process with all of them"
        faults.append(Fault("learn.adapter.penalty", what, PLAINLY))
    if isinstance(how.objective, CanSkip) and how.objective.skipping:
        what = "the objective looks at lessons between the steps, when FSDP leaves no process with all weights"
        faults.append(Fault("learn.objective", what, PLAINLY))
    faults += _weights(opened)
    if faults:
        raise Refused(faults)


class Shards:
    """The open weights of one loss, shared out for one descent. named: those to move, by their names in its module."""

    def __init__(self, loss: Any, named: Mapping[str, Any], accelerator: Any) -> None:
        from torch.distributed.fsdp import fully_shard

        loss.to(accelerator.device)
        self.own = dict(named)
        self.places = [(part, name, one) for part in loss.modules() for name, one in _mine(part) if one.requires_grad]
        for one in named.values():
            one.data = one.data.contiguous()
        given = {"mesh": _mesh(accelerator.device.type),
                 "ignored_params": {one for one in loss.parameters() if not one.requires_grad}}  # fmt: skip
        for layer in _layers(loss.module):
            fully_shard(layer, reshard_after_forward=_plugin().reshard_after_forward, **given)
        fully_shard(loss, **given)
        for one in named.values():  # its numbers are in the shares now
            one.data = one.data.new_empty(0)
        now = dict(loss.module.named_parameters())
        self.named = {name: now[name] for name in named}
        loss.forward = _asked(loss.forward, accelerator)

    def gather(self) -> None:
        """Put whole weights, in memory of the CPU, where the shares were. The module is then read, not run."""
        for name, one in self.own.items():
            one.data = whole(self.named[name].detach()).cpu()
        for part, name, one in self.places:
            setattr(part, name, one)


def shared(value: Any) -> bool:
    """Whether a process holds a share of this tensor alone."""
    return getattr(value, "device_mesh", None) is not None


def whole(value: Any) -> Any:
    """All of a tensor, gathered where it is shared out: every process has to ask for it."""
    return value.full_tensor() if shared(value) else value


def shared_as(parameter: Any, value: Any) -> Any:
    """`value`, whole in every process, shared out as `parameter` is; a number stays whole. Itself for a plain one."""
    if not shared(parameter):
        return value
    if not value.ndim:
        return value.to(parameter.device)
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(value, parameter.device_mesh, parameter.placements)


def _asked(forward: Any, accelerator: Any) -> Any:
    """The forward in the recipe's precision. Refused where it computes with shares."""
    half = accelerator.mixed_precision == "bf16"
    what = "a weight of a layer is read beside that layer, by a penalty or the objective; FSDP gathers it only inside"
    words = Fault("retain", what, PLAINLY)

    def asked(*given: Any) -> Any:
        try:  # no cache: it would hold every weight that was gathered until the whole forward is done
            with torch.autocast(accelerator.device.type, torch.bfloat16, enabled=half, cache_enabled=False):
                told = forward(*given)
        except RuntimeError as error:
            if "DTensor" not in str(error):
                raise
            raise Refused(words) from error
        if shared(told[0]):
            raise Refused(words)
        return told

    return convert_outputs_to_fp32(asked) if half else asked


def _launched(module: Any) -> Iterator[Fault]:
    """What of the launcher's settings is not served here."""
    from torch.distributed.fsdp import CPUOffloadPolicy
    from torch.distributed.fsdp.wrap import size_based_auto_wrap_policy

    plugin = _plugin()
    if isinstance(plugin.cpu_offload, CPUOffloadPolicy):
        yield Fault("--fsdp_offload_params", "shares stay where they compute", "--fsdp_offload_params false")
    if plugin.activation_checkpointing:
        what = "which layers are computed again is the recipe's to say"
        yield Fault("--fsdp_activation_checkpointing", what, "--set learn.recompute=true")
    if plugin.ignored_modules is not None:
        what = "the adapter says what moves, and all of that is shared out"
        yield Fault("--fsdp_ignored_modules", what, "leave it out")
    if plugin.auto_wrap_policy is size_based_auto_wrap_policy:
        what = "layers are shared out by their class, not by their size"
        yield Fault("--fsdp_auto_wrap_policy", what, "--fsdp_auto_wrap_policy TRANSFORMER_BASED_WRAP")
    if os.environ.get("ACCELERATE_USE_PARALLELISM_CONFIG", "false").lower() == "true":
        yield Fault("--use_parallelism_config", "weights are shared out over all processes alike", "leave it out")
    lacking = sorted(_classes(module) - {type(part).__name__ for part in module.modules()}) if _said(module) else []
    if lacking and plugin.transformer_cls_names_to_wrap:
        what = f"the student has no layers of class {', '.join(lacking)}"
        yield Fault("--fsdp_transformer_layer_cls_to_wrap", what, f"one of {', '.join(sorted(_said(module)))}")


def _weights(opened: Opened) -> Iterator[Fault]:
    """What cannot be shared out: single numbers, precisions that are gathered together, statistics of whole batches."""
    names = {name for group in opened.groups for name in group.names}
    every = {name: one for name, one in opened.module.named_parameters() if name in names}
    single = sorted(name for name, one in every.items() if one.ndim == 0)
    if single:
        yield Fault("learn.adapter", f"a single number cannot be shared out: {', '.join(single)}", PLAINLY)
    rest = {id(one): one.dtype for one in every.values()}
    moving = set(rest)
    for part in [*_layers(opened.module, moving), opened.module]:
        kinds = {rest.pop(id(one)) for one in part.parameters() if id(one) in rest}
        if len(kinds) > 1:
            what = f"weights of different precisions stand together in {type(part).__name__}"
            yield Fault("student.precision", what, PLAINLY)
    if getattr(getattr(opened.module, "before", None), "kind", "") == PROMPT and _layers(opened.module, moving):
        what = "a learned prompt is read as a cache, whose gradient comes to a layer after its weights are let go"
        yield Fault("learn.adapter", what, PLAINLY)
    for part in opened.module.modules():
        mine = [id(one) for one in part.parameters()]
        if getattr(part, "running_mean", None) is not None and (not mine or any(one in moving for one in mine)):
            what = f"{type(part).__name__} keeps statistics of what it reads, and each process reads a share"
            yield Fault("learn.adapter", what, PLAINLY)


def _layers(module: Any, opened: set[int] | None = None) -> list[Any]:
    """The layers that are gathered one by one, inner ones first: with a weight that moves, and none used elsewhere too.

    opened: which weights move, by identity; None: those that say so.
    """
    names, places = _classes(module), Counter(id(one) for part in module.modules() for _, one in _mine(part))
    found = []
    for part in module.modules():
        if type(part).__name__ in names:
            inside = Counter(id(one) for inner in part.modules() for _, one in _mine(inner))
            moving = {id(one) for one in part.parameters() if one.requires_grad} if opened is None else opened
            if inside.keys() & moving and all(places[one] == times for one, times in inside.items()):
                found.append(part)
    return found[::-1]


def _classes(module: Any) -> set[str]:
    """Names of the classes of layers: as the launcher says, else as the model does."""
    return set(_plugin().transformer_cls_names_to_wrap or _said(module))


def _said(module: Any) -> set[str]:
    """Classes that a model in this module says may not be split."""
    return {name for part in module.modules() for name in getattr(part, "_no_split_modules", None) or ()}


def _mine(part: Any) -> list[tuple[str, Any]]:
    return list(part.named_parameters(recurse=False, remove_duplicate=False))


def _plugin() -> Any:
    """The launcher's settings as accelerate reads them. Refused where it cannot, and for another version."""
    version = os.environ.get("FSDP_VERSION", "1")  # said first: the settings of version 1 may not be read without a GPU
    if version != "2":
        what = f"FSDP of version {version} was asked for; a student is taught with version 2"
        raise Refused(Fault("--fsdp_version", what, "--fsdp_version 2"))
    try:
        return FullyShardedDataParallelPlugin()
    except ValueError as error:
        raise Refused(Fault("accelerate launch", str(error), "see accelerate launch --help, FSDP Arguments")) from error


@functools.cache
def _mesh(kind: str) -> Any:
    """All processes in a row, on devices of one kind."""
    from torch.distributed.device_mesh import init_device_mesh

    return init_device_mesh(kind, (processes.count(),))


processes.HELD.append(_mesh.cache_clear)
