"""Which device this process computes on, said in one place: its own CUDA device where there is one, otherwise the CPU.

Models are loaded onto it once and what they read follows them; what a student keeps comes back to the CPU. Several
processes that were launched together have a CUDA device each. `ACCELERATE_USE_CPU=true` keeps everything on the CPU.
"""

from __future__ import annotations

from typing import Any

import torch

from tutelage.kit.processes import on_cpu


def device() -> Any:
    """A torch.device, the one that accelerate trains on."""
    if not torch.cuda.is_available() or on_cpu():
        return torch.device("cpu")
    from accelerate import PartialState

    return PartialState().device


def of(module: Any) -> Any:
    """Where the weights of a module are."""
    return next(module.parameters()).device
